"""Search over the chunks of a knowledge base."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import DocumentsNotFound, EmbeddingFailed, SearchFailed, VectorStoreFailed
from shared.models import Document, KnowledgeBase
from shared.resources import Resources
from shared.services.rank_fusion import reciprocal_rank_fusion
from shared.vector_stores.base import ChunkHit, StoredChunk, TableName

CANDIDATES_PER_RESULT = 4
MIN_CANDIDATES = 50
"""How far down each ranking the fusion looks: a chunk that both find at rank 40 may beat one that one finds at 5."""

ENGLISH_MODELS = frozenset({"all-MiniLM-L6-v2"})
"""Models that were trained on English alone: of a Chinese text they know that it is Chinese, and little more."""

FOREIGN_VECTOR_WEIGHT = 0.3
"""What the ranking of such a model counts for a query in another script; the ranking by words counts 1."""

MOMENTS = 3
"""How often a search looks again because a document was stored meanwhile; the last time it takes what it finds."""

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
class SearchResult:
    chunk: StoredChunk
    filename: str
    score: float


def search(resources: Resources, kb_id: str, query: SearchQuery) -> list[SearchResult]:
    """Return the best chunks. Raises `KnowledgeBaseNotFound`, `DocumentsNotFound`, `SearchFailed`."""
    knowledge_base = resources.knowledge_bases.get(kb_id)
    _check_documents(resources, kb_id, query.document_ids)
    try:
        hits, documents = _find_of_one_moment(resources, knowledge_base, query)
    except (VectorStoreFailed, EmbeddingFailed) as error:
        raise SearchFailed(str(error)) from error
    return _visible(hits, documents)[: query.top_k]


def _check_documents(resources: Resources, kb_id: str, document_ids: Sequence[str] | None) -> None:
    if not document_ids:
        return
    found = resources.documents.get_many(kb_id, document_ids)
    unknown = [document_id for document_id in dict.fromkeys(document_ids) if document_id not in found]
    if unknown:
        raise DocumentsNotFound(unknown)


def _find_of_one_moment(
    resources: Resources, knowledge_base: KnowledgeBase, query: SearchQuery
) -> tuple[list[ChunkHit], Mapping[str, Document]]:
    """Find chunks, and again where a document was stored anew between the rankings or before its record was read."""
    for attempt in range(1, MOMENTS + 1):
        hits = _find(resources, knowledge_base, query)
        documents = resources.documents.get_many(knowledge_base.id, list({hit.chunk.document_id for hit in hits}))
        if attempt == MOMENTS or not _stored_meanwhile(hits, documents):
            break
    return hits, documents


def _stored_meanwhile(hits: Sequence[ChunkHit], documents: Mapping[str, Document]) -> bool:
    return any(
        len(revisions) > 1 or not all(map(documents[document_id].accepts, revisions))
        for document_id, revisions in _revisions_found(hits).items()
        if document_id in documents
    )


def _revisions_found(hits: Sequence[ChunkHit]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for hit in hits:
        found[hit.chunk.document_id].add(hit.chunk.revision)
    return found


def _find(resources: Resources, knowledge_base: KnowledgeBase, query: SearchQuery) -> list[ChunkHit]:
    table = resources.table(knowledge_base)
    limit = max(MIN_CANDIDATES, query.top_k * CANDIDATES_PER_RESULT)
    searches: dict[SearchMode, Callable[[], list[ChunkHit]]] = {
        SearchMode.VECTOR: lambda: _by_vector(resources, knowledge_base, table, query, limit),
        SearchMode.TEXT: lambda: resources.vector_store.search_text(
            table, query.text, limit=limit, document_ids=query.document_ids
        ),
    }
    if query.mode is not SearchMode.HYBRID:
        return searches[query.mode]()
    rankings = [searches[SearchMode.VECTOR](), searches[SearchMode.TEXT]()]
    return _fused(rankings, weights=(vector_weight(knowledge_base.embedding.model, query.text), 1.0))


def vector_weight(model: str, text: str) -> float:
    """Return what the ranking by vectors counts in the fusion, where the ranking by words counts 1."""
    letters = [character for character in text if character.isalpha()]
    foreign = sum(letter > LAST_LATIN_LETTER for letter in letters)
    return FOREIGN_VECTOR_WEIGHT if model in ENGLISH_MODELS and 4 * foreign > len(letters) else 1.0


def _by_vector(
    resources: Resources, knowledge_base: KnowledgeBase, table: TableName, query: SearchQuery, limit: int
) -> list[ChunkHit]:
    vector = resources.embedder(knowledge_base.embedding).embed([query.text])[0]
    return resources.vector_store.search_vector(table, vector, limit=limit, document_ids=query.document_ids)


def _fused(rankings: Sequence[Sequence[ChunkHit]], *, weights: Sequence[float]) -> list[ChunkHit]:
    chunks = {hit.chunk.chunk_id: hit.chunk for ranking in rankings for hit in ranking}
    fused = reciprocal_rank_fusion([[hit.chunk.chunk_id for hit in ranking] for ranking in rankings], weights=weights)
    return [ChunkHit(chunk=chunks[chunk_id], score=score) for chunk_id, score in fused]


def _visible(hits: Sequence[ChunkHit], documents: Mapping[str, Document]) -> list[SearchResult]:
    """Leave out chunks of removed documents, those that a late writer of an older sync left, and doubles."""
    found = _revisions_found(hits)
    shown = {document_id: _newest(document, found[document_id]) for document_id, document in documents.items()}
    results: dict[str, SearchResult] = {}
    for hit in hits:
        document = documents.get(hit.chunk.document_id)
        if document is None or hit.chunk.revision != shown[document.id] or hit.chunk.chunk_id in results:
            continue
        results[hit.chunk.chunk_id] = SearchResult(chunk=hit.chunk, filename=document.filename, score=hit.score)
    return list(results.values())


def _newest(document: Document, found: Collection[str]) -> str | None:
    """Return the revision of which a document is shown: the one being stored where that can be found already."""
    if document.storing is not None and document.storing.revision in found:
        return document.storing.revision
    return document.revision
