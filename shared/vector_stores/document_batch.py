"""What every vector store refuses to write, and which text of a chunk it searches."""

from collections.abc import Sequence

import numpy as np

from shared.embedders.base import Vectors
from shared.errors import VectorStoreFailed
from shared.vector_stores.base import DocumentRows, StoredChunk, TableName


def check_document_rows(table: TableName, documents: Sequence[DocumentRows]) -> None:
    """Raise `VectorStoreFailed` where chunks and vectors do not belong together or to their document."""
    if len({document.document_id for document in documents}) != len(documents):
        raise VectorStoreFailed("A document is there twice")
    for document in documents:
        _check(table, document.document_id, document.chunks, document.vectors)


def _check(table: TableName, document_id: str, chunks: Sequence[StoredChunk], vectors: Vectors) -> None:
    if len(chunks) == 0:
        return
    if vectors.shape != (len(chunks), table.dimensions):
        expected = f"{len(chunks)} x {table.dimensions}"
        raise VectorStoreFailed(f"Expected {expected} vectors, got {' x '.join(map(str, vectors.shape))}")
    if not np.isfinite(vectors).all():
        raise VectorStoreFailed("A vector holds a number that is not finite")
    if any(chunk.document_id != document_id for chunk in chunks):
        raise VectorStoreFailed(f"A chunk does not belong to {document_id}")
    if len({chunk.chunk_id for chunk in chunks}) != len(chunks):
        raise VectorStoreFailed(f"Two chunks of {document_id} have the same id")


def check_query_vector(table: TableName, vector: Vectors) -> None:
    """Raise `VectorStoreFailed` where the vector cannot be compared with those of the table."""
    if vector.shape != (table.dimensions,):
        raise VectorStoreFailed(f"Expected {table.dimensions} numbers, got {' x '.join(map(str, vector.shape))}")


def searched_text(chunk: StoredChunk) -> str:
    """Return what full-text search reads of a chunk: its headings and its content."""
    return "\n".join((*chunk.headings, chunk.content))
