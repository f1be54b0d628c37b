"""Which chunks answer a query best: by vectors, by words, or by both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.embedders.base import Embedder
from shared.services.rank_fusion import reciprocal_rank_fusion
from shared.vector_stores.base import ChunkHit, TableName, VectorStore

CANDIDATES_PER_RESULT = 4
MIN_CANDIDATES = 50
"""How far down each ranking the fusion looks: a chunk that both find at rank 40 may beat one that one finds at 5."""

ENGLISH_MODELS = frozenset({"all-MiniLM-L6-v2"})
"""Models that were trained on English alone: of a Chinese text they know that it is Chinese, and little more."""

FOREIGN_VECTOR_WEIGHT = 0.3
"""What the ranking of such a model counts for a query in another script; the ranking by words counts 1."""

LAST_LATIN_LETTER = "\u024f"


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    VECTOR = "vector"
    TEXT = "text"


@dataclass(frozen=True)
class SearchQuery:
    text: str
    top_k: int = 5
    mode: SearchMode = SearchMode.HYBRID
    document_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SearchedTable:
    """A table of chunks and the model that made its vectors."""

    store: VectorStore
    name: TableName
    model: str
    embedder: Callable[[], Embedder]
    """Loads the model at the first call: a search by words does without it."""


def rank_chunks(table: SearchedTable, query: SearchQuery) -> list[ChunkHit]:
    """Return chunks, best first, more than are asked for. Raises `VectorStoreFailed`, `EmbeddingFailed`."""
    limit = max(MIN_CANDIDATES, query.top_k * CANDIDATES_PER_RESULT)
    if query.mode is SearchMode.VECTOR:
        return _by_vector(table, query, limit)
    if query.mode is SearchMode.TEXT:
        return _by_text(table, query, limit)
    rankings = [_by_vector(table, query, limit), _by_text(table, query, limit)]
    return _fused(rankings, weights=(vector_weight(table.model, query.text), 1.0))


def vector_weight(model: str, text: str) -> float:
    """Return what the ranking by vectors counts in the fusion, where the ranking by words counts 1."""
    letters = [character for character in text if character.isalpha()]
    foreign = sum(letter > LAST_LATIN_LETTER for letter in letters)
    return FOREIGN_VECTOR_WEIGHT if model in ENGLISH_MODELS and 4 * foreign > len(letters) else 1.0


def _by_vector(table: SearchedTable, query: SearchQuery, limit: int) -> list[ChunkHit]:
    vector = table.embedder().embed([query.text])[0]
    return table.store.search_vector(table.name, vector, limit=limit, document_ids=query.document_ids)


def _by_text(table: SearchedTable, query: SearchQuery, limit: int) -> list[ChunkHit]:
    return table.store.search_text(table.name, query.text, limit=limit, document_ids=query.document_ids)


def _fused(rankings: Sequence[Sequence[ChunkHit]], *, weights: Sequence[float]) -> list[ChunkHit]:
    chunks = {hit.chunk.chunk_id: hit.chunk for ranking in rankings for hit in ranking}
    fused = reciprocal_rank_fusion([[hit.chunk.chunk_id for hit in ranking] for ranking in rankings], weights=weights)
    return [ChunkHit(chunk=chunks[chunk_id], score=score) for chunk_id, score in fused]
