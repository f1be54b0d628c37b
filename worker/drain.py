"""Stopping a worker: what its processes can finish in time they finish, the rest they hand back.

The main process hears SIGTERM, its children do the work. One number in memory that they share since the fork tells the
children when it came. A stage that is asked whether to stop then hands its document back: the lease is released, no
attempt is used, and another worker goes on.
"""

import mmap
import struct
import time

import billiard.pool

HAND_BACK_AFTER_SECONDS = 10.0
"""Half of `WORKER_GRACE_SECONDS`, after which the supervisor or the container runtime kills: the other half is for
stages that cannot be cut, a commit to the vector store above all."""

FAREWELL_SECONDS = 3.0
"""A process that ends waits so long for the main process to have read its last result. billiard's 30 s end by the kill
of the supervisor: where SIGTERM comes between the start of a task and the news of it, the main process forgets the
task, and with it to read the result (billiard 4.3, Celery 5.7). The result is in MongoDB by then."""

_MOMENT = struct.Struct("d")
_shared: list[mmap.mmap] = []


def share() -> None:
    """Make the memory that this process and the children it will fork see alike."""
    _shared.append(mmap.mmap(-1, _MOMENT.size))


def limit_farewell() -> None:
    """Hold the processes that this one will fork to `FAREWELL_SECONDS`; billiard has no setting for it."""
    interval_seconds = billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = round(FAREWELL_SECONDS / interval_seconds)


def begin() -> None:
    """Note that this worker was told to stop; the first time counts."""
    if _shared and _began_at() == 0.0:
        _shared[-1][:] = _MOMENT.pack(time.monotonic())  # the same clock in every process of the machine


def must_hand_back() -> bool:
    """Tell whether work that can be stopped is to be handed back now."""
    began_at = _began_at()
    return began_at != 0.0 and time.monotonic() - began_at >= HAND_BACK_AFTER_SECONDS


def _began_at() -> float:
    """Return when the worker was told to stop, 0 when it was not."""
    if not _shared:
        return 0.0
    (moment,) = _MOMENT.unpack(_shared[-1][:])
    return float(moment)
