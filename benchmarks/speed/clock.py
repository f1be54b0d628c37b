"""A stopwatch over wall time, processor time and memory of this process with its children."""

import os
import threading
import time
from contextlib import AbstractContextManager

from benchmarks.speed.process_tree import cpu_seconds, resident_bytes

_SAMPLE_SECONDS = 0.25


class Stopwatch(AbstractContextManager["Stopwatch"]):
    """Measures between enter and exit; children must live as long, or be reaped."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak_bytes = 0
        self._stopped = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Stopwatch":
        self._sampler.start()
        self._cpu_before = cpu_seconds(os.getpid())
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began
        self.cpu_seconds = cpu_seconds(os.getpid()) - self._cpu_before
        self._stopped.set()
        self._sampler.join()

    @property
    def peak_mib(self) -> float:
        return self.peak_bytes / 2**20

    def _sample(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, sum(resident_bytes(os.getpid()).values()))
            if self._stopped.wait(_SAMPLE_SECONDS):
                return
