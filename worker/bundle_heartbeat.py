"""Keeping the leases of a bundle while its documents are worked on, and noticing which are lost."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from shared.errors import KbSyncError
from shared.models import RunRef
from shared.repositories.bundle_leases import BundleLeaseRepository
from worker import drain
from worker.heartbeat import RETRY_SECONDS, STILL_WANTED_SECONDS

logger = logging.getLogger(__name__)


class BundleHeartbeat:
    """As `Heartbeat`, for several documents with one kind of lease; a context manager around the work."""

    def __init__(
        self,
        leases: BundleLeaseRepository,
        refs: Sequence[RunRef],
        lease: str,
        *,
        owner: str,
        interval_seconds: float,
        also: Callable[[], None] | None = None,
    ) -> None:
        """`also` is called with each renewal, for what else has to be kept."""
        self._leases = leases
        self._refs = refs
        self._lease = lease
        self._owner = owner
        self._interval_seconds = interval_seconds
        self._also = also
        self._held = frozenset(refs)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_ended, name="bundle-heartbeat", daemon=True)

    def __enter__(self) -> "BundleHeartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()

    def should_stop(self, ref: RunRef) -> bool:
        """Tell whether to leave the work on a document: cancelled, taken over, or to be handed back. Never waits."""
        return ref not in self._held or drain.must_hand_back()

    def _renew_until_ended(self) -> None:
        renew_at = time.monotonic() + self._interval_seconds
        while self._held and not self._ended.wait(min(STILL_WANTED_SECONDS, self._interval_seconds)):
            try:
                if time.monotonic() < renew_at:
                    self._held = frozenset(self._leases.held(self._refs, self._lease, owner=self._owner))
                    continue
                self._held = frozenset(self._leases.renew(self._refs, self._lease, owner=self._owner))
                if self._also is not None:
                    self._also()
                renew_at = time.monotonic() + self._interval_seconds
            except KbSyncError as error:  # soon again: the leases may be prolonged as long as nobody took them
                logger.warning("leases not renewed", extra={"reason": str(error)})
                renew_at = time.monotonic() + min(RETRY_SECONDS, self._interval_seconds)
