"""Several processes on one LanceDB table: no row is lost or doubled, and no reader meets half a document."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest

from shared.chunking.model import ChunkType
from shared.embedders.base import Vectors
from shared.settings import Settings
from shared.vector_stores.base import ChunkFilter, StoredChunk, TableName, VectorStore
from shared.vector_stores.lance import LanceVectorStore
from shared.vector_stores.registry import open_vector_store

DIMENSIONS = 16
TABLE = TableName(kb_id="kb-1", model="mini", dimensions=DIMENSIONS)
CHUNKS = 12
SPAWN = multiprocessing.get_context("spawn")
PATIENCE_SECONDS = 120

Report = dict[str, object]


def put(store: VectorStore, document_id: str, revision: str, *, chunks: int = CHUNKS) -> None:
    rows = [
        StoredChunk(
            chunk_id=f"chunk-{document_id}-{revision}-{ordinal}",
            document_id=document_id,
            revision=revision,
            ordinal=ordinal,
            chunk_type=ChunkType.TEXT,
            content=f"第{ordinal}段 shared words of {document_id} {revision}",
            token_count=10,
            page_start=1,
            page_end=1,
            text_hash=f"{document_id} {ordinal}",
        )
        for ordinal in range(chunks)
    ]
    vectors: Vectors = np.random.default_rng(chunks).standard_normal((chunks, DIMENSIONS)).astype(np.float32)
    store.replace_document(TABLE, document_id, rows, vectors)


def run_processes(directory: Path, works: Sequence[Callable[..., Report]], *arguments: object) -> list[Report]:
    """Run each work in a process of its own, as `work(number, store directory, start signal, ...)`."""
    start, reports = SPAWN.Event(), SPAWN.Queue()
    processes = [
        SPAWN.Process(target=_report, args=(reports, work, number, str(directory), start, *arguments))
        for number, work in enumerate(works)
    ]
    for process in processes:
        process.start()
    start.set()
    try:
        return [reports.get(timeout=PATIENCE_SECONDS) for _ in processes]
    finally:
        for process in processes:
            process.join(10)
            process.kill()
            process.join()


def _report(reports: "Queue[Report]", work: Callable[..., Report], *arguments: object) -> None:
    try:
        reports.put(work(*arguments))
    except BaseException as error:
        reports.put({"error": f"{type(error).__name__}: {error}"})
        raise


def errors_in(reports: Sequence[Report]) -> list[object]:
    return [report["error"] for report in reports if "error" in report]


def write_own_documents(number: int, directory: str, start: Event) -> Report:
    store = LanceVectorStore(directory)
    start.wait()
    for document in range(20):
        put(store, f"doc-{number}-{document}", "r1")
    for document in range(0, 20, 2):
        put(store, f"doc-{number}-{document}", "r2", chunks=CHUNKS // 2)
    return {}


def test_processes_fill_one_new_table_without_losing_or_doubling_a_row(tmp_path: Path) -> None:
    reports = run_processes(tmp_path, [write_own_documents] * 4)
    assert errors_in(reports) == []
    store = LanceVectorStore(str(tmp_path))
    counts = store.document_chunks(TABLE)
    assert len(counts) == 80
    for document_id, count in counts.items():
        replaced = int(document_id.rpartition("-")[2]) % 2 == 0
        assert (count.revision, count.text_chunks) == (("r2", CHUNKS // 2) if replaced else ("r1", CHUNKS))
    store.optimize(TABLE)
    assert store.document_chunks(TABLE) == counts


def write_the_same_documents(number: int, directory: str, start: Event) -> Report:
    store = LanceVectorStore(directory)
    start.wait()
    for document in range(15):
        put(store, f"doc-{document}", "r1")
    return {}


def test_a_document_stored_by_two_processes_at_once_is_there_once(tmp_path: Path) -> None:
    reports = run_processes(tmp_path, [write_the_same_documents] * 4)
    assert errors_in(reports) == []
    store = LanceVectorStore(str(tmp_path))
    assert {count.text_chunks for count in store.document_chunks(TABLE).values()} == {CHUNKS}
    ids = Counter(
        chunk.chunk_id
        for document in range(15)
        for chunk in store.list_chunks(TABLE, f"doc-{document}", chunk_type=None, offset=0, limit=100)[0]
    )
    assert len(ids) == 15 * CHUNKS
    assert set(ids.values()) == {1}


def replace_until_told(number: int, directory: str, start: Event, stop: Event) -> Report:
    store = LanceVectorStore(directory)
    start.wait()
    rounds = 0
    while rounds < 25:
        rounds += 1
        put(store, "doc-watched", f"r{rounds}", chunks=CHUNKS if rounds % 2 else CHUNKS + 5)
        put(store, f"doc-new-{rounds}", "r1")
    stop.set()
    return {"rounds": rounds}


def optimize_until_told(number: int, directory: str, start: Event, stop: Event) -> Report:
    store = LanceVectorStore(directory)
    start.wait()
    rounds = 0
    while not stop.is_set():
        store.optimize(TABLE)
        rounds += 1
    return {"rounds": rounds}


def read_until_told(number: int, directory: str, start: Event, stop: Event) -> Report:
    store = LanceVectorStore(directory)
    query = np.ones(DIMENSIONS, dtype=np.float32)
    only = ChunkFilter(document_ids=("doc-watched",))
    start.wait()
    rounds, partial = 0, []
    while not stop.is_set():
        rounds += 1
        by_reading: tuple[list[StoredChunk], int] = store.list_chunks(
            TABLE, "doc-watched", chunk_type=None, offset=0, limit=100
        )
        by_vector = store.search_vector(TABLE, query, limit=100, only=only)
        by_text = store.search_text(TABLE, "shared words", limit=100, only=only)
        count = store.document_chunks(TABLE, ["doc-watched"])["doc-watched"]
        partial += [
            f"{name}: {dict(seen)}"
            for name, seen in (
                ("list", Counter(chunk.revision for chunk in by_reading[0])),
                ("vector", Counter(hit.chunk.revision for hit in by_vector)),
                ("text", Counter(hit.chunk.revision for hit in by_text)),
                ("count", Counter({count.revision: count.text_chunks})),
            )
            if not _is_one_revision(seen)
        ]
    return {"rounds": rounds, "partial": partial}


def _is_one_revision(seen: Counter[str]) -> bool:
    if len(seen) != 1:
        return False
    ((revision, chunks),) = seen.items()
    return chunks == (CHUNKS if int(revision.removeprefix("r")) % 2 else CHUNKS + 5)


def test_readers_see_one_whole_revision_while_others_replace_and_optimize(tmp_path: Path) -> None:
    store = LanceVectorStore(str(tmp_path))
    put(store, "doc-watched", "r1")
    works = [replace_until_told, optimize_until_told, read_until_told]
    reports = run_processes(tmp_path, works, SPAWN.Event())
    assert errors_in(reports) == []
    assert all(report["rounds"] for report in reports)
    assert [report["partial"] for report in reports if "partial" in report] == [[]]
    counts = dict(store.document_chunks(TABLE))
    assert len(counts) == 26
    assert counts.pop("doc-watched").revision == "r25"
    assert {count.text_chunks for count in counts.values()} == {CHUNKS}


def write_and_tell(number: int, directory: str, start: Event) -> Report:
    start.wait()
    store = LanceVectorStore(directory)
    put(store, "doc-1", "r2")
    store.delete_documents("kb-1", ["doc-2"])
    return {}


def test_a_finished_write_of_another_process_is_seen_at_once(tmp_path: Path) -> None:
    store = LanceVectorStore(str(tmp_path))
    put(store, "doc-1", "r1")
    put(store, "doc-2", "r1")
    assert store.document_chunks(TABLE)["doc-1"].revision == "r1"
    assert errors_in(run_processes(tmp_path, [write_and_tell])) == []
    assert {name: count.revision for name, count in store.document_chunks(TABLE).items()} == {"doc-1": "r2"}
    assert {hit.chunk.revision for hit in store.search_text(TABLE, "shared", limit=50)} == {"r2"}


def drop_and_fill_again(number: int, directory: str, start: Event) -> Report:
    start.wait()
    store = LanceVectorStore(directory)
    store.delete_knowledge_base("kb-1")
    put(store, "doc-9", "r9")
    return {}


def drop(number: int, directory: str, start: Event) -> Report:
    start.wait()
    return {"rows": LanceVectorStore(directory).delete_knowledge_base("kb-1")}


def test_a_table_that_another_process_dropped_reads_as_empty(tmp_path: Path) -> None:
    store = LanceVectorStore(str(tmp_path))
    put(store, "doc-1", "r1")
    assert run_processes(tmp_path, [drop]) == [{"rows": CHUNKS}]
    assert store.document_chunks(TABLE) == {}
    assert store.search_text(TABLE, "shared", limit=5) == []
    assert store.delete_documents("kb-1", ["doc-1"]) == 0
    put(store, "doc-1", "r2")
    assert store.document_chunks(TABLE)["doc-1"].revision == "r2"


def test_a_table_that_another_process_made_anew_shows_nothing_of_the_old_one(tmp_path: Path) -> None:
    store = LanceVectorStore(str(tmp_path))
    put(store, "doc-1", "r1")
    assert len(store.search_text(TABLE, "shared", limit=50)) == CHUNKS
    assert errors_in(run_processes(tmp_path, [drop_and_fill_again])) == []
    assert list(store.document_chunks(TABLE)) == ["doc-9"]
    assert {hit.chunk.document_id for hit in store.search_text(TABLE, "shared", limit=50)} == {"doc-9"}


@pytest.mark.parametrize("query", ["run", "RUNNING"])
def test_english_words_are_found_by_their_stem(tmp_path: Path, query: str) -> None:
    store = open_vector_store(Settings(vector_store_uri=str(tmp_path)))
    chunk = StoredChunk(
        chunk_id="chunk-1",
        document_id="doc-1",
        revision="r1",
        ordinal=0,
        chunk_type=ChunkType.TEXT,
        content="He runs",
        token_count=5,
        page_start=1,
        page_end=1,
        text_hash="hash",
    )
    store.replace_document(TABLE, "doc-1", [chunk], np.ones((1, DIMENSIONS), dtype=np.float32))
    assert [hit.chunk for hit in store.search_text(TABLE, query, limit=5)] == [chunk]
    store.optimize(TABLE)
    assert [hit.chunk for hit in store.search_text(TABLE, query, limit=5)] == [chunk]
