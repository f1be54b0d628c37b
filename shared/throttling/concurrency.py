"""How many calls a process has in flight at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST_LIMIT = 2.0
SAME_OVERLOAD_SECONDS = 1.0
"""Calls that fail within this time of each other met the same overload, and halve the limit once."""
CHECK_SECONDS = 0.25


class AdaptiveConcurrency:
    """A limit that grows while calls succeed and is halved when the service is overloaded. Thread-safe.

    Each process has its own: a count of all processes' calls in Redis would keep those of killed ones for ever, and
    limits that grow by steps and shrink by halves come to a fair share without a word between them (Chiu and Jain
    1989, https://doi.org/10.1016/0169-7552(89)90019-6). What has to be shared is the rate, see `rates.py`.
    """

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = min(FIRST_LIMIT, self._most)
        self._overloaded_once = False
        self._overloaded_at = -SAME_OVERLOAD_SECONDS
        self._in_flight = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        return int(self._limit)

    @contextmanager
    def place(self, *, check: Callable[[], None]) -> Iterator[None]:
        """Wait for a place and keep it while the block runs; `check` is called while waiting and may raise."""
        with self._changed:
            while self._in_flight >= self.limit:
                check()
                self._changed.wait(CHECK_SECONDS)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def note_success(self) -> None:
        """Grow: by one for each success at first, by one for each round of them after the first overload."""
        with self._changed:
            step = 1 / self._limit if self._overloaded_once else 1.0
            self._limit = min(self._most, self._limit + step)
            self._changed.notify_all()

    def note_overload(self) -> None:
        with self._changed:
            now = time.monotonic()
            if now - self._overloaded_at < SAME_OVERLOAD_SECONDS:
                return
            self._overloaded_once, self._overloaded_at = True, now
            self._limit = max(1.0, self._limit / 2)
