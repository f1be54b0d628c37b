"""Embed: one batch of chunks gets its vectors."""

import io
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np

from shared import derived
from shared.artifacts import ArtifactNames
from shared.embedders.base import Embedder, ShouldStop, Vectors
from shared.errors import EmbeddingModelError, EmbeddingThrottled, ObjectNotFound, Parked, WorkRemains
from shared.models import ChunkOutput
from shared.object_stores.base import ObjectStore
from shared.vector_stores.base import TableName, VectorStore
from worker.stages.chunk import ChunkList, read_chunks

TURN_SECONDS = 300.0
"""A batch that a slow service takes longer for gives its place to others, and goes on when its turn comes again."""

SHORTEST_REST_SECONDS = 10.0
LONGEST_REST_SECONDS = 120.0
"""A parked document asks again after this long at most; while the service is still to be left alone that costs one
question to Redis."""
REST_SPREAD_SECONDS = 10.0


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
    note_partial: Callable[[int], None],
    should_stop: ShouldStop,
) -> EmbeddedBatch:
    """Embed what neither an earlier attempt nor another document of the knowledge base has embedded.

    Whatever ends it too early, the vectors that it has got are kept, and `note_partial` is told how many chunks of
    the batch have theirs. Raises `Parked` where the service is throttled, `WorkRemains` after `TURN_SECONDS`.
    """
    listed = read_chunks(object_store, chunked.artifact_key)
    hashes = listed.batches(chunked.batch_chunks)[batch]
    key, partial_key = names.vectors(hashes), names.partial_vectors(hashes)
    if object_store.stat(key) is not None:
        return summary(listed, hashes, embedded=())
    vectors = {**vector_store.vectors_by_text_hash(table, hashes), **read_partial(object_store, partial_key)}
    there = frozenset(vectors)
    missing = [text_hash for text_hash in hashes if text_hash not in vectors]
    texts = {chunk.text_hash: chunk.embedding_text for chunk in listed.chunks}
    try:
        for made in embedded_parts(embedder, [(text_hash, texts[text_hash]) for text_hash in missing], should_stop):
            vectors.update(made)
    except EmbeddingThrottled as error:
        raise _parked(error, progressed=len(vectors) > len(there)) from error
    finally:
        if there < vectors.keys() < set(hashes):
            keep_partial(object_store, partial_key, vectors)
            note_partial(_count_chunks(listed, vectors))
    derived.keep_array(object_store, key, np.stack([vectors[text_hash] for text_hash in hashes]))
    object_store.delete(partial_key)
    return summary(listed, hashes, embedded=missing)


def read_vectors(object_store: ObjectStore, names: ArtifactNames, hashes: Sequence[str]) -> Mapping[str, Vectors]:
    """Return the vector of each text hash of a batch. Raises `ObjectNotFound` where the batch was not embedded."""
    stacked = derived.read_array(object_store, names.vectors(hashes))
    return dict(zip(hashes, stacked, strict=True))


def embedded_parts(
    embedder: Embedder, wanted: Sequence[tuple[str, str]], should_stop: ShouldStop
) -> Iterator[Mapping[str, Vectors]]:
    """Yield the vectors of texts by their hashes, as they are made. Raises `EmbeddingModelError` for wrong ones."""
    if not wanted:
        return
    hashes, texts = zip(*wanted, strict=True)
    turn_ends = time.monotonic() + TURN_SECONDS
    left = len(texts)
    for part in embedder.embed_parts(texts, should_stop=should_stop):
        if part.vectors.shape != (len(part.positions), embedder.dimensions):
            raise EmbeddingModelError(f"asked for {len(part.positions)} vectors, got an array of {part.vectors.shape}")
        if not np.isfinite(part.vectors).all():
            raise EmbeddingModelError("the model answered with numbers that are not finite")
        yield {hashes[at]: vector for at, vector in zip(part.positions, part.vectors, strict=True)}
        left -= len(part.positions)
        if left and time.monotonic() > turn_ends:
            raise WorkRemains(f"{left} of {len(texts)} texts are still to be embedded")


def _parked(error: EmbeddingThrottled, *, progressed: bool) -> Parked:
    """Say when to go on: when the service said, or soon; at different moments, so that not all come at once."""
    wanted = max(SHORTEST_REST_SECONDS, error.retry_after_seconds or 0.0) + random.uniform(0, REST_SPREAD_SECONDS)  # noqa: S311
    return Parked(error, seconds=min(wanted, LONGEST_REST_SECONDS), progressed=progressed)


def read_partial(object_store: ObjectStore, key: str) -> Mapping[str, Vectors]:
    """Return the vectors that an earlier turn kept, by their text hashes."""
    try:
        with np.load(io.BytesIO(object_store.get(key)), allow_pickle=False) as arrays:
            return dict(zip(map(str, arrays["hashes"]), arrays["vectors"], strict=True))
    except (ObjectNotFound, ValueError, EOFError, BadZipFile):  # none, or cut off by a power cut
        return {}


def keep_partial(object_store: ObjectStore, key: str, vectors: Mapping[str, Vectors]) -> None:
    """Keep the vectors of a batch that is not finished, by their text hashes."""
    buffer = io.BytesIO()
    np.savez(buffer, hashes=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
    object_store.put(key, [buffer.getvalue()], durable=False)


def _count_chunks(listed: ChunkList, hashes: Collection[str]) -> int:
    return sum(chunk.text_hash in hashes for chunk in listed.chunks)


def summary(listed: ChunkList, hashes: Sequence[str], *, embedded: Sequence[str]) -> EmbeddedBatch:
    """Count chunks, not texts: equal texts of one document share a vector."""
    chunks = _count_chunks(listed, set(hashes))
    return EmbeddedBatch(chunks=chunks, embedded=len(embedded), reused=chunks - len(embedded))
