"""Watch one sync with many clients over both protocols, and say how late each sees what was written to MongoDB:

python -m benchmarks.watchers --watchers 500 --documents 200
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
from pymongo import MongoClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.many_documents import write_documents
from benchmarks.stack import running_stack
from examples.demo_client import ENDED, ServiceClient
from shared.embedded.state import StackState

CONNECT_AT_ONCE = 50
READY_SECONDS = 120.0
DATABASE = "kbsync"

Figures = dict[str, object]


@dataclass
class Seen:
    """What one watcher was told, and when (seconds since 1970)."""

    protocol: str
    documents: dict[str, float] = field(default_factory=dict)
    """When each document was first seen completed or failed."""
    events: int = 0
    ended_at: float | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, name: str, data: dict[str, object]) -> None:
        at = time.time()
        self.events += 1
        self.ready.set()
        if name == "document" and data["status"] in ENDED:
            self.documents.setdefault(str(data["document_id"]), at)
        elif name == "task" and data["status"] in ENDED:
            self.ended_at = at


@dataclass(frozen=True)
class ApiUse:
    """CPU seconds and resident memory of the API, its children included."""

    cpu_seconds: float
    mib: float

    @classmethod
    def now(cls, state: StackState) -> "ApiUse":
        root = psutil.Process(next(record.pid for record in state.processes if record.name == "api"))
        family = [root, *root.children(recursive=True)]
        times = [process.cpu_times() for process in family]
        return cls(
            cpu_seconds=sum(each.user + each.system for each in times),
            mib=sum(process.memory_info().rss for process in family) / 2**20,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=500, help="of each protocol")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with running_stack() as state, TemporaryDirectory(prefix="kbsync-bench-") as directory:
        paths = write_documents(Path(directory), arguments.documents)
        figures = asyncio.run(measure(state, paths, watchers=arguments.watchers))
    text = json.dumps(figures, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text, encoding="utf-8")


async def measure(state: StackState, paths: list[Path], *, watchers: int) -> Figures:
    """Sync the files while all watch; returns the figures."""
    client = ServiceClient(state.api_url)
    kb_id = await asyncio.to_thread(client.create_knowledge_base, "benchmark")
    for path in paths:
        await asyncio.to_thread(client.upload, kb_id, path)
    _say(f"{len(paths)} documents uploaded")
    idle = ApiUse.now(state)
    task_id = await asyncio.to_thread(client.start_sync, kb_id)
    seen = [Seen(protocol) for protocol in ("sse", "websocket") for _ in range(watchers)]
    gate = asyncio.Semaphore(CONNECT_AT_ONCE)
    began = time.monotonic()
    watching = [asyncio.create_task(_watch(state.api_url, task_id, each, gate)) for each in seen]
    async with asyncio.timeout(READY_SECONDS):
        await asyncio.gather(*(each.ready.wait() for each in seen))
    _say(f"{len(seen)} watchers connected")
    connected, connected_at = ApiUse.now(state), time.monotonic()
    await asyncio.gather(*watching)
    ended, ended_at = ApiUse.now(state), time.monotonic()
    return {
        "watchers": Counter(each.protocol for each in seen),
        "documents": len(paths),
        "saw_the_end": Counter(each.protocol for each in seen if each.ended_at is not None),
        "seconds_to_connect_all": round(connected_at - began, 1),
        "seconds_watched_by_all": round(ended_at - connected_at, 1),
        "events_told": sum(each.events for each in seen),
        "latency_ms": latencies(seen, written_at(state, task_id), connected=time.time() - (ended_at - connected_at)),
        "api_cpu_seconds": {
            "to_connect_all": round(connected.cpu_seconds - idle.cpu_seconds, 2),
            "while_watched": round(ended.cpu_seconds - connected.cpu_seconds, 2),
        },
        "load_average": [round(load, 1) for load in psutil.getloadavg()],
        "api_mib": {"idle": round(idle.mib), "connected": round(connected.mib), "at_the_end": round(ended.mib)},
    }


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


async def _watch(api_url: str, task_id: str, seen: Seen, gate: asyncio.Semaphore) -> None:
    """Watch to the end; the gate bounds how many connect at a time."""
    place = urlsplit(f"{api_url}/api/v1/sync-tasks/{task_id}")
    await gate.acquire()
    opened = asyncio.create_task(seen.ready.wait())
    opened.add_done_callback(lambda _: gate.release())
    if seen.protocol == "sse":
        await _watch_events(str(place.hostname), place.port or 80, f"{place.path}/events", seen)
    else:
        await _watch_messages(f"ws://{place.netloc}{place.path}/ws", seen)


async def _watch_events(host: str, port: int, path: str, seen: Seen) -> None:
    """Read no more of HTTP than what is needed here: the clients must not use up the processor that is measured."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    name = ""
    async for line in reader:
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        elif line.startswith(b"data: "):
            seen.hear(name, json.loads(line[6:]))
    writer.close()


async def _watch_messages(url: str, seen: Seen) -> None:
    async with connect(url, compression=None, proxy=None, open_timeout=READY_SECONDS) as websocket:
        try:
            while True:
                message = json.loads(await websocket.recv())
                seen.hear(message["event"], message["data"])
        except ConnectionClosed:
            return


@dataclass(frozen=True)
class WrittenAt:
    """When the workers wrote the end of each document and of the task (seconds since 1970)."""

    documents: dict[str, float]
    task: float


def written_at(state: StackState, task_id: str) -> WrittenAt:
    """Read the moments from the records; a worker takes its clock right before it writes."""
    with MongoClient[dict[str, object]](state.mongodb_url, tz_aware=True) as mongodb:
        runs = mongodb[DATABASE]["document_runs"].find({"task_id": task_id})
        documents = {str(run["document_id"]): _seconds(run["finished_at"]) for run in runs}
        task = mongodb[DATABASE]["sync_tasks"].find_one({"_id": task_id})
    assert task is not None
    return WrittenAt(documents, _seconds(task["completed_at"]))


def _seconds(moment: object) -> float:
    assert isinstance(moment, datetime)
    return moment.timestamp()


def latencies(seen: list[Seen], written: WrittenAt, *, connected: float) -> Figures:
    """Compare what was written after all had connected with when each watcher was told."""
    figures: Figures = {}
    for protocol in ("sse", "websocket"):
        of_documents = [
            told_at - written.documents[document_id]
            for each in seen
            if each.protocol == protocol
            for document_id, told_at in each.documents.items()
            if written.documents[document_id] > connected
        ]
        of_end = [each.ended_at - written.task for each in seen if each.protocol == protocol and each.ended_at]
        figures[protocol] = {"document_ended": _spread(of_documents), "task_ended": _spread(of_end)}
    return figures


def _spread(seconds: list[float]) -> Figures:
    ordered = sorted(seconds)
    if not ordered:
        return {"count": 0}
    return {
        "count": len(ordered),
        "p50": round(1000 * ordered[len(ordered) // 2]),
        "p99": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]),
        "max": round(1000 * ordered[-1]),
    }


if __name__ == "__main__":
    main()
