"""A vector store on LanceDB: tables in a directory or a bucket, read and written by many processes at once."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

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
from shared.vector_stores.document_batch import check_document_rows, check_query_vector
from shared.vector_stores.lance_indexes import has_vector_index, optimize_table
from shared.vector_stores.lance_schema import (
    CHUNK_COLUMNS,
    SEARCH_TEXT,
    VECTOR,
    equals,
    is_among,
    lance_name,
    passes,
    to_arrow,
    to_chunks,
    to_vectors,
)
from shared.vector_stores.lance_tables import LanceTables
from shared.vector_stores.lance_text import all_words, any_or_all_words, any_word, join_by_words
from shared.vector_stores.text_tokens import QueryTokens, query_tokens

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.query import FullTextQuery
    from lancedb.table import Table

READS_OF_ONE_VERSION = 2
"""How often a search by words asks its two questions of a table that changes between them; then one asks for both."""

VALUES_PER_FILTER = 1000
"""Values in one SQL `IN` where the work can be split."""

PROBES = 32
REFINE_FACTOR = 2
"""With an approximate index: partitions searched, and how many candidates are compared exactly for each hit.

Of 200,000 vectors the nearest 10 were all found among 50 hits, whether 2 or 5 candidates were compared for each; each
costs a read of its vector: 5 took 17 to 23 ms of processor time, 2 took 14 to 17. Of a million, 2 found 0.9975 of them.
"""

EXACT_DOCUMENTS = 200
"""Up to so many documents are compared exactly even with an approximate index, which could miss so small a part."""

EXACT_ROWS = 20_000
"""The same for any other filter: so many rows that pass it."""


class LanceVectorStore:
    """`VectorStore` on LanceDB. Make one in each process, after the fork; it is safe to use from several threads.

    Two processes may replace different documents at once, and the same document by the same revision. Two different
    revisions of one document must not be written at once (the later commit would not see the earlier one's new
    chunks): the caller holds a lock per document.
    """

    def __init__(self, uri: str, storage_options: Mapping[str, str] | None = None) -> None:
        self._tables = LanceTables(uri, storage_options)

    def replace_document(
        self, table: TableName, document_id: str, chunks: Sequence[StoredChunk], vectors: Vectors
    ) -> None:
        self.replace_documents(table, [DocumentRows(document_id, chunks, vectors)])

    def replace_documents(self, table: TableName, documents: Sequence[DocumentRows]) -> None:
        check_document_rows(table, documents)
        of_documents = is_among("document_id", [document.document_id for document in documents])
        filled = [document for document in documents if document.chunks]
        if not filled:
            self._tables.write(lance_name(table), partial(_delete_rows, condition=of_documents), missing=0)
            return
        chunks = [chunk for document in filled for chunk in document.chunks]
        rows = to_arrow(chunks, np.concatenate([document.vectors for document in filled]))
        new_ids = {chunk.chunk_id for chunk in chunks}

        def merge(opened: "Table") -> None:
            merge_insert = opened.merge_insert("chunk_id").when_matched_update_all().when_not_matched_insert_all()
            if _chunk_ids(opened, of_documents) - new_ids:
                # Costs a pass over the keys of the whole table, so that new documents do without it.
                merge_insert = merge_insert.when_not_matched_by_source_delete(of_documents)
            # With the index a merge may not note the keys it inserts for others to conflict with (lance#9238).
            merge_insert.use_index(False).execute(rows)

        self._tables.write_or_create(table, merge)

    def delete_documents(self, kb_id: str, document_ids: Sequence[str]) -> int:
        removed = 0
        for name in self._tables.names(kb_id):
            for some in _split(document_ids):
                delete = partial(_delete_rows, condition=is_among("document_id", some))
                removed += self._tables.write(name, delete, missing=0)
        return removed

    def delete_knowledge_base(self, kb_id: str) -> int:
        return sum(self._tables.drop(name) for name in self._tables.names(kb_id))

    def vectors_by_text_hash(self, table: TableName, text_hashes: Sequence[str]) -> Mapping[str, Vectors]:
        found: dict[str, Vectors] = {}
        for some in _split(text_hashes):
            rows = self._select(table, ("text_hash", VECTOR), is_among("text_hash", some))
            if rows is not None:
                found.update(zip(map(str, rows.column("text_hash")), to_vectors(rows), strict=True))
        return found

    def document_chunks(
        self, table: TableName, document_ids: Sequence[str] | None = None
    ) -> Mapping[str, DocumentChunks]:
        columns = ("document_id", "revision", "chunk_type", "token_count")
        if document_ids is None:
            return _count_chunks(self._select(table, columns, None))
        found: dict[str, DocumentChunks] = {}
        for some in _split(document_ids):
            found.update(_count_chunks(self._select(table, columns, is_among("document_id", some))))
        return found

    def list_chunks(
        self, table: TableName, document_id: str, *, chunk_type: ChunkType | None, offset: int, limit: int
    ) -> tuple[list[StoredChunk], int]:
        condition = equals("document_id", document_id)
        if chunk_type is not None:
            condition += f" AND {equals('chunk_type', chunk_type)}"
        # One query for all of them, so that the page and the count are of one version of the document.
        rows = self._select(table, CHUNK_COLUMNS, condition)
        if rows is None:
            return [], 0
        return to_chunks(rows.sort_by("ordinal").slice(offset, limit)), len(rows)

    def get_chunk(self, table: TableName, chunk_id: str) -> StoredChunk | None:
        rows = self._select(table, CHUNK_COLUMNS, equals("chunk_id", chunk_id))
        return to_chunks(rows)[0] if rows else None

    def search_vector(
        self, table: TableName, vector: Vectors, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        check_query_vector(table, vector)
        if limit < 1 or only.excludes_all:
            return []

        def nearest(opened: "Table") -> "pa.Table":
            query = opened.search(vector, vector_column_name=VECTOR).distance_type("cosine").limit(limit)
            query = query.select([*CHUNK_COLUMNS, "_distance"])
            condition = passes(only)
            if condition is not None:
                query = query.where(condition)
            if condition is not None and _is_small_part(opened, only, condition):
                query = query.bypass_vector_index()
            elif has_vector_index(opened):
                query = query.nprobes(PROBES).refine_factor(REFINE_FACTOR)
            found: pa.Table = query.to_arrow()
            return found

        rows = self._tables.read(lance_name(table), nearest, missing=None)
        if rows is None:
            return []
        scores = 1 - rows.column("_distance").to_numpy()
        return [ChunkHit(chunk=chunk, score=float(score)) for chunk, score in zip(to_chunks(rows), scores, strict=True)]

    def search_text(
        self, table: TableName, query: str, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        tokens = query_tokens(query)
        if not tokens.all or limit < 1 or only.excludes_all:
            return []

        def matching(opened: "Table") -> "pa.Table":
            if len(tokens.all) == 1:
                return _matching(opened, any_word(tokens.all), limit=limit, only=only)
            # Each of the two stops reading where nothing better can come; as one boolean query they read every chunk
            # that holds any of the words.
            for _ in range(READS_OF_ONE_VERSION):
                version = opened.version
                some = _matching(opened, any_word(tokens.all), limit=limit, only=only)
                whole = _matching(opened, all_words(tokens.all), limit=limit, only=only)
                if opened.version == version:
                    return join_by_words(some, whole, limit=limit)
            return _matching(opened, any_or_all_words(tokens.all), limit=limit, only=only)

        rows = self._tables.read(lance_name(table), matching, missing=None)
        return [] if rows is None else _text_hits(rows, tokens)

    def optimize(self, table: TableName) -> None:
        self._tables.optimize(lance_name(table), optimize_table)

    def ping(self) -> None:
        self._tables.names()

    def _select(self, table: TableName, columns: Sequence[str], condition: str | None) -> "pa.Table | None":
        def scan(opened: "Table") -> "pa.Table":
            query = opened.search().select(list(columns)).limit(None)
            rows: pa.Table = (query if condition is None else query.where(condition)).to_arrow()
            return rows

        return self._tables.read(lance_name(table), scan, missing=None)


def _split(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), VALUES_PER_FILTER):
        yield values[start : start + VALUES_PER_FILTER]


def _chunk_ids(opened: "Table", condition: str) -> set[str]:
    rows: pa.Table = opened.search().select(["chunk_id"]).where(condition).limit(None).to_arrow()
    return {str(chunk_id) for chunk_id in rows.column("chunk_id")}


def _delete_rows(opened: "Table", *, condition: str) -> int:
    removed: int = opened.delete(condition).num_deleted_rows
    return removed


def _is_small_part(opened: "Table", only: ChunkFilter, condition: str) -> bool:
    """Whether so few chunks pass that comparing with each is fast, and an approximate index could miss them."""
    if only.document_ids is not None and len(only.document_ids) <= EXACT_DOCUMENTS:
        return True
    return has_vector_index(opened) and bool(opened.count_rows(condition) <= EXACT_ROWS)


def _matching(opened: "Table", query: "FullTextQuery", *, limit: int, only: ChunkFilter) -> "pa.Table":
    search = opened.search(query, query_type="fts").limit(limit).select([*CHUNK_COLUMNS, SEARCH_TEXT, "_score"])
    if (condition := passes(only)) is not None:
        search = search.where(condition)
    found: pa.Table = search.to_arrow()
    return found


def _text_hits(rows: "pa.Table", tokens: QueryTokens) -> list[ChunkHit]:
    scores = rows.column("_score").to_numpy()
    held = (tokens.looked_for.intersection(str(text).split(" ")) for text in rows.column(SEARCH_TEXT))
    return [
        ChunkHit(chunk=chunk, score=float(score), words=words)
        for chunk, score, words in zip(to_chunks(rows), scores, held, strict=True)
    ]


def _count_chunks(rows: "pa.Table | None") -> dict[str, DocumentChunks]:
    """Sum up rows of (document_id, revision, chunk_type, token_count)."""
    if rows is None:
        return {}
    groups = rows.group_by(["document_id", "revision", "chunk_type"]).aggregate(
        [("token_count", "sum"), ("token_count", "count")]
    )
    found: dict[str, DocumentChunks] = {}
    for group in groups.to_pylist():
        of_type = group["token_count_count"]
        text = of_type if group["chunk_type"] == ChunkType.TEXT else 0
        known = found.get(group["document_id"], DocumentChunks(group["revision"], 0, 0, 0))
        found[group["document_id"]] = DocumentChunks(
            revision=group["revision"],
            text_chunks=known.text_chunks + text,
            image_chunks=known.image_chunks + of_type - text,
            tokens=known.tokens + group["token_count_sum"],
        )
    return found
