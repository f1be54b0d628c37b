"""Embed for several small documents at once: one look for what is known, one call of the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared import derived
from shared.artifacts import ArtifactNames
from shared.embedders.base import Embedder
from shared.object_stores.base import ObjectStore
from shared.vector_stores.base import TableName, VectorStore
from worker.stages.chunk import ChunkList
from worker.stages.embed import EmbeddedBatch, embed_texts, summary


@dataclass(frozen=True)
class SmallDocument:
    """The chunks of a document that is embedded in one batch."""

    names: ArtifactNames
    listed: ChunkList

    @property
    def hashes(self) -> tuple[str, ...]:
        [only] = self.listed.batches(len(self.listed.chunks))
        return only

    @property
    def vectors_key(self) -> str:
        return self.names.vectors(self.hashes)


def embed_together(
    object_store: ObjectStore,
    vector_store: VectorStore,
    embedder: Embedder,
    *,
    table: TableName,
    documents: Sequence[SmallDocument],
) -> list[EmbeddedBatch]:
    """Embed what is not embedded yet, a text that several documents hold once; returns what was done for each."""
    fresh = [document for document in documents if object_store.stat(document.vectors_key) is None]
    wanted = list(dict.fromkeys(text_hash for document in fresh for text_hash in document.hashes))
    known = vector_store.vectors_by_text_hash(table, wanted)
    texts = {chunk.text_hash: chunk.embedding_text for document in fresh for chunk in document.listed.chunks}
    missing = [text_hash for text_hash in wanted if text_hash not in known]
    made = embed_texts(embedder, [texts[text_hash] for text_hash in missing])
    vectors = {**known, **dict(zip(missing, made, strict=True))}
    for document in fresh:
        stacked = np.stack([vectors[text_hash] for text_hash in document.hashes])
        derived.keep_array(object_store, document.vectors_key, stacked)
    return _summaries(documents, set(missing))


def _summaries(documents: Sequence[SmallDocument], embedded: set[str]) -> list[EmbeddedBatch]:
    """A text counts as embedded for the first document that holds it, and as reused for the others."""
    summaries = []
    for document in documents:
        own = embedded.intersection(document.hashes)
        summaries.append(summary(document.listed, document.hashes, embedded=list(own)))
        embedded = embedded - own
    return summaries
