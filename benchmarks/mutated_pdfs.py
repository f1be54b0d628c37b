"""Sync PDF files that were damaged in every way, and say what became of them:

python -m benchmarks.mutated_pdfs ../shared/corpus --count 1000 --seed 1
"""

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import psutil
import requests

from benchmarks.stack import running_stack
from examples.demo_client import Refused, ServiceClient, SyncTask
from shared.embedded.state import StackState

OBJECT = re.compile(rb"\d+ \d+ obj\b.*?\bendobj\b", re.DOTALL)
NUMBER = re.compile(rb"(?<=[ \[/])\d{1,9}(?=[\s/>\]])")
KEPT_REASONS = 12

Mutation = Callable[[bytes, Random], bytes]


def flip_bytes(data: bytes, rng: Random) -> bytes:
    """Change single bytes, from one to one in a hundred."""
    changed = bytearray(data)
    for _ in range(max(1, int(len(data) * 10 ** rng.uniform(-6, -2)))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(data: bytes, rng: Random) -> bytes:
    """Leave out the end, the beginning or a piece between."""
    start, end = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
    return rng.choice((data[:end], data[start:], data[:start] + data[end:]))


def blank(data: bytes, rng: Random) -> bytes:
    """Write zeros over a piece, as a disk does that lost a block."""
    start, length = rng.randrange(len(data)), rng.randint(1, 8192)
    return data[:start] + bytes(len(data[start : start + length])) + data[start + length :]


def swap_objects(data: bytes, rng: Random) -> bytes:
    """Let two objects stand in each other's place."""
    found = list(OBJECT.finditer(data))
    if len(found) < 2:
        return flip_bytes(data, rng)
    first, second = sorted(rng.sample(found, 2), key=lambda match: match.start())
    return b"".join(
        (
            data[: first.start()],
            second[0],
            data[first.end() : second.start()],
            first[0],
            data[second.end() :],
        )
    )


def repeat_object(data: bytes, rng: Random) -> bytes:
    """Write an object's body over another one's, so that references run in circles."""
    found = list(OBJECT.finditer(data))
    if len(found) < 2:
        return cut(data, rng)
    source, target = rng.sample(found, 2)
    body = source[0].split(b"obj", 1)[1]
    head = target[0].split(b"obj", 1)[0] + b"obj"
    return data[: target.start()] + head + body + data[target.end() :]


def change_numbers(data: bytes, rng: Random) -> bytes:
    """Change numbers of the file's structure: lengths, offsets, counts, sizes, references."""
    found = list(NUMBER.finditer(data))
    if not found:
        return flip_bytes(data, rng)
    for match in sorted(rng.sample(found, min(len(found), rng.randint(1, 20))), key=lambda each: -each.start()):
        other = rng.choice((b"0", b"-1", b"1", b"65536", b"2147483648", b"99999999999", rng.choice(found)[0]))
        data = data[: match.start()] + other + data[match.end() :]
    return data


MUTATIONS: Mapping[str, Mutation] = {
    function.__name__: function for function in (flip_bytes, cut, blank, swap_objects, repeat_object, change_numbers)
}


def mutants(sources: Sequence[Path], *, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents; equal seeds give equal ones."""
    for number in range(count):
        rng = Random(f"{seed}-{number}")
        source = rng.choice(sources)
        kind = rng.choice(list(MUTATIONS))
        yield f"{number:05}-{kind}-{source.name}", MUTATIONS[kind](source.read_bytes(), rng)


def measure(state: StackState, files: Iterator[tuple[str, bytes]], directory: Path) -> dict[str, object]:
    """Upload and sync the files; every one ends in an answer, and the processes of the stack stay the same."""
    client = ServiceClient(state.api_url)
    workers = {record.name: record.pid for record in state.processes}
    kb_id = client.create_knowledge_base("mutants")
    refused: Counter[str] = Counter()
    for name, data in files:
        path = directory / name
        path.write_bytes(data)
        try:
            client.upload(kb_id, path)
        except Refused as refusal:
            refused[str(refusal)] += 1
        path.unlink()
    began = time.monotonic()
    task = _await_end(client, client.start_sync(kb_id))
    seconds = time.monotonic() - began
    reasons = Counter(document.error_message or document.status for document in task.documents)
    slowest = max(task.documents, key=lambda document: document.processing_time_ms)
    return {
        "refused": dict(refused),
        "documents": task.total_documents,
        "status": task.status,
        "outcomes": dict(reasons.most_common(KEPT_REASONS)),
        "sync_seconds": round(seconds, 1),
        "slowest": [slowest.filename, slowest.processing_time_ms, slowest.status],
        "dead_processes": [name for name, pid in workers.items() if not psutil.pid_exists(pid)],
        "health": requests.get(f"{state.api_url}/health", timeout=60).json()["status"],
    }


def _await_end(client: ServiceClient, task_id: str) -> SyncTask:
    while not (task := client.sync_task(task_id)).has_ended:
        time.sleep(1.0)
    return task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-bytes", type=int, default=800_000, help="leave larger files of the folder out")
    parser.add_argument(
        "--ocr", default="off", choices=("off", "auto"), help="auto takes seconds for a page without text"
    )
    arguments = parser.parse_args()
    sources = [
        path for path in sorted(arguments.folder.glob("*.pdf")) if 0 < path.stat().st_size <= arguments.max_bytes
    ]
    files = mutants(sources, count=arguments.count, seed=arguments.seed)
    settings = {
        "KBSYNC_EMBEDDING_PROVIDER": "hashing",
        "KBSYNC_EMBEDDING_MODEL": "words-64",
        "KBSYNC_OCR": arguments.ocr,
    }
    with running_stack(**settings) as state, tempfile.TemporaryDirectory(prefix="kbsync-mutants-") as directory:
        figures = measure(state, files, Path(directory))
    print(json.dumps(figures, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
