"""The indexes of a LanceDB table: which there are, from what size, and how they and the files are kept in order."""

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.vector_stores.lance_schema import SEARCH_TEXT, VECTOR

if TYPE_CHECKING:
    from lancedb.index import FTS, BTree
    from lancedb.table import Table

VECTOR_INDEX_ROWS = 50_000
"""Rows from which an approximate index is made; below, comparing with every vector is exact and fast enough.

Measured on two cores with 384 dimensions: 30 to 110 ms at 40,000 rows, 180 ms at 100,000, and there 9 ms by the index.
"""

VERSIONS_KEPT = timedelta(minutes=10)
"""Age up to which versions that were replaced stay readable.

A read looks for the newest version first and takes seconds at most, a write is given up after about a minute: ten
minutes leave either a wide margin, and hold the manifests of a busy sync to some thousands.
"""


def create_missing_indexes(table: "Table") -> None:
    """Make the indexes that an empty table can have; a row that came after an index is found by scanning it."""
    there = {column for index in table.list_indices() for column in index.columns}
    for column, config in _row_indexes().items():
        if column not in there:
            table.create_index(column, config=config, replace=False)


def optimize_table(table: "Table") -> None:
    """Merge small files, bring the indexes up to date and remove versions older than `VERSIONS_KEPT`."""
    create_missing_indexes(table)
    table.optimize(cleanup_older_than=VERSIONS_KEPT)
    if table.count_rows() >= VECTOR_INDEX_ROWS and not has_vector_index(table):
        _create_vector_index(table)


def has_vector_index(table: "Table") -> bool:
    return any(index.columns == [VECTOR] for index in table.list_indices())


def _row_indexes() -> "dict[str, BTree | FTS]":
    from lancedb.index import FTS, BTree

    return {
        # The tokens are ours, divided by spaces, English words reduced to their stem.
        SEARCH_TEXT: FTS(
            base_tokenizer="whitespace",
            language="English",
            stem=False,
            ascii_folding=False,
            lower_case=False,
            remove_stop_words=False,
            max_token_length=None,
            with_position=False,
        ),
        "document_id": BTree(),
        "chunk_id": BTree(),
        "text_hash": BTree(),
    }


def _create_vector_index(table: "Table") -> None:
    """Make an index of vectors with one byte for a number.

    Of 100,000 vectors of 384 dimensions in 500 groups it found all of the nearest 10 and was built in 7 seconds; with
    product quantization it was 88 of 100, after 92 seconds.
    """
    from lancedb.index import IvfSq

    table.create_index(VECTOR, config=IvfSq(distance_type="cosine"), replace=False)
