"""How a chunk lies in a LanceDB table: its columns, its name, its filters."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared.embedders.base import Vectors
from shared.errors import VectorStoreFailed
from shared.vector_stores.base import ChunkFilter, StoredChunk, TableName
from shared.vector_stores.document_batch import searched_text
from shared.vector_stores.text_tokens import index_tokens

if TYPE_CHECKING:
    import pyarrow as pa

VECTOR = "vector"
SEARCH_TEXT = "search_text"
CHUNK_COLUMNS = tuple(StoredChunk.model_fields)
_COUNTS = frozenset({"ordinal", "token_count", "page_start", "page_end"})
_OPTIONAL = frozenset({"image_key", "image_content_type"})
_KB_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def table_prefix(kb_id: str) -> str:
    """Return how the names of a knowledge base's tables begin; no other knowledge base's name begins so."""
    if not _KB_ID.fullmatch(kb_id):
        raise VectorStoreFailed(f"Not an id of a knowledge base: {kb_id[:80]!r}")
    return f"{kb_id}__"


def lance_name(table: TableName) -> str:
    """Name a table with the letters LanceDB allows; the hash keeps apart models that the letters make equal."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", table.model)[:40].strip("-.")
    digest = hashlib.sha256(table.model.encode()).hexdigest()[:8]
    return f"{table_prefix(table.kb_id)}{readable}-{table.dimensions}-{digest}"


def arrow_schema(dimensions: int) -> "pa.Schema":
    """Return the columns of a table: those of `StoredChunk`, the vector, and the tokens that are searched.

    The metadata on `chunk_id` make Lance compare the keys of merges that run at the same time: without it, two of
    them that insert the same chunk both succeed, and it is there twice (lance-format/lance#4585; measured here with
    lancedb 0.40: 520 of 1,000 rows doubled without it, none with it).
    """
    import pyarrow as pa

    key = {"lance-schema:unenforced-primary-key": "true"}
    columns = (*CHUNK_COLUMNS, SEARCH_TEXT, VECTOR)
    types = [_arrow_type(name, dimensions) for name in columns]
    return pa.schema(
        pa.field(name, kind, nullable=name in _OPTIONAL, metadata=key if name == "chunk_id" else None)
        for name, kind in zip(columns, types, strict=True)
    )


def to_arrow(chunks: Sequence[StoredChunk], vectors: Vectors) -> "pa.Table":
    """Return chunks and their vectors (`len(chunks) x dimensions`) as rows."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    return pa.table(
        {name: [_to_cell(chunk, name) for chunk in chunks] for name in CHUNK_COLUMNS}
        | {
            SEARCH_TEXT: [" ".join(index_tokens(searched_text(chunk))) for chunk in chunks],
            VECTOR: pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        },
        schema=arrow_schema(vectors.shape[1]),
    )


def to_chunks(rows: "pa.Table") -> list[StoredChunk]:
    """Read the chunks of rows that hold at least the columns of `StoredChunk`."""
    return [StoredChunk.model_validate(row) for row in rows.select(CHUNK_COLUMNS).to_pylist()]


def to_vectors(rows: "pa.Table") -> Vectors:
    """Read the vectors of rows, `len(rows) x dimensions`."""
    import pyarrow.compute as pc

    flat = pc.list_flatten(rows.column(VECTOR)).to_numpy()
    return np.asarray(flat, dtype=np.float32).reshape(len(rows), -1) if len(rows) else np.empty((0, 0), np.float32)


def equals(column: str, value: str) -> str:
    """Return the SQL condition that a text column has this value."""
    return f"{column} = {_quoted(value)}"


def is_among(column: str, values: Iterable[str]) -> str:
    """Return the SQL condition that a text column has one of these values, of which there is at least one."""
    return f"{column} IN ({', '.join(map(_quoted, dict.fromkeys(values)))})"


def passes(only: ChunkFilter) -> str | None:
    """Return the SQL condition that a filter lets a row through, or None where it lets through all."""
    conditions = []
    if only.document_ids is not None:
        conditions.append(is_among("document_id", only.document_ids))
    if only.chunk_types is not None:
        conditions.append(is_among("chunk_type", only.chunk_types))
    if only.page_start is not None:
        conditions.append(f"page_end >= {only.page_start}")
    if only.page_end is not None:
        conditions.append(f"page_start <= {only.page_end}")
    return " AND ".join(conditions) or None


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _arrow_type(name: str, dimensions: int) -> "pa.DataType":
    import pyarrow as pa

    if name == VECTOR:
        return pa.list_(pa.float32(), dimensions)
    if name == "headings":
        return pa.list_(pa.string())
    return pa.int32() if name in _COUNTS else pa.string()


def _to_cell(chunk: StoredChunk, name: str) -> object:
    value = getattr(chunk, name)
    return list(value) if isinstance(value, tuple) else value
