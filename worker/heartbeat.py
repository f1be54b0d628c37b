"""Keeping a lease while a stage works, and noticing when it is lost."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from shared.errors import KbSyncError
from shared.models import RunRef
from shared.repositories.stage_leases import StageLeaseRepository
from worker import drain

logger = logging.getLogger(__name__)

STILL_WANTED_SECONDS = 0.5
"""How often at most MongoDB is asked whether the work is still wanted."""

RETRY_SECONDS = 1.0
"""A lease that could not be renewed is tried again so soon."""


class Heartbeat:
    """Renews a lease in a thread, at least three times in its life; a context manager around the work."""

    def __init__(
        self,
        leases: StageLeaseRepository,
        ref: RunRef,
        lease: str,
        *,
        owner: str,
        interval_seconds: float,
        also: Callable[[], None] | None = None,
    ) -> None:
        """`also` is called with each renewal, for what else has to be kept."""
        self._leases = leases
        self._ref = ref
        self._lease = lease
        self._owner = owner
        self._interval_seconds = interval_seconds
        self._also = also
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._watched = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_ended, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()

    def should_stop(self) -> bool:
        """Tell whether to leave the work: cancelled, taken over by another attempt, or to be handed back.

        It never waits, so that an outage of MongoDB does not use up the time of a conversion.
        """
        self._watched.set()
        return self._lost.is_set() or drain.must_hand_back()

    def _renew_until_ended(self) -> None:
        renew_at = time.monotonic() + self._interval_seconds
        while not self._ended.wait(self._pause_seconds(renew_at)):
            try:
                if time.monotonic() >= renew_at:
                    held = self._renew()
                    renew_at = time.monotonic() + self._interval_seconds
                else:
                    held = self._leases.is_held(self._ref, self._lease, owner=self._owner)
            except KbSyncError as error:  # soon again: the lease may be prolonged as long as nobody took it
                logger.warning("lease not renewed", extra={"reason": str(error)})
                renew_at = time.monotonic() + min(RETRY_SECONDS, self._interval_seconds)
                continue
            if not held:
                self._lost.set()
                return

    def _pause_seconds(self, renew_at: float) -> float:
        due_in = max(0.0, renew_at - time.monotonic())
        return min(due_in, STILL_WANTED_SECONDS) if self._watched.is_set() else due_in

    def _renew(self) -> bool:
        held = self._leases.renew(self._ref, self._lease, owner=self._owner)
        if held and self._also is not None:
            self._also()
        return held
