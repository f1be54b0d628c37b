"""Calls of a service that has limits: when each goes, and how often it is tried."""

import random
from collections.abc import Callable
from typing import TypeVar

from shared.errors import EmbeddingFailed, EmbeddingThrottled, EmbeddingTimeout
from shared.throttling.concurrency import AdaptiveConcurrency
from shared.throttling.rates import SharedRates
from shared.throttling.turn import Turn, full_jitter

T = TypeVar("T")

TRIES = 3
"""For a call that fails for another reason than throttling; then whoever called decides."""

ASK_AGAIN_SECONDS = (0.5, 1.5)
"""Whoever has no place yet asks again after about so long."""


class Governor:
    """Makes the calls of one process to one service and model. Thread-safe."""

    def __init__(self, rates: SharedRates, *, concurrency: int) -> None:
        self._rates = rates
        self._concurrency = AdaptiveConcurrency(concurrency)

    def call(self, turn: Turn, once: Callable[[], T], *, tokens: int, urgent: bool = False) -> T:
        """Return what `once` returns, made when its place comes, and made again where that may help.

        A throttled call waits as long as the turn has patience and then raises `EmbeddingThrottled`, with the time to
        come back; another error is raised at the last try. An urgent call waits for nobody else.
        """
        throttles = failures = 0
        while True:
            turn.check()
            try:
                return self._one(turn, once, tokens=tokens, urgent=urgent)
            except _NoPlace as none:
                raise none.throttled from none
            except EmbeddingThrottled as error:
                throttles += 1
                self._concurrency.note_overload()
                self._rates.note_throttled(error.retry_after_seconds)
                turn.sleep_or_give_up(max(full_jitter(throttles), error.retry_after_seconds or 0.0), error)
            except EmbeddingFailed as error:
                failures += 1
                if isinstance(error, EmbeddingTimeout):
                    self._concurrency.note_overload()
                if not error.retryable or failures == TRIES:
                    raise
                turn.sleep(full_jitter(failures))

    def _one(self, turn: Turn, once: Callable[[], T], *, tokens: int, urgent: bool) -> T:
        if urgent:
            self._await_place(turn, tokens=tokens, urgent=True)
            return once()
        with self._concurrency.place(check=turn.check):
            self._await_place(turn, tokens=tokens, urgent=False)
            made = once()
        turn.note_gain()
        self._concurrency.note_success()
        return made

    def _await_place(self, turn: Turn, *, tokens: int, urgent: bool) -> None:
        """Wait for the place that the shared account gives this call."""
        while True:
            slot = self._rates.reserve(tokens=tokens, longest_wait_seconds=turn.left_seconds, urgent=urgent)
            if slot.too_far:
                raise _NoPlace(slot.wait_seconds)
            if slot.granted and slot.wait_seconds == 0:
                return
            if slot.granted:
                turn.sleep(slot.wait_seconds)
                if not self._rates.pause_seconds():
                    return
                continue  # the service asked for a pause meanwhile
            turn.sleep(min(slot.wait_seconds, random.uniform(*ASK_AGAIN_SECONDS)))  # noqa: S311 - not a secret


class _NoPlace(Exception):
    """The place of a call is further away than its turn waits"""

    def __init__(self, wait_seconds: float) -> None:
        self.throttled = EmbeddingThrottled(
            f"the next free place is {wait_seconds:.0f} s away", retry_after_seconds=wait_seconds
        )
        super().__init__(str(self.throttled))
