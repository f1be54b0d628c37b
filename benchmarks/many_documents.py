"""Sync many small documents through the API, and say how fast and how the memory of every process grows:

python -m benchmarks.many_documents --documents 500
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from redis import Redis
from reportlab.pdfgen.canvas import Canvas

from benchmarks.stack import running_stack
from examples.demo_client import ServiceClient, SyncTask
from shared.embedded.state import StackState

SHARES = (0.1, 0.5, 1.0)
LINES = 28
PAUSE_SECONDS = 0.5

Figures = dict[str, object]


@dataclass(frozen=True)
class Census:
    """Resident memory at one moment, in MiB: of each process of the stack with its children, one by one."""

    documents: int
    seconds: float
    mib: dict[str, list[int]]
    redis_keys: int
    redis_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    with running_stack() as state, TemporaryDirectory(prefix="kbsync-bench-") as directory:
        figures = measure(state, write_documents(Path(directory), arguments.documents))
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text, encoding="utf-8")


def measure(state: StackState, paths: list[Path]) -> Figures:
    """Upload and sync the files; returns the figures, with one census for each of `SHARES`."""
    client = ServiceClient(state.api_url)
    with _redis(state) as redis:
        kb_id = client.create_knowledge_base("benchmark")
        began = time.monotonic()
        before = take_census(state, redis, documents=0, seconds=0.0)
        for path in paths:
            client.upload(kb_id, path)
        uploaded = time.monotonic()
        task_id = client.start_sync(kb_id)
        censuses = [before, *_watch(client, task_id, state, redis)]
        synced = time.monotonic()
        task = client.sync_task(task_id)
    return {
        "documents": len(paths),
        "status": task.status,
        "completed": task.processed_documents,
        "failed": task.failed_documents,
        "upload_seconds": round(uploaded - began, 1),
        "sync_seconds": round(synced - uploaded, 1),
        "documents_per_second": round(len(paths) / (synced - uploaded), 2),
        "memory": [census.__dict__ for census in censuses],
    }


def _watch(client: ServiceClient, task_id: str, state: StackState, redis: Redis) -> Iterator[Census]:
    """Yield a census as each of `SHARES` of the documents has ended."""
    began = time.monotonic()
    shares = list(SHARES)
    while shares:
        task: SyncTask = client.sync_task(task_id)
        ended = task.processed_documents + task.failed_documents
        if ended >= shares[0] * task.total_documents or task.has_ended:
            del shares[0]
            yield take_census(state, redis, documents=ended, seconds=time.monotonic() - began)
        else:
            time.sleep(PAUSE_SECONDS)


def take_census(state: StackState, redis: Redis, *, documents: int, seconds: float) -> Census:
    return Census(
        documents=documents,
        seconds=round(seconds, 1),
        mib={record.name: _resident_mib(record.pid) for record in state.processes},
        redis_keys=redis.dbsize(),
        redis_mib=round(redis.info("memory")["used_memory"] / 2**20, 2),
    )


def write_documents(directory: Path, count: int) -> list[Path]:
    """Draw `count` different documents of one page."""
    paths = []
    for number in range(count):
        path = directory / f"note-{number:05}.pdf"
        canvas = Canvas(str(path))
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 780, f"Note {number} on the upkeep of pump {number * 7 % 1009}")
        canvas.setFont("Helvetica", 10)
        for line in range(LINES):
            text = (
                f"Step {line} of note {number}: turn valve {line * number % 997} and wait {line + number % 13} minutes."
            )
            canvas.drawString(72, 745 - 22 * line, text)
        canvas.save()
        paths.append(path)
    return paths


@contextmanager
def _redis(state: StackState) -> Iterator[Redis]:
    client = Redis.from_url(state.redis_url)
    try:
        yield client
    finally:
        client.close()


def _resident_mib(pid: int) -> list[int]:
    """Return the resident memory of a process and of its descendants, the largest first."""
    sizes = []
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        sizes.append(root.memory_info().rss)
        for process in root.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                sizes.append(process.memory_info().rss)
    return sorted((round(size / 2**20) for size in sizes), reverse=True)


if __name__ == "__main__":
    main()
