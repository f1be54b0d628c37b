"""How long one turn of work waits for a service, and how it is ended."""

import random
import threading
import time
from collections.abc import Callable

from shared.errors import Cancelled, EmbeddingThrottled

BASE_SECONDS = 1.0
CAP_SECONDS = 20.0
CHECK_SECONDS = 0.25


def full_jitter(failures: int) -> float:
    """Return a random pause in seconds after so many failures (from 1), from 0 up to a bound that doubles.

    Full jitter spreads callers best (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    return random.uniform(0.0, min(CAP_SECONDS, BASE_SECONDS * 2 ** (failures - 1)))  # noqa: S311 - not a secret


class TurnEnded(Exception):
    """Another call of the same turn failed"""


class Turn:
    """The calls of one batch together. Thread-safe.

    They wait for `patience_seconds` since the last one that succeeded: a batch that gets on is not parked.
    """

    def __init__(self, *, patience_seconds: float, should_stop: Callable[[], bool]) -> None:
        self._patience_seconds = patience_seconds
        self._should_stop = should_stop
        self._ended = threading.Event()
        self.note_gain()

    @property
    def left_seconds(self) -> float:
        """How long this turn still waits."""
        return self._gained_at + self._patience_seconds - time.monotonic()

    def note_gain(self) -> None:
        self._gained_at = time.monotonic()

    def end(self) -> None:
        self._ended.set()

    def check(self) -> None:
        """Raise `Cancelled` or `TurnEnded` where the work is to stop."""
        if self._should_stop():
            raise Cancelled
        if self._ended.is_set():
            raise TurnEnded

    def sleep(self, seconds: float) -> None:
        """Wait, and notice within a moment when the work is to stop."""
        until = time.monotonic() + seconds
        while True:
            self.check()
            left = until - time.monotonic()
            if left <= 0:
                return
            self._ended.wait(min(left, CHECK_SECONDS))

    def sleep_or_give_up(self, seconds: float, cause: EmbeddingThrottled) -> None:
        """Wait, or raise `cause` with the time to come back where this turn does not wait so long."""
        if seconds > self.left_seconds:
            cause.retry_after_seconds = max(seconds, cause.retry_after_seconds or 0.0)
            raise cause
        self.sleep(seconds)
