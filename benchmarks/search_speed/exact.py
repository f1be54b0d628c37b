"""The nearest chunks by comparing a vector with every one that is stored."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from shared.embedders.base import Vectors
from shared.vector_stores.base import TableName
from shared.vector_stores.lance_schema import VECTOR, lance_name, to_vectors
from shared.vector_stores.lance_tables import LanceTables

if TYPE_CHECKING:
    from lancedb.table import Table

NEAREST = 10


def nearest(directory: str, name: TableName, vectors: Vectors) -> list[list[str]]:
    """Return the ids of the 10 chunks nearest to each of `vectors`, best first."""
    nothing: list[list[str]] = []
    return LanceTables(directory).read(lance_name(name), partial(_compare, vectors=vectors), missing=nothing)


def _compare(table: "Table", *, vectors: Vectors) -> list[list[str]]:
    scores = np.full((len(vectors), NEAREST), -np.inf, np.float32)
    names = np.full((len(vectors), NEAREST), "", dtype=object)
    for batch in table.search().select(["chunk_id", VECTOR]).limit(None).to_batches():
        rows = pa.Table.from_batches([batch])
        if len(rows) == 0:
            continue
        scores = np.concatenate([scores, vectors @ to_vectors(rows).T], axis=1)
        of_batch = np.array(rows.column("chunk_id").to_pylist(), dtype=object)
        names = np.concatenate([names, np.broadcast_to(of_batch, (len(vectors), len(rows)))], axis=1)
        best = np.argsort(-scores, axis=1)[:, :NEAREST]
        scores, names = np.take_along_axis(scores, best, axis=1), np.take_along_axis(names, best, axis=1)
    found: list[list[str]] = names.tolist()
    return found
