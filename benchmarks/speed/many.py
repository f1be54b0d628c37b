"""Many documents of one page: documents per second, what each costs the servers, and the memory of every process."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.many_documents import write_documents
from benchmarks.speed.figures import Figure, figure, ratio
from benchmarks.speed.operations import Operations
from benchmarks.speed.synced import sync_again, upload_and_sync, warm_up
from benchmarks.stack import MemoryWatch, running_stack, stack_cpu_seconds
from examples.demo_client import ServiceClient

PART = "many documents"
PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class _Found:
    documents: int
    upload_seconds: float
    sync_seconds: float
    again_seconds: float
    cpu_seconds: float
    asked: Operations
    peaks_mib: dict[str, list[int]]

    @property
    def per_second(self) -> float:
        return self.documents / self.sync_seconds


def measure(sizes: Sequence[int], *, repeats: int) -> list[Figure]:
    """Sync so many documents on a fresh stack each time; the sizes take turns."""
    found: dict[int, list[_Found]] = {size: [] for size in sizes}
    for _ in range(repeats):
        for size in sizes:
            found[size].append(_measure_once(size))
    figures = [each for size in sizes for each in _figures(size, found[size])]
    if len(sizes) > 1:
        first, last = ([each.per_second for each in found[size]] for size in (sizes[0], sizes[-1]))
        name = f"documents per second, {sizes[-1]:,} / {sizes[0]:,}"
        figures.append(ratio(PART, name, last, first, note="goal 0.9"))
    return figures


def _measure_once(size: int) -> _Found:
    with running_stack(KBSYNC_OCR="off") as state, TemporaryDirectory(prefix="kbsync-many-") as directory:
        client = ServiceClient(state.api_url)
        warm_up(client)
        paths = write_documents(Path(directory), size)
        before, cpu_before = Operations.so_far(state), sum(stack_cpu_seconds(state).values())
        with MemoryWatch(state) as memory:
            synced = upload_and_sync(client, "many", paths, pause_seconds=PAUSE_SECONDS)
        asked = Operations.so_far(state).since(before)
        cpu_seconds = sum(stack_cpu_seconds(state).values()) - cpu_before
        assert synced.task.status == "completed", synced.task.current_step
        again_seconds = sync_again(client, synced)
    found = _Found(
        size, synced.upload_seconds, synced.sync_seconds, again_seconds, cpu_seconds, asked, memory.peaks_mib()
    )
    print(f"{size:,} documents: uploaded in {found.upload_seconds:.0f} s, {found.per_second:.1f} a second", flush=True)
    return found


def _figures(size: int, found: Sequence[_Found]) -> list[Figure]:
    def row(name: str, unit: str, values: Sequence[float], note: str = "") -> Figure:
        return figure(PART, f"{size:,}: {name}", unit, values, note=note)

    costs = [each.asked.per(size) for each in found]
    peaks = [each.peaks_mib for each in found]
    return [
        row("documents per second of sync", "1/s", [each.per_second for each in found], "goal 30"),
        row("uploads per second, one by one", "1/s", [size / each.upload_seconds for each in found]),
        row("CPU ms per document", "ms", [1000 * each.cpu_seconds / size for each in found]),
        row("second sync, unchanged", "s", [each.again_seconds for each in found]),
        *(row(name, "", [cost[name] for cost in costs]) for name in costs[0]),
        *(
            row(f"peak memory, {name}", "MiB", [sum(peak[name]) for peak in peaks], f"each process: {peaks[-1][name]}")
            for name in peaks[0]
        ),
    ]
