"""Vectors that lie as real ones do: in clusters, some nearly the same, spread in the directions that the model uses."""

from collections.abc import Sequence

import numpy as np

from shared.embedders.base import Embedder, Vectors

SPREAD = 0.7
"""Length of what is added to a chunk's cluster, drawn with the covariance of the real vectors."""

NEAR_DUPLICATES = 0.05
"""Share of chunks that lie right beside another one, as a repeated paragraph does."""

NEAR_DUPLICATE_SPREAD = 0.02


class VectorSource:
    """Makes vectors around those of real texts."""

    def __init__(self, embedder: Embedder, texts: Sequence[str], *, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._seeds = _unit(embedder.embed(texts))
        covariance = np.cov(self._seeds, rowvar=False) + 1e-6 * np.eye(embedder.dimensions)
        factor = np.linalg.cholesky(covariance)
        self._spread = (factor / np.sqrt(np.trace(covariance))).astype(np.float32)

    def of_documents(self, sizes: Sequence[int]) -> Vectors:
        """Return the vectors (`sum(sizes) x dimensions`) of documents, each of which keeps near a subject."""
        count = sum(sizes)
        subjects = self._drawn(len(sizes))[np.repeat(np.arange(len(sizes)), sizes)]
        vectors = _unit(subjects + self._drawn(count) + SPREAD * self._noise(count))
        copies = np.flatnonzero(self._generator.random(count) < NEAR_DUPLICATES)
        originals = vectors[self._generator.integers(0, count, len(copies))]
        vectors[copies] = _unit(originals + NEAR_DUPLICATE_SPREAD * self._noise(len(copies)))
        return vectors

    def queries(self, count: int) -> Vectors:
        """Return vectors (`count x dimensions`) that no chunk has."""
        return _unit(self._drawn(count) + SPREAD * self._noise(count))

    def _drawn(self, count: int) -> Vectors:
        drawn: Vectors = self._seeds[self._generator.integers(0, len(self._seeds), count)]
        return drawn

    def _noise(self, count: int) -> Vectors:
        noise: Vectors = self._generator.standard_normal((count, len(self._spread)), dtype=np.float32) @ self._spread.T
        return noise


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)
