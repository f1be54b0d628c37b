"""Bare: the stages called in plain processes, without API, queue or database: `bare.py ORDER.json OUTPUT.json`.

One process for each core converts and chunks, the largest file first and without a sandbox. This one embeds with every
core what they leave, while they go on, and stores in a thread.
"""

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.many_documents import write_documents
from benchmarks.speed.clock import Stopwatch
from benchmarks.speed.kept import keep_texts
from benchmarks.speed.machine import usable_cores
from benchmarks.speed.one_pass import Order, Pass
from benchmarks.speed.plain_stages import Chunked, PlainStages
from shared import ids
from shared.errors import KbSyncError
from shared.models import Document

_stages: list[PlainStages] = []
"""Those of this converting process."""


@dataclass
class _Found:
    chunked: list[Chunked] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    chunks: int = 0


def run(order: Order, root: Path) -> Pass:
    stages, kb_id = PlainStages(root), ids.new_knowledge_base_id()
    with _converting_processes(stages, root) as converting, ThreadPoolExecutor(1) as storing, Stopwatch() as watch:
        documents = [stages.put(kb_id, source) for source in order.sources]
        found = _sync(stages, documents, converting, storing)
    if order.keep is not None:
        keep_texts(order.keep, [stages.texts(chunked) for chunked in found.chunked])
    return Pass(
        seconds=watch.seconds,
        cpu_seconds=watch.cpu_seconds,
        pages=sum(chunked.pages for chunked in found.chunked),
        chunks=found.chunks,
        peak_mib=watch.peak_mib,
        failed=tuple(found.failed),
    )


def _sync(
    stages: PlainStages, documents: Sequence[Document], converting: ProcessPoolExecutor, storing: ThreadPoolExecutor
) -> _Found:
    found, stored = _Found(), []
    largest_first = sorted(documents, key=lambda document: -document.file_size)
    waiting = {converting.submit(_convert_and_chunk, document): document for document in largest_first}
    for future in as_completed(waiting):
        result = future.result()
        if isinstance(result, str):
            found.failed.append(f"{waiting[future].filename}: {result}")
            continue
        stages.embed(result)
        stored.append(storing.submit(stages.store, result))
        found.chunked.append(result)
    found.chunks = sum(each.result() for each in stored)
    return found


@contextmanager
def _converting_processes(stages: PlainStages, root: Path) -> Iterator[ProcessPoolExecutor]:
    """Start a process for each core, and let them and this one do one document of a knowledge base of their own."""
    cores, context = usable_cores(), multiprocessing.get_context("spawn")
    kb_id, warm_up = ids.new_knowledge_base_id(), write_documents(root, 1)[0]
    all_ready = context.Barrier(cores + 1)
    begun = (root, kb_id, warm_up, all_ready)
    with ProcessPoolExecutor(cores, context, initializer=_begin, initargs=begun) as converting:
        for number in range(cores):
            converting.submit(abs, number)
        chunked = stages.convert_and_chunk(stages.put(kb_id, warm_up))
        stages.embed(chunked)
        stages.store(chunked)
        all_ready.wait()
        yield converting


def _begin(root: Path, kb_id: str, warm_up: Path, all_ready: Barrier) -> None:
    """Load what converting needs, use it once, and wait for the others."""
    stages = PlainStages(root)
    _stages.append(stages)
    stages.convert_and_chunk(stages.put(kb_id, warm_up))
    all_ready.wait()


def _convert_and_chunk(document: Document) -> Chunked | str:
    """Work in a converting process; an error comes back as its words."""
    try:
        return _stages[-1].convert_and_chunk(document)
    except KbSyncError as error:
        return str(error) or type(error).__name__


def main() -> None:
    order = Order.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with TemporaryDirectory(prefix="kbsync-bare-") as directory:
        found = run(order, order.keep or Path(directory))
    Path(sys.argv[2]).write_text(found.model_dump_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
