"""Reading one sync for all who watch it in this process: one reader, however many they are."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import anyio.to_thread
from anyio import CapacityLimiter

from api.language import Language
from api.progress_events import Batch, EventId
from api.progress_feed import Snapshot, TaskFeed
from shared import clock
from shared.errors import KbSyncError, SyncTaskNotFound
from shared.resources import Resources
from shared.services.sync_progress import observe
from shared.services.sync_tasks import COMMIT_SECONDS

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How often MongoDB is asked without any word of a change: the longest that a lost word costs."""

PACE_SECONDS = 0.2
"""Between two readings while something changes. Longer than words are withheld (`progress_channel.QUIET_SECONDS`), so
that the reading after the last word sees what was withheld."""

COST_FACTOR = 5.0
"""A reading is followed by a pause of so many times what it took: a sync of 10,000 documents is read less often."""

OVERLAP = timedelta(seconds=5)
"""Documents are asked for that changed so long before the last reading: clocks of hosts differ."""

WHOLE_SECONDS = 30.0
"""How often all documents are read, for those that OVERLAP was too short for."""

SETTLE_SECONDS = COMMIT_SECONDS + 2
"""How long the end of a cancelled sync is withheld until its documents have ended too."""

HEARTBEAT_SECONDS = 15.0


class TaskReader:
    """Keeps the feed of one task up to date while somebody watches."""

    def __init__(self, resources: Resources, task_id: str, *, threads: CapacityLimiter) -> None:
        self.task_id = task_id
        self.watchers = 0
        self._resources = resources
        self._threads = threads
        self._feed: TaskFeed | None = None
        self._failure: KbSyncError | None = None
        self._stopped = False
        self._woken = asyncio.Event()
        self._advanced = asyncio.Event()
        self._read_whole_at = 0.0
        self._running = asyncio.create_task(self._run(), name=f"progress of {task_id}")

    @property
    def has_ended(self) -> bool:
        """Whether the task has ended, as far as it was read."""
        return self._feed is not None and self._feed.has_ended

    async def load(self) -> None:
        """Wait until the task was read. Raises `SyncTaskNotFound` or `ServiceUnavailable`."""
        while self._feed is None and self._failure is None and not self._stopped:
            await self._advanced.wait()
        if self._failure is not None:
            raise self._failure

    def wake(self) -> None:
        """Read the task now, if it is not being read."""
        self._woken.set()

    def stop(self) -> None:
        """End all streams of this task and read no more."""
        self._stopped = True
        self._running.cancel()
        self._tell()

    async def closed(self) -> None:
        """Wait until nothing of a stopped reader is left."""
        await asyncio.gather(self._running, return_exceptions=True)

    async def batches(self, last: EventId | None, language: Language) -> AsyncIterator[Batch | None]:
        """Give what a watcher is to be sent, from where it stands to the end; None where it is time for a heartbeat.

        Ends early where the process stops. A watcher that takes its time is given the newest states when it comes back.
        Raises `SyncTaskNotFound` where the task is removed meanwhile.
        """
        await self.load()
        feed = self._feed
        if feed is None or self._stopped:
            return
        version = feed.version
        batch = feed.since_event(last, language)
        yield batch
        while not batch.is_last and not self._stopped:
            if feed.version > version:
                version, batch = feed.version, feed.since_version(version, language)
                yield batch
            elif self._failure is not None:
                raise self._failure
            elif not await self._next_advance():
                yield None

    async def _next_advance(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._advanced.wait()
                return True
        return False

    def _tell(self) -> None:
        self._advanced.set()
        self._advanced = asyncio.Event()

    async def _run(self) -> None:
        try:
            await self._read_until_ended()
        except KbSyncError as error:
            self._failure = error
        except Exception:  # a boundary: those who wait for this task must be told
            logger.exception("reading of progress crashed")
            self._failure = KbSyncError()
        finally:
            self._tell()

    async def _read_until_ended(self) -> None:
        self._feed = TaskFeed(await self._settled_snapshot())
        self._tell()
        while not self._feed.has_ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            began = time.monotonic()
            if await self._advance(self._feed):
                self._woken.set()
            await asyncio.sleep(max(PACE_SECONDS, COST_FACTOR * (time.monotonic() - began)))

    async def _advance(self, feed: TaskFeed) -> bool:
        """Read the task once more; True where something changed. What keeps it from being read may pass."""
        try:
            changed = feed.take(await self._settled_snapshot())
        except SyncTaskNotFound:
            raise
        except KbSyncError as error:
            logger.warning("progress not read", extra={"task_id": self.task_id, "reason": str(error)})
            return False
        except Exception:  # the watchers wait for this task; the next reading may succeed
            logger.exception("reading of progress crashed")
            return False
        if changed:
            self._tell()
        return changed

    async def _settled_snapshot(self) -> Snapshot:
        """Read the task; where it has ended, wait a while until all its documents have."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            snapshot, is_settled = await anyio.to_thread.run_sync(self._read, limiter=self._threads)
            if not snapshot.has_ended or is_settled or time.monotonic() > deadline:
                return snapshot
            await asyncio.sleep(PACE_SECONDS)

    def _read(self) -> tuple[Snapshot, bool]:
        read_at = clock.now()
        is_whole = self._feed is None or time.monotonic() - self._read_whole_at > WHOLE_SECONDS
        since = None if is_whole or self._feed is None else self._feed.read_at - OVERLAP
        observation = observe(self._resources, self.task_id, changed_since=since)
        if observation.is_whole:
            self._read_whole_at = time.monotonic()
        return Snapshot.of(observation, read_at=read_at), observation.is_settled
