"""A throw-away stack to measure, and the memory of its processes."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from shared.embedded.state import StackState
from shared.embedded.throwaway import throwaway_stack

SAMPLE_SECONDS = 0.5


@contextmanager
def running_stack(**environment: str) -> Iterator[StackState]:
    """Run the embedded stack in a temporary directory, with further variables, and remove both after."""
    with (
        tempfile.TemporaryDirectory(prefix="kbsync-bench-") as directory,
        throwaway_stack(Path(directory), environment=environment) as state,
    ):
        yield state


class MemoryWatch:
    """Samples the resident memory of a stack's processes, each together with its children; a context manager."""

    def __init__(self, state: StackState) -> None:
        self._roots = {record.name: record.pid for record in state.processes}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)
        self.peak_bytes: dict[str, int] = {}
        """Of each process with its children together."""
        self.largest_bytes: dict[str, int] = {}
        """Of the largest single process among them."""

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample_until_stopped(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            for name, pid in self._roots.items():
                sizes = _resident_bytes(pid)
                self.peak_bytes[name] = max(self.peak_bytes.get(name, 0), sum(sizes))
                self.largest_bytes[name] = max(self.largest_bytes.get(name, 0), *sizes, 0)


def _resident_bytes(pid: int) -> list[int]:
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    sizes = []
    for process in family:
        try:
            sizes.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return sizes
