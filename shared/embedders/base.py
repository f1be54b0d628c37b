"""What an embedder is: texts in, unit vectors out."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

ShouldStop = Callable[[], bool]


class EmbeddedTexts(NamedTuple):
    """Some of the texts of a batch and their vectors."""

    positions: Sequence[int]
    vectors: Vectors
    """`len(positions) x dimensions`."""


class Embedder(Protocol):
    """One embedding model, loaded and ready. Safe to use from several threads."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str:
        """Names the model and everything that changes its vectors: part of artifact names and of reuse."""
        ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_input_tokens(self) -> int:
        """How many of its own tokens the model reads of one text, special tokens not counted."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text in the model's own tokens, special tokens not counted and nothing cut off."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return `len(texts) x dimensions` unit vectors, in the order of the texts.

        A local model cuts a text longer than `max_input_tokens`, a service refuses it (`EmbeddingInputTooLong`);
        the chunker never makes one. Raises `EmbeddingFailed` or a subclass.
        """
        ...

    def embed_parts(self, texts: Sequence[str], *, should_stop: ShouldStop) -> Iterator[EmbeddedTexts]:
        """Yield the vectors of all texts as they are made, so that what was made before an error can be kept.

        Raises `EmbeddingFailed` or a subclass: `EmbeddingThrottled` where waiting any longer would only keep the
        worker from other work; `Cancelled` soon after `should_stop` says so.
        """
        ...

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector (`dimensions`) of what somebody searches for; some models tell it from a document.

        Raises `EmbeddingFailed` or a subclass.
        """
        ...

    def warm_up(self) -> None:
        """Load what the first text would wait for; a service is not called. Raises `EmbeddingFailed`."""
        ...

    def close(self) -> None: ...
