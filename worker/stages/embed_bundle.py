"""Embed for several small documents at once: one look for what is known, one call of the model."""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from shared import derived
from shared.artifacts import ArtifactNames
from shared.embedders.base import Embedder, ShouldStop, Vectors
from shared.errors import EmbeddingThrottled, WorkRemains
from shared.object_stores.base import ObjectStore
from shared.vector_stores.base import TableName, VectorStore
from worker.stages.chunk import ChunkList
from worker.stages.embed import EmbeddedBatch, embedded_parts, keep_partial, summary

logger = logging.getLogger(__name__)


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
    should_stop: ShouldStop,
) -> list[EmbeddedBatch | None]:
    """Embed what is not embedded yet, a text that several documents hold once; returns what was done for each.

    None stands for a document that a throttled or slow service left unfinished: what it has got is kept, and it goes
    on alone, where it can be parked.
    """
    fresh = [document for document in documents if object_store.stat(document.vectors_key) is None]
    wanted = list(dict.fromkeys(text_hash for document in fresh for text_hash in document.hashes))
    vectors = dict(vector_store.vectors_by_text_hash(table, wanted))
    known = frozenset(vectors)
    texts = {chunk.text_hash: chunk.embedding_text for document in fresh for chunk in document.listed.chunks}
    missing = [(text_hash, texts[text_hash]) for text_hash in wanted if text_hash not in known]
    try:
        for made in embedded_parts(embedder, missing, should_stop):
            vectors.update(made)
    except (EmbeddingThrottled, WorkRemains) as error:
        logger.info("bundle broken up", extra={"reason": str(error)})
    for document in fresh:
        _keep(object_store, document, vectors)
    finished = [document not in fresh or vectors.keys() >= set(document.hashes) for document in documents]
    return _summaries(documents, finished, vectors.keys() - known)


def _keep(object_store: ObjectStore, document: SmallDocument, vectors: Mapping[str, Vectors]) -> None:
    """Keep the vectors of a document, all of them or those that there are."""
    own = {text_hash: vectors[text_hash] for text_hash in document.hashes if text_hash in vectors}
    if len(own) == len(document.hashes):
        derived.keep_array(object_store, document.vectors_key, np.stack(list(own.values())))
    elif own:
        keep_partial(object_store, document.names.partial_vectors(document.hashes), own)


def _summaries(
    documents: Sequence[SmallDocument], finished: Sequence[bool], embedded: Set[str]
) -> list[EmbeddedBatch | None]:
    """A text counts as embedded for the first document that holds it, and as reused for the others."""
    summaries: list[EmbeddedBatch | None] = []
    for document, whole in zip(documents, finished, strict=True):
        own = embedded & set(document.hashes)
        summaries.append(summary(document.listed, document.hashes, embedded=list(own)) if whole else None)
        embedded = embedded - own
    return summaries
