"""Fills a table as a large first sync does: rows come in, and every tenth of them the worker optimizes.

One difference: the store commits each document by itself, which for a hundred thousand documents takes an hour. Here
some hundred documents go into one commit, with the same rows, into the same table.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from benchmarks.search_speed.documents import DocumentSource, rows
from shared.vector_stores.base import TableName
from shared.vector_stores.lance import LanceVectorStore
from shared.vector_stores.lance_tables import LanceTables

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

ROWS_OF_A_COMMIT = 5000
SHARES = 10
"""So often a sync of more than 500 documents optimizes (`worker/optimizer.py`)."""


class Optimized(BaseModel):
    seconds: float
    cpu_seconds: float
    peak_mib: int


@dataclass(frozen=True)
class Filled:
    chunks: int
    seconds: float
    """For writing the rows, without the optimizing."""
    optimized: list[Optimized]


def fill(directory: str, name: TableName, source: DocumentSource, *, chunks: int) -> Filled:
    """Write so many chunks, and optimize in a process of its own as a worker would."""
    tables = LanceTables(directory)
    spent = 0.0
    optimized = []
    for share in range(SHARES):
        until = chunks * (share + 1) // SHARES - chunks * share // SHARES
        spent += _write(tables, name, source, chunks=until)
        optimized.append(optimize_apart(directory, name))
        print(f"  {chunks * (share + 1) // SHARES:9,} chunks  {optimized[-1]}", flush=True)
    return Filled(chunks=chunks, seconds=spent, optimized=optimized)


def _write(tables: LanceTables, name: TableName, source: DocumentSource, *, chunks: int) -> float:
    spent = 0.0
    for start in range(0, chunks, ROWS_OF_A_COMMIT):
        some = rows(*source.batch(min(ROWS_OF_A_COMMIT, chunks - start)))
        began = time.monotonic()
        tables.write_or_create(name, partial(_append, rows=some))
        spent += time.monotonic() - began
    return spent


def _append(table: "Table", *, rows: "pa.Table") -> None:
    table.add(rows)


def optimize_apart(directory: str, name: TableName) -> Optimized:
    """Optimize in a new process and return what that took."""
    command = [sys.executable, "-m", __name__, directory, name.kb_id, name.model, str(name.dimensions)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return Optimized.model_validate_json(answer.stdout)


def peak_mib() -> int:
    """Return the most memory that this process has held at once."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def main() -> None:
    directory, kb_id, model, dimensions = sys.argv[1:]
    store = LanceVectorStore(directory)
    began, cpu_began = time.monotonic(), time.process_time()
    store.optimize(TableName(kb_id=kb_id, model=model, dimensions=int(dimensions)))
    taken = Optimized(
        seconds=time.monotonic() - began, cpu_seconds=time.process_time() - cpu_began, peak_mib=peak_mib()
    )
    print(taken.model_dump_json())


if __name__ == "__main__":
    main()
