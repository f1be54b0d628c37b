"""How fast a service may be called by all processes of all hosts together."""

import logging
import threading
import time
from dataclasses import dataclass

from shared.counters import Counter, Counters
from shared.errors import ServiceUnavailable
from shared.redis_client import RedisClient, translated_errors
from shared.throttling.rate_scripts import NOTE_THROTTLED, PAUSE, RESERVE

logger = logging.getLogger(__name__)

BURST_SECONDS = 0.25
"""What a limit allows within this time may go at once; services count in windows of a second or more."""

CAREFUL_SECONDS = 1.0
"""While Redis is away each process makes one call in this time, knowing nothing of the others."""

REDIS_REST_SECONDS = 5.0
"""After Redis did not answer it is left alone so long: each question may take its whole time limit."""


TOO_FAR, GRANTED = 0, 1
"""What the script answers; anything else is: ask again."""


@dataclass(frozen=True)
class RateLimits:
    """What a service allows; 0 where that is not known."""

    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0


@dataclass(frozen=True)
class Slot:
    """When a request may go."""

    granted: bool
    wait_seconds: float
    """Until its turn; where it was not granted, until it could be."""
    too_far: bool = False
    """Not granted, and further away than the caller waits: it need not ask again."""


class SharedRates:
    """The account of one service and model, in Redis. Safe to use from several threads.

    It keeps what the operator knows of the limits, learns what the service shows by throttling, and holds everybody
    back while the service asks for it. Without a client there is no account, only the service's own answers.
    """

    def __init__(self, client: RedisClient | None, *, name: str, limits: RateLimits) -> None:
        self._limits = limits
        self._key = f"kbsync:rate:{name}"
        self._local = _LocalPace()
        self._scripts = _Scripts(client) if client is not None else None

    def reserve(self, *, tokens: int, longest_wait_seconds: float, urgent: bool = False) -> Slot:
        """Take a place for one request, unless its turn is further away than `longest_wait_seconds`.

        A turn that is some seconds away is not granted yet: ask again.

        An urgent request takes the next place, and goes at once unless the service asked for a pause.
        """
        if self._scripts is None:
            return Slot(granted=True, wait_seconds=0.0)
        if not self._local.redis_rests:
            arguments = [
                self._limits.requests_per_minute / 60,
                self._limits.tokens_per_minute / 60,
                BURST_SECONDS * 1000,
                tokens,
                max(0.0, longest_wait_seconds) * 1000,
                int(urgent),
            ]
            try:
                with translated_errors():
                    outcome, wait_ms = self._scripts.reserve(keys=[self._key], args=arguments)
                return Slot(granted=outcome == GRANTED, wait_seconds=int(wait_ms) / 1000, too_far=outcome == TOO_FAR)
            except ServiceUnavailable as error:
                logger.warning("rates not shared", extra={"service": self._key, "reason": str(error)})
                self._local.let_redis_rest()
        return self._local.reserve(longest_wait_seconds=longest_wait_seconds)

    def pause_seconds(self) -> float:
        """Return for how long the service asked to be left alone."""
        if self._scripts is None or self._local.redis_rests:
            return 0.0
        try:
            with translated_errors():
                return int(self._scripts.pause(keys=[self._key])) / 1000
        except ServiceUnavailable:
            self._local.let_redis_rest()
            return 0.0

    def note_throttled(self, retry_after_seconds: float | None) -> None:
        """Tell everybody that the service throttled a request, and for how long it asked to be left alone."""
        if self._scripts is None or self._local.redis_rests:
            return
        try:
            with translated_errors():
                self._scripts.note_throttled(keys=[self._key], args=[(retry_after_seconds or 0.0) * 1000])
        except ServiceUnavailable:
            self._local.let_redis_rest()
            return
        self._scripts.counters.add({Counter.EMBEDDING_THROTTLES: 1})


class _Scripts:
    def __init__(self, client: RedisClient) -> None:
        self.reserve = client.register_script(RESERVE)
        self.note_throttled = client.register_script(NOTE_THROTTLED)
        self.pause = client.register_script(PAUSE)
        self.counters = Counters(client)


class _LocalPace:
    """One call in `CAREFUL_SECONDS`, while Redis is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0
        self._redis_rests_until = 0.0

    @property
    def redis_rests(self) -> bool:
        return time.monotonic() < self._redis_rests_until

    def let_redis_rest(self) -> None:
        self._redis_rests_until = time.monotonic() + REDIS_REST_SECONDS

    def reserve(self, *, longest_wait_seconds: float) -> Slot:
        with self._lock:
            now = time.monotonic()
            wait_seconds = max(0.0, self._next - now)
            if wait_seconds > longest_wait_seconds:
                return Slot(granted=False, wait_seconds=wait_seconds, too_far=True)
            self._next = now + wait_seconds + CAREFUL_SECONDS
            return Slot(granted=True, wait_seconds=wait_seconds)
