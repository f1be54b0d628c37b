"""Processor time and memory of a process with all that it started."""

from contextlib import suppress

import psutil


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, of its living descendants, and of those that they have reaped."""
    total = 0.0
    for process in family(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def resident_bytes(pid: int) -> dict[int, int]:
    """Return the resident memory of a process and of each of its descendants, by process id."""
    sizes: dict[int, int] = {}
    for process in family(pid):
        with suppress(psutil.NoSuchProcess):
            sizes[process.pid] = process.memory_info().rss
    return sizes


def family(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
