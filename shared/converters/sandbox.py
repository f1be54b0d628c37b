"""Converters in a process of their own, so that a hostile file harms nothing but itself."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict

from shared.converters.base import ConversionLimits, ConvertedDocument, Converter
from shared.errors import UnexpectedStageError
from shared.sandbox.sandbox import SandboxedService
from shared.sandbox.service import load
from shared.sandbox.wire import Terms

logger = logging.getLogger(__name__)


class ConversionRequest(BaseModel):
    """Convert this file."""

    model_config = ConfigDict(frozen=True)

    factory: str
    """The converter, as `module:Class`."""
    source: Path
    output_dir: Path
    limits: ConversionLimits


class ConversionService:
    """Converts files in the child of a sandbox.

    The converter that it is made with is loaded at once, any other with the first document that asks for it.
    """

    def __init__(self, factory: str) -> None:
        self._converters = {factory: load_converter(factory)}

    @property
    def request_type(self) -> type[ConversionRequest]:
        return ConversionRequest

    def prepare(self, request: ConversionRequest) -> None:
        if request.factory in self._converters:
            return
        try:
            self._converters[request.factory] = load_converter(request.factory)
        except Exception as error:  # the boundary of the process
            logger.exception("loading %s failed", request.factory)
            raise UnexpectedStageError(f"the converter {request.factory} does not start") from error

    def answer(self, request: ConversionRequest) -> ConvertedDocument:
        converter = self._converters[request.factory]
        return converter.convert(request.source, request.output_dir, limits=request.limits, should_stop=lambda: False)


def load_converter(factory: str) -> Converter:
    """Return the converter that `module:Class` names."""
    return cast("Callable[[], Converter]", load(factory))()


class Sandbox:
    """Runs converters in a warm child process, one document at a time; safe to use from several threads."""

    def __init__(self, *, documents_per_child: int = 200, recycle_rss_bytes: int = 400 << 20) -> None:
        self._service = SandboxedService(
            "shared.converters.sandbox:ConversionService",
            "",
            answer_type=ConvertedDocument,
            what="the parser",
            requests_per_child=documents_per_child,
            recycle_rss_bytes=recycle_rss_bytes,
        )

    @property
    def child_pid(self) -> int | None:
        """Process id of the child, for those who watch its memory; None while there is none."""
        return self._service.child_pid

    def convert(self, request: ConversionRequest, should_stop: Callable[[], bool]) -> ConvertedDocument:
        """Convert a file in the child; raises as `Converter.convert` does."""
        terms = Terms(
            timeout_seconds=request.limits.timeout_seconds, memory_limit_bytes=request.limits.memory_limit_bytes
        )
        return self._service.ask(request, terms=terms, should_stop=should_stop, argument=request.factory)

    def close(self) -> None:
        """End the child; the next conversion starts another one."""
        self._service.close()


class SandboxedConverter:
    """A converter that works in a sandbox: its own, or one that it shares with others."""

    def __init__(self, factory: str, *, sandbox: Sandbox | None = None) -> None:
        """`factory` names the converter as `module:Class`."""
        self._factory = factory
        self._inner = load_converter(factory)
        self._sandbox = sandbox if sandbox is not None else Sandbox()

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def version(self) -> str:
        return self._inner.version

    @property
    def content_types(self) -> frozenset[str]:
        return self._inner.content_types

    @property
    def child_pid(self) -> int | None:
        return self._sandbox.child_pid

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        """Convert a file in the sandbox; raises as `Converter.convert` does."""
        request = ConversionRequest(
            factory=self._factory, source=source.absolute(), output_dir=output_dir.absolute(), limits=limits
        )
        return self._sandbox.convert(request, should_stop)

    def close(self) -> None:
        """End the child of the sandbox, also for those who share it."""
        self._sandbox.close()
