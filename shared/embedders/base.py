"""What an embedder is: texts in, unit vectors out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


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

        A text longer than `max_input_tokens` is cut (queries may be; the chunker never makes one).
        Raises `EmbeddingFailed` or a subclass.
        """
        ...

    def close(self) -> None: ...
