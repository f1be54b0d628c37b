"""What those who ask meanwhile wait for while many documents are synced."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from benchmarks.many_documents import write_documents
from benchmarks.speed.figures import Figure, figure, percentile
from benchmarks.speed.synced import upload_and_sync, warm_up
from benchmarks.stack import running_stack
from examples.demo_client import ServiceClient

PART = "latency during a sync"
DETAIL_DOCUMENTS = 10
PAUSE_SECONDS = 0.1
"""Between two calls: those who ask are not the load that is measured."""

Calls = Mapping[str, Callable[[], object]]


def measure(size: int) -> list[Figure]:
    """Sync `size` documents while one client asks in turn for lists, details, searches and uploads."""
    with running_stack(KBSYNC_OCR="off") as state, TemporaryDirectory(prefix="kbsync-latency-") as directory:
        client = ServiceClient(state.api_url)
        warm_up(client)
        paths = write_documents(Path(directory), size + 2 * DETAIL_DOCUMENTS)
        asked = upload_and_sync(client, "asked", paths[:DETAIL_DOCUMENTS])
        calls = _calls(client, state.api_url, kb_id=asked.kb_id, task_id=asked.task.id, files=Path(directory) / "up")
        before = _time_in_turn(calls, until=_after_rounds(10))
        kb_id = client.create_knowledge_base("load")
        for path in paths[2 * DETAIL_DOCUMENTS :]:
            client.upload(kb_id, path)
        with _syncing(ServiceClient(state.api_url), kb_id) as ended:
            large = {
                **calls,
                "documents of the large sync, paged": _get(
                    f"{state.api_url}/api/v1/sync-tasks/{client.latest_sync(kb_id).id}/documents?page_size=20&page=2"
                ),
                "documents of the large knowledge base, paged": _get(
                    f"{state.api_url}/api/v1/knowledge-bases/{kb_id}/documents?page_size=20&page=2"
                ),
                "search in the knowledge base that is synced": lambda: client.search(kb_id, "turn valve", top_k=5),
            }
            during = _time_in_turn(large, until=ended.is_set)
        status = client.latest_sync(kb_id).status
    assert status == "completed", status
    return [*_figures("idle", before), *_figures("during", during)]


def _calls(client: ServiceClient, api_url: str, *, kb_id: str, task_id: str, files: Path) -> Calls:
    base, fresh, numbers = f"{api_url}/api/v1", client.create_knowledge_base("uploads"), count()
    files.mkdir()

    def upload() -> None:
        path = files / f"{next(numbers)}.txt"
        path.write_text(f"Note {path.stem} of a person who uploads meanwhile.", encoding="utf-8")
        client.upload(fresh, path)

    return {
        "list of syncs": _get(f"{base}/knowledge-bases/{kb_id}/sync-tasks"),
        f"detail of a sync, {DETAIL_DOCUMENTS} documents": _get(f"{base}/sync-tasks/{task_id}"),
        "documents, paged": _get(f"{base}/knowledge-bases/{kb_id}/documents?page_size=20"),
        "search": lambda: client.search(kb_id, "turn valve and wait", top_k=5),
        "upload": upload,
    }


def _get(url: str) -> Callable[[], object]:
    session = requests.Session()
    session.trust_env = False

    def get() -> None:
        session.get(url, timeout=60).raise_for_status()

    return get


def _time_in_turn(calls: Calls, *, until: Callable[[], bool]) -> Mapping[str, list[float]]:
    """Make the calls one after the other, round after round, and return the ms of each."""
    taken: dict[str, list[float]] = defaultdict(list)
    while not until():
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_SECONDS)
    return taken


def _after_rounds(rounds: int) -> Callable[[], bool]:
    numbers = count()
    return lambda: next(numbers) >= rounds


@contextmanager
def _syncing(client: ServiceClient, kb_id: str) -> Iterator[threading.Event]:
    """Start a sync, and tell when it has ended; it is waited for."""
    ended = threading.Event()
    client.start_sync(kb_id)

    def watch() -> None:
        while not client.latest_sync(kb_id).has_ended:
            time.sleep(1.0)
        ended.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield ended
    finally:
        watcher.join()


def _figures(moment: str, taken: Mapping[str, list[float]]) -> Iterator[Figure]:
    for name, values in taken.items():
        for share, words in ((0.5, "p50"), (0.99, "p99")):
            goal = "goal 100" if moment == "during" and share == 0.99 and name != "upload" else ""
            note = f"{len(values)} calls {goal}".strip()
            yield figure(PART, f"{moment}: {name}, {words}", "ms", [percentile(values, share)], note=note)
