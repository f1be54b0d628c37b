"""Which converter works on which document."""

from collections.abc import Iterable

from shared.converters.sandbox import SandboxedConverter
from shared.errors import NoConverter


class Converters:
    """The converters of a process by content type; each type has one."""

    def __init__(self, converters: Iterable[SandboxedConverter]) -> None:
        self._converters = tuple(converters)
        self._by_type: dict[str, SandboxedConverter] = {}
        for converter in self._converters:
            for content_type in converter.content_types:
                if content_type in self._by_type:
                    raise ValueError(f"{content_type} has two converters")
                self._by_type[content_type] = converter

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset(self._by_type)

    def of(self, content_type: str) -> SandboxedConverter:
        """Return the converter of a type. Raises `NoConverter`."""
        converter = self._by_type.get(content_type)
        if converter is None:
            raise NoConverter(content_type)
        return converter

    def identity(self, content_type: str) -> str:
        """Name the converter of a type with its version: what the conversions of such documents depend on.

        A type without a converter has a name too, for a document may be looked at that a newer release took in.
        """
        converter = self._by_type.get(content_type)
        return f"{converter.name} {converter.version}" if converter is not None else "none"

    def close(self) -> None:
        """End the processes of the sandboxes."""
        for converter in self._converters:
            converter.close()
