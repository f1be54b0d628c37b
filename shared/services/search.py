"""Search over the chunks of a knowledge base."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from shared.errors import DocumentsNotFound, EmbeddingFailed, SearchFailed, VectorStoreFailed
from shared.models import Document, KnowledgeBase
from shared.resources import Resources
from shared.services.highlights import Highlight, highlights
from shared.services.ranking import SearchedTable, SearchMode, SearchQuery, rank_chunks
from shared.vector_stores.base import ChunkHit, StoredChunk
from shared.vector_stores.text_tokens import query_tokens

MOMENTS = 3
"""How often a search looks again because a document was stored meanwhile; the last time it takes what it finds."""


@dataclass(frozen=True)
class SearchResult:
    chunk: StoredChunk
    filename: str
    score: float
    highlights: tuple[Highlight, ...] = ()


def search(resources: Resources, kb_id: str, query: SearchQuery) -> list[SearchResult]:
    """Return the best chunks. Raises `KnowledgeBaseNotFound`, `DocumentsNotFound`, `SearchFailed`."""
    knowledge_base = resources.knowledge_bases.get(kb_id)
    _check_documents(resources, kb_id, query.only.document_ids)
    try:
        hits, documents = _find_of_one_moment(resources, knowledge_base, query)
    except (VectorStoreFailed, EmbeddingFailed) as error:
        raise SearchFailed(str(error)) from error
    results = _visible(hits, documents)[: query.top_k]
    return results if query.mode is SearchMode.VECTOR else _highlighted(results, query.text)


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
    choice = knowledge_base.embedding
    table = SearchedTable(
        store=resources.vector_store,
        name=resources.table(knowledge_base),
        model=choice.model,
        embedder=partial(resources.embedder, choice),
        reranker=resources.reranker,
        rerank_timeout_seconds=resources.settings.rerank_timeout_seconds,
    )
    return rank_chunks(table, query)


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


def _highlighted(results: Sequence[SearchResult], text: str) -> list[SearchResult]:
    asked = query_tokens(text)
    return [replace(result, highlights=highlights(result.chunk.content, asked)) for result in results]


def _newest(document: Document, found: Collection[str]) -> str | None:
    """Return the revision of which a document is shown: the one being stored where that can be found already."""
    if document.storing is not None and document.storing.revision in found:
        return document.storing.revision
    return document.revision
