"""Store: the chunks of a document and their vectors become visible, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared import ids
from shared.artifacts import ArtifactNames, revision_of
from shared.chunking.model import Chunk, ChunkType
from shared.embedders.base import Vectors
from shared.models import Document
from shared.object_stores.base import ObjectStore
from shared.vector_stores.base import DocumentRows, StoredChunk, TableName, VectorStore
from worker.stages.chunk import read_chunks
from worker.stages.embed import read_vectors


@dataclass(frozen=True)
class PreparedRows:
    """Everything that one commit needs."""

    revision: str
    chunks: tuple[StoredChunk, ...]
    vectors: Vectors
    """`len(chunks) x dimensions`."""

    @property
    def text_chunks(self) -> int:
        return sum(chunk.chunk_type is ChunkType.TEXT for chunk in self.chunks)

    @property
    def image_chunks(self) -> int:
        return len(self.chunks) - self.text_chunks

    @property
    def token_count(self) -> int:
        return sum(chunk.token_count for chunk in self.chunks)


def prepare(
    object_store: ObjectStore, document: Document, *, names: ArtifactNames, chunks_key: str, batch_chunks: int
) -> PreparedRows:
    """Bring chunks and vectors together. Raises `ObjectNotFound` where an artifact is gone."""
    listed = read_chunks(object_store, chunks_key)
    revision = revision_of(chunks_key)
    vectors: dict[str, Vectors] = {}
    for hashes in listed.batches(batch_chunks):
        vectors.update(read_vectors(object_store, names, hashes))
    return PreparedRows(
        revision=revision,
        chunks=_stored(listed.chunks, document, revision),
        vectors=np.stack([vectors[chunk.text_hash] for chunk in listed.chunks]),
    )


def commit(vector_store: VectorStore, document: Document, *, table: TableName, rows: PreparedRows) -> None:
    """Make these the only chunks of the document. The caller holds the document's store lock."""
    vector_store.replace_documents(table, [DocumentRows(document.id, rows.chunks, rows.vectors)])


def _stored(chunks: Sequence[Chunk], document: Document, revision: str) -> tuple[StoredChunk, ...]:
    return tuple(
        StoredChunk(
            chunk_id=ids.chunk_id(document.kb_id, document.id, revision, chunk.ordinal),
            document_id=document.id,
            revision=revision,
            text_hash=chunk.text_hash,
            **chunk.model_dump(exclude={"embedding_text"}),
        )
        for chunk in chunks
    )
