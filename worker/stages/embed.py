"""Embed: one batch of chunks gets its vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared import derived
from shared.artifacts import ArtifactNames
from shared.embedders.base import Embedder, Vectors
from shared.errors import EmbeddingModelError
from shared.models import ChunkOutput
from shared.object_stores.base import ObjectStore
from shared.vector_stores.base import TableName, VectorStore
from worker.stages.chunk import ChunkList, read_chunks


@dataclass(frozen=True)
class EmbeddedBatch:
    """What an embed batch did."""

    chunks: int
    """Chunks of the document that have their vectors now."""
    embedded: int
    """Texts that went through the model."""
    reused: int
    """Chunks whose vectors were there already."""


def embed_batch(
    object_store: ObjectStore,
    vector_store: VectorStore,
    embedder: Embedder,
    *,
    table: TableName,
    names: ArtifactNames,
    chunked: ChunkOutput,
    batch: int,
) -> EmbeddedBatch:
    """Embed what neither an earlier attempt nor another document of the knowledge base has embedded."""
    listed = read_chunks(object_store, chunked.artifact_key)
    hashes = listed.batches(chunked.batch_chunks)[batch]
    key = names.vectors(hashes)
    if object_store.stat(key) is not None:
        return summary(listed, hashes, embedded=())
    known = vector_store.vectors_by_text_hash(table, hashes)
    texts = {chunk.text_hash: chunk.embedding_text for chunk in listed.chunks}
    missing = [text_hash for text_hash in hashes if text_hash not in known]
    fresh = embed_texts(embedder, [texts[text_hash] for text_hash in missing])
    vectors = {**known, **dict(zip(missing, fresh, strict=True))}
    derived.keep_array(object_store, key, np.stack([vectors[text_hash] for text_hash in hashes]))
    return summary(listed, hashes, embedded=missing)


def read_vectors(object_store: ObjectStore, names: ArtifactNames, hashes: Sequence[str]) -> Mapping[str, Vectors]:
    """Return the vector of each text hash of a batch. Raises `ObjectNotFound` where the batch was not embedded."""
    stacked = derived.read_array(object_store, names.vectors(hashes))
    return dict(zip(hashes, stacked, strict=True))


def embed_texts(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return `len(texts) x dimensions` vectors. Raises `EmbeddingModelError` where the model answers nonsense."""
    if not texts:
        return np.empty((0, embedder.dimensions), dtype=np.float32)
    vectors = embedder.embed(texts)
    if vectors.shape != (len(texts), embedder.dimensions):
        raise EmbeddingModelError(f"asked for {len(texts)} vectors, got an array of {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise EmbeddingModelError("the model answered with numbers that are not finite")
    return vectors


def summary(listed: ChunkList, hashes: Sequence[str], *, embedded: Sequence[str]) -> EmbeddedBatch:
    """Count chunks, not texts: equal texts of one document share a vector."""
    wanted, made = set(hashes), set(embedded)
    chunks = sum(chunk.text_hash in wanted for chunk in listed.chunks)
    return EmbeddedBatch(chunks=chunks, embedded=len(made), reused=chunks - len(made))
