"""Which chunks answer a query best: by vectors, by words, or by both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.embedders.base import Embedder
from shared.rerankers.base import Reranker
from shared.services.rank_fusion import Ranking, reciprocal_rank_fusion
from shared.services.reranking import rerank
from shared.services.word_coverage import coverage
from shared.vector_stores.base import EVERY_CHUNK, ChunkFilter, ChunkHit, TableName, VectorStore
from shared.vector_stores.text_tokens import query_tokens

CANDIDATES_PER_RESULT = 4
MIN_CANDIDATES = 50
"""How far down each ranking the fusion looks: a chunk that both find at rank 40 may beat one that one finds at 5."""

ENGLISH_MODELS = frozenset({"all-MiniLM-L6-v2", "cohere.embed-english-v3"})
"""Models that were trained on English alone: of a Chinese text they know that it is Chinese, and little more."""

VECTOR_WEIGHT = 0.3
"""What the ranking by vectors counts where a chunk that holds every word of the query counts 1.

A chunk counts with the square of the share of words that it holds: where a question shares no words with its answer,
that by vectors decides; where all words are found, it only tells equals apart.
"""

FOREIGN_VECTOR_WEIGHT = 0.00001
"""The same for a model that knows nothing of the query's script: its results come after those by words."""

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
    only: ChunkFilter = EVERY_CHUNK


@dataclass(frozen=True)
class SearchedTable:
    """A table of chunks and the model that made its vectors."""

    store: VectorStore
    name: TableName
    model: str
    embedder: Callable[[], Embedder]
    """Loads the model at the first call: a search by words does without it."""
    reranker: Reranker | None = None
    rerank_timeout_seconds: float = 1.0


def rank_chunks(table: SearchedTable, query: SearchQuery) -> list[ChunkHit]:
    """Return chunks, best first, more than are asked for. Raises `VectorStoreFailed`, `EmbeddingFailed`."""
    limit = max(MIN_CANDIDATES, query.top_k * CANDIDATES_PER_RESULT)
    if query.mode is SearchMode.VECTOR:
        return _by_vector(table, query, limit)
    by_vector = _by_vector(table, query, limit) if query.mode is SearchMode.HYBRID else []
    by_words = table.store.search_text(table.name, query.text, limit=limit, only=query.only)
    fused = _fused(by_vector, by_words, query.text, vector_weight=vector_weight(table.model, query.text))
    if table.reranker is None or query.mode is not SearchMode.HYBRID:
        return fused
    timeout_seconds = table.rerank_timeout_seconds
    return rerank(table.reranker, query.text, fused, top_k=query.top_k, timeout_seconds=timeout_seconds)


def vector_weight(model: str, text: str) -> float:
    """Return what the ranking by vectors counts in the fusion."""
    letters = [character for character in text if character.isalpha()]
    foreign = sum(letter > LAST_LATIN_LETTER for letter in letters)
    return FOREIGN_VECTOR_WEIGHT if model in ENGLISH_MODELS and 4 * foreign > len(letters) else VECTOR_WEIGHT


def _by_vector(table: SearchedTable, query: SearchQuery, limit: int) -> list[ChunkHit]:
    vector = table.embedder().embed_query(query.text)
    return table.store.search_vector(table.name, vector, limit=limit, only=query.only)


def _fused(
    by_vector: Sequence[ChunkHit], by_words: Sequence[ChunkHit], text: str, *, vector_weight: float
) -> list[ChunkHit]:
    asked = query_tokens(text)
    hits = {hit.chunk.chunk_id: hit for hit in (*by_vector, *by_words)}
    rankings = [
        Ranking(
            names=[hit.chunk.chunk_id for hit in by_words], fits=[coverage(asked, hit.words) ** 2 for hit in by_words]
        )
    ]
    if by_vector:
        rankings.append(Ranking(names=[hit.chunk.chunk_id for hit in by_vector], weight=vector_weight))
    fused = reciprocal_rank_fusion(rankings)
    return [hits[chunk_id].model_copy(update={"score": score}) for chunk_id, score in fused]
