"""A throw-away stack to measure, and what its processes take while something happens."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.speed.process_tree import cpu_seconds, resident_bytes
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
    """Samples the resident memory of a stack's processes, each together with its children; a context manager.

    Memory that a process shares with those it was forked from counts in each of them.
    """

    def __init__(self, state: StackState) -> None:
        self._roots = {record.name: record.pid for record in state.processes}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)
        self.peak_bytes: dict[str, int] = {}
        """Of each process with its children together."""
        self.of_each: dict[str, dict[int, int]] = {}
        """Of every single process, by name and process id."""

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def largest_bytes(self) -> dict[str, int]:
        """Of the largest single process under each name."""
        return {name: max(peaks.values()) for name, peaks in self.of_each.items() if peaks}

    def peaks_mib(self) -> dict[str, list[int]]:
        """Every process's peak, the largest first, under each name."""
        return {
            name: sorted((round(size / 2**20) for size in peaks.values()), reverse=True)
            for name, peaks in self.of_each.items()
        }

    def _sample_until_stopped(self) -> None:
        while True:
            for name, pid in self._roots.items():
                self._note(name, resident_bytes(pid))
            if self._stopped.wait(SAMPLE_SECONDS):
                return

    def _note(self, name: str, sizes: dict[int, int]) -> None:
        self.peak_bytes[name] = max(self.peak_bytes.get(name, 0), sum(sizes.values()))
        peaks = self.of_each.setdefault(name, {})
        for pid, size in sizes.items():
            peaks[pid] = max(peaks.get(pid, 0), size)


def stack_cpu_seconds(state: StackState) -> dict[str, float]:
    """Return the processor time that each process of the stack has taken so far, with its children."""
    return {record.name: cpu_seconds(record.pid) for record in state.processes}
