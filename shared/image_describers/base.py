"""What an image describer is: a picture in, words out."""

from collections.abc import Callable
from typing import Protocol


class ImageDescriber(Protocol):
    """One vision model. Safe to use from several threads."""

    @property
    def identity(self) -> str:
        """Names the model and the question that it is asked: part of artifact names."""
        ...

    def describe(self, picture: bytes, *, content_type: str, should_stop: Callable[[], bool]) -> str:
        """Say what a picture shows. Raises `EmbeddingFailed` or a subclass, `Cancelled`."""
        ...

    def close(self) -> None: ...
