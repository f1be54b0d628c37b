"""A table that an earlier version made can be read, searched and brought up to date."""

from pathlib import Path

import lancedb
import numpy as np
import pytest
from lancedb.index import FTS

from shared.chunking.model import ChunkType
from shared.vector_stores.base import StoredChunk, TableName
from shared.vector_stores.lance import LanceVectorStore
from shared.vector_stores.lance_schema import SEARCH_TEXT, lance_name

TABLE = TableName(kb_id="kb-1", model="local/model", dimensions=4)
EARLIER = {
    "KB-2031 was refused while syncing": "kb-2031 kb 2031 was refused while syncing",
    "報廢 1,904 台": "報 廢 報廢 1 904 台",
}
"""Contents, and the tokens that version 1 of the rows held of them."""


def chunk(document_id: str, content: str, revision: str) -> StoredChunk:
    return StoredChunk(
        chunk_id=f"{document_id}-{revision}",
        document_id=document_id,
        revision=revision,
        ordinal=0,
        chunk_type=ChunkType.TEXT,
        content=content,
        token_count=1,
        page_start=1,
        page_end=1,
        text_hash=content,
    )


def write(store: LanceVectorStore, revision: str) -> None:
    for number, content in enumerate(EARLIER):
        vector = np.eye(1, 4, number, dtype=np.float32)
        store.replace_document(TABLE, f"doc-{number}", [chunk(f"doc-{number}", content, revision)], vector)


@pytest.fixture
def store(tmp_path: Path) -> LanceVectorStore:
    """A store with a table of version 1: other tokens, and an index that reduces words to their stem itself."""
    write(LanceVectorStore(str(tmp_path)), "r1")
    table = lancedb.connect(str(tmp_path)).open_table(lance_name(TABLE))
    for content, tokens in EARLIER.items():
        table.update(where=f"content = '{content}'", values={SEARCH_TEXT: tokens})
    index = FTS(
        base_tokenizer="whitespace",
        language="English",
        stem=True,
        ascii_folding=False,
        lower_case=False,
        remove_stop_words=False,
        max_token_length=None,
    )
    table.create_index(SEARCH_TEXT, config=index, replace=True)
    table.optimize()
    return LanceVectorStore(str(tmp_path))


def found(store: LanceVectorStore, query: str) -> list[str]:
    return [hit.chunk.document_id for hit in store.search_text(TABLE, query, limit=10)]


def test_rows_of_before_are_found_by_their_words(store: LanceVectorStore) -> None:
    assert found(store, "KB-2031") == ["doc-0"]
    assert found(store, "refused") == ["doc-0"]
    assert found(store, "sync") == ["doc-0"]
    assert found(store, "kb2031") == ["doc-0"]


def test_rows_that_are_stored_again_are_found_by_every_spelling(store: LanceVectorStore) -> None:
    assert found(store, "报废") == []
    write(store, "r2")
    for _ in range(2):
        assert found(store, "报废") == ["doc-1"]
        assert found(store, "1904") == ["doc-1"]
        assert found(store, "kb_2031") == ["doc-0"]
        assert found(store, "refuses") == ["doc-0"]
        assert found(store, "syncs") == ["doc-0"]
        store.optimize(TABLE)
