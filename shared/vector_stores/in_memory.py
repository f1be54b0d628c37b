"""A vector store in memory that compares with everything, for tests."""

import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.chunking.model import ChunkType
from shared.embedders.base import Vectors
from shared.vector_stores.base import (
    EVERY_CHUNK,
    ChunkFilter,
    ChunkHit,
    DocumentChunks,
    DocumentRows,
    StoredChunk,
    TableName,
)
from shared.vector_stores.document_batch import check_document_rows, check_query_vector, searched_text
from shared.vector_stores.text_tokens import index_tokens, query_tokens

_SATURATION = 1.2
_LENGTH_WEIGHT = 0.75
"""k1 and b of BM25, as Lance has them."""


@dataclass(frozen=True)
class _Row:
    chunk: StoredChunk
    vector: Vectors
    tokens: Counter[str]


class InMemoryVectorStore:
    """`VectorStore` that forgets everything with its process."""

    def __init__(self) -> None:
        self._tables: dict[TableName, dict[str, list[_Row]]] = {}
        self._lock = threading.RLock()

    def replace_document(
        self, table: TableName, document_id: str, chunks: Sequence[StoredChunk], vectors: Vectors
    ) -> None:
        self.replace_documents(table, [DocumentRows(document_id, chunks, vectors)])

    def replace_documents(self, table: TableName, documents: Sequence[DocumentRows]) -> None:
        check_document_rows(table, documents)
        rows_of = {
            document.document_id: [
                _Row(chunk, np.array(vector, dtype=np.float32), Counter(index_tokens(searched_text(chunk))))
                for chunk, vector in zip(document.chunks, document.vectors, strict=True)
            ]
            for document in documents
        }
        with self._lock:
            held = self._tables.setdefault(table, {})
            for document_id, rows in rows_of.items():
                held.pop(document_id, None)
                if rows:
                    held[document_id] = rows

    def delete_documents(self, kb_id: str, document_ids: Sequence[str]) -> int:
        with self._lock:
            return sum(
                len(documents.pop(document_id, []))
                for table, documents in self._tables.items()
                if table.kb_id == kb_id
                for document_id in document_ids
            )

    def delete_knowledge_base(self, kb_id: str) -> int:
        with self._lock:
            names = [table for table in self._tables if table.kb_id == kb_id]
            return sum(len(rows) for name in names for rows in self._tables.pop(name).values())

    def vectors_by_text_hash(self, table: TableName, text_hashes: Sequence[str]) -> Mapping[str, Vectors]:
        wanted = set(text_hashes)
        return {row.chunk.text_hash: row.vector for row in self._rows(table) if row.chunk.text_hash in wanted}

    def document_chunks(
        self, table: TableName, document_ids: Sequence[str] | None = None
    ) -> Mapping[str, DocumentChunks]:
        chunks_of: dict[str, list[StoredChunk]] = {}
        for row in self._rows(table, document_ids):
            chunks_of.setdefault(row.chunk.document_id, []).append(row.chunk)
        return {document_id: _count(chunks) for document_id, chunks in chunks_of.items()}

    def list_chunks(
        self, table: TableName, document_id: str, *, chunk_type: ChunkType | None, offset: int, limit: int
    ) -> tuple[list[StoredChunk], int]:
        chunks = [row.chunk for row in self._rows(table, [document_id])]
        matching = [chunk for chunk in chunks if chunk_type in (None, chunk.chunk_type)]
        matching.sort(key=lambda chunk: chunk.ordinal)
        return matching[offset : offset + limit], len(matching)

    def get_chunk(self, table: TableName, chunk_id: str) -> StoredChunk | None:
        return next((row.chunk for row in self._rows(table) if row.chunk.chunk_id == chunk_id), None)

    def search_vector(
        self, table: TableName, vector: Vectors, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        check_query_vector(table, vector)
        rows = (row for row in self._rows(table) if only.lets_through(row.chunk))
        return _best((ChunkHit(chunk=row.chunk, score=_cosine(row.vector, vector)) for row in rows), limit)

    def search_text(
        self, table: TableName, query: str, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        tokens = query_tokens(query)
        weights = _word_weights(tokens.all, self._rows(table))
        rows = [row for row in self._rows(table) if only.lets_through(row.chunk)]
        mean_length = sum(row.tokens.total() for row in rows) / len(rows) if rows else 1.0
        return _best(
            (
                ChunkHit(
                    chunk=row.chunk,
                    score=_text_score(row, weights, mean_length),
                    words=tokens.looked_for.intersection(row.tokens),
                )
                for row in rows
                if any(word in row.tokens for word in tokens.all)
            ),
            limit,
        )

    def optimize(self, table: TableName) -> None:
        """Do nothing: there is nothing to compact."""

    def ping(self) -> None:
        """Do nothing: memory is always there."""

    def _rows(self, table: TableName, document_ids: Sequence[str] | None = None) -> list[_Row]:
        with self._lock:
            documents = self._tables.get(table, {})
            wanted = documents if document_ids is None else dict.fromkeys(document_ids)
            return [row for document_id in wanted for row in documents.get(document_id, [])]


def _cosine(one: Vectors, other: Vectors) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0


def _word_weights(words: Sequence[str], rows: Sequence[_Row]) -> dict[str, float]:
    """Return how much each word tells: the fewer chunks hold it, the more (the IDF of BM25)."""
    weights = {}
    for word in words:
        holding = sum(word in row.tokens for row in rows)
        weights[word] = math.log(1 + (len(rows) - holding + 0.5) / (holding + 0.5))
    return weights


def _text_score(row: _Row, weights: Mapping[str, float], mean_length: float) -> float:
    """Return BM25, weighted so that a chunk with every word comes before one with some of them."""
    length = row.tokens.total() / mean_length
    damping = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * length)
    score = sum(
        weight * row.tokens[word] * (_SATURATION + 1) / (row.tokens[word] + damping) for word, weight in weights.items()
    )
    holds_all = all(word in row.tokens for word in weights)
    return 3 * score if holds_all else score


def _best(hits: Iterable[ChunkHit], limit: int) -> list[ChunkHit]:
    return sorted(hits, key=lambda hit: hit.score, reverse=True)[: max(0, limit)]


def _count(chunks: Sequence[StoredChunk]) -> DocumentChunks:
    images = sum(chunk.chunk_type == ChunkType.IMAGE for chunk in chunks)
    return DocumentChunks(
        revision=chunks[0].revision,
        text_chunks=len(chunks) - images,
        image_chunks=images,
        tokens=sum(chunk.token_count for chunk in chunks),
    )
