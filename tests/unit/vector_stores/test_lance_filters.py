"""A filter that lets few chunks through finds them though an approximate index would look elsewhere."""

from pathlib import Path

import lancedb
import numpy as np
import pytest
from lancedb.index import IvfFlat

from shared.chunking.model import ChunkType
from shared.vector_stores.base import ChunkFilter, StoredChunk, TableName
from shared.vector_stores.lance import LanceVectorStore
from shared.vector_stores.lance_schema import VECTOR, lance_name

DIMENSIONS = 16
TABLE = TableName(kb_id="kb-1", model="local/model", dimensions=DIMENSIONS)
ROWS = 3000
PICTURES = 3
QUERY = np.eye(1, DIMENSIONS, dtype=np.float32)[0]


def chunk(ordinal: int) -> StoredChunk:
    is_picture = ordinal < PICTURES
    return StoredChunk(
        chunk_id=f"chunk-{ordinal}",
        document_id="doc-1",
        revision="r1",
        ordinal=ordinal,
        chunk_type=ChunkType.IMAGE if is_picture else ChunkType.TEXT,
        content=f"text {ordinal}",
        token_count=1,
        page_start=1 + ordinal,
        page_end=1 + ordinal,
        text_hash=str(ordinal),
    )


@pytest.fixture
def store(tmp_path: Path) -> LanceVectorStore:
    """Texts all around the query, and pictures as far from it as can be, with an index of many groups."""
    vectors = np.random.default_rng(3).standard_normal((ROWS, DIMENSIONS)).astype(np.float32)
    vectors[:, 0] = np.abs(vectors[:, 0]) + 1
    vectors[:PICTURES] = -QUERY + 0.01 * vectors[:PICTURES]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = LanceVectorStore(str(tmp_path))
    store.replace_document(TABLE, "doc-1", [chunk(ordinal) for ordinal in range(ROWS)], vectors)
    table = lancedb.connect(str(tmp_path)).open_table(lance_name(TABLE))
    table.create_index(VECTOR, config=IvfFlat(distance_type="cosine", num_partitions=200))
    return store


@pytest.mark.parametrize(
    "only",
    [
        ChunkFilter(chunk_types=(ChunkType.IMAGE,)),
        ChunkFilter(page_end=PICTURES),
        ChunkFilter(document_ids=("doc-1",), page_end=PICTURES),
        ChunkFilter(document_ids=tuple(f"doc-{number}" for number in range(1000)), page_end=PICTURES),
    ],
)
def test_few_chunks_far_from_the_query_are_found(store: LanceVectorStore, only: ChunkFilter) -> None:
    hits = store.search_vector(TABLE, QUERY, limit=10, only=only)
    assert {hit.chunk.ordinal for hit in hits} == set(range(PICTURES))
