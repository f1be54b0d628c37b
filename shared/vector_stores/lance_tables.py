"""The tables of a LanceDB database: opened once, found again after another process changed or dropped them."""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shared.errors import VectorStoreFailed
from shared.vector_stores.base import TableName
from shared.vector_stores.lance_indexes import create_missing_indexes
from shared.vector_stores.lance_schema import arrow_schema, lance_name, table_prefix

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

T = TypeVar("T")

OPEN_TABLES = 64
"""Tables kept open; one costs its manifest in memory, and opening it again some milliseconds."""

WRITE_ATTEMPTS = 6
"""LanceDB itself retries a commit that lost a race for up to 30 seconds; these come after that."""

OPTIMIZE_ATTEMPTS = 20
"""To optimize takes longer than a commit and loses more races: on a busy machine one lost six in a row."""

READ_ATTEMPTS = 3

NAMES_PER_PAGE = 1000

LONGEST_PAUSE_SECONDS = 1.0

INDEX_CACHE_BYTES = 256 << 20
METADATA_CACHE_BYTES = 128 << 20
"""LanceDB's own limits, 6 GiB and 1 GiB, are more than a worker may use in all."""

LANCE_ERRORS = (RuntimeError, ValueError, OSError)
"""What the library raises: its Rust errors come as RuntimeError or OSError, refused input as ValueError."""


class LanceTables:
    """One connection and its open tables. Safe to use from several threads.

    Make it in the process that uses it: the library runs threads, which a fork does not copy. Nothing is loaded
    before that.
    """

    def __init__(self, uri: str, storage_options: Mapping[str, str] | None = None) -> None:
        import lancedb

        session = lancedb.Session(
            index_cache_size_bytes=INDEX_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES
        )
        try:
            if "://" not in uri:
                Path(uri).mkdir(parents=True, exist_ok=True)
            # With an interval of zero every read looks for the newest version first, whoever wrote it.
            self._database = lancedb.connect(
                uri,
                read_consistency_interval=timedelta(0),
                session=session,
                storage_options=dict(storage_options) if storage_options else None,
            )
        except LANCE_ERRORS as error:
            raise VectorStoreFailed(f"Cannot open the vector store: {error}") from error
        self._open: OrderedDict[str, Table] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, name: str, read: Callable[["Table"], T], *, missing: T) -> T:
        """Return what `read` finds, or `missing` where there is no such table."""
        return self._attempt(name, read, missing=missing, attempts=READ_ATTEMPTS)

    def write(self, name: str, write: Callable[["Table"], T], *, missing: T) -> T:
        """Do `write`, which may be done twice without harm, or return `missing` where there is no such table."""
        return self._attempt(name, write, missing=missing, attempts=WRITE_ATTEMPTS)

    def optimize(self, name: str, optimize: Callable[["Table"], None]) -> None:
        """Do `optimize`, with more patience than a write; nothing happens where there is no such table."""
        self._attempt(name, optimize, missing=None, attempts=OPTIMIZE_ATTEMPTS)

    def write_or_create(self, table: TableName, write: Callable[["Table"], None]) -> None:
        """Do `write`, which may be done twice without harm, on the table, which is made where there is none."""
        name = lance_name(table)
        self._attempt(name, write, missing=None, attempts=WRITE_ATTEMPTS, schema=arrow_schema(table.dimensions))

    def drop(self, name: str) -> int:
        """Remove a table and return how many rows it had; one that is gone already had none."""
        rows = self.read(name, lambda opened: opened.count_rows(), missing=0)
        with self._lock:
            self._open.pop(name, None)
        try:
            self._database.drop_table(name, ignore_missing=True)
        except LANCE_ERRORS as error:
            raise VectorStoreFailed(f"Cannot drop table {name}: {error}") from error
        return rows

    def names(self, kb_id: str | None = None) -> list[str]:
        """Return the names of all tables, or of one knowledge base's."""
        prefix = "" if kb_id is None else table_prefix(kb_id)
        try:
            names = self._all_names()
        except LANCE_ERRORS as error:
            raise VectorStoreFailed(f"Cannot list the tables: {error}") from error
        return [name for name in names if name.startswith(prefix)]

    def _attempt(
        self,
        name: str,
        act: Callable[["Table"], T],
        *,
        missing: T,
        attempts: int,
        schema: "pa.Schema | None" = None,
    ) -> T:
        """Do `act` on the table, opened anew after each failure, with random pauses.

        A commit may have lost its race more often than the library retries, several processes may make one table at
        once, and files may be gone under a reader: the table was dropped, or the version that was read cleaned up.
        """
        for attempt in range(1, attempts + 1):
            try:
                opened = self._find(name, schema)
                return missing if opened is None else act(opened)
            except LANCE_ERRORS as error:
                if attempt == attempts:
                    raise VectorStoreFailed(f"Table {name}: {error}") from error
                with self._lock:
                    self._open.pop(name, None)
                _pause(attempt)
        raise AssertionError("the last attempt returns or raises")

    def _find(self, name: str, schema: "pa.Schema | None") -> "Table | None":
        """Return the table, made by `schema` where there is none, or None without a schema."""
        if (known := self._is_open(name)) is not None:
            return known
        if schema is not None:
            opened = self._database.create_table(name, schema=schema, exist_ok=True)
            create_missing_indexes(opened)
        else:
            try:
                opened = self._database.open_table(name)
            except ValueError:
                if name in self._all_names():
                    raise
                return None
        self._remember(name, opened)
        return opened

    def _is_open(self, name: str) -> "Table | None":
        with self._lock:
            if name in self._open:
                self._open.move_to_end(name)
            return self._open.get(name)

    def _remember(self, name: str, opened: "Table") -> None:
        with self._lock:
            self._open[name] = opened
            while len(self._open) > OPEN_TABLES:
                self._open.popitem(last=False)

    def _all_names(self) -> list[str]:
        names: list[str] = []
        page: str | None = None
        while True:
            answer = self._database.list_tables(page_token=page, limit=NAMES_PER_PAGE)
            names += answer.tables
            page = answer.page_token
            if not page:
                return names


def _pause(attempt: int) -> None:
    """Wait for up to 0.1, 0.2, 0.4 ... seconds at random, so that those who met once do not meet again."""
    time.sleep(random.uniform(0, min(LONGEST_PAUSE_SECONDS, 0.05 * 2**attempt)))  # noqa: S311 - not a secret
