"""All syncs that are watched in this process."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter

from api.progress_reader import TaskReader
from shared.progress_channel import listen
from shared.resources import Resources

logger = logging.getLogger(__name__)

LINGER_SECONDS = 5.0
"""A task that nobody watches any more is kept so long, for those who connect again."""

READER_THREADS = 8
"""Readings at a time. They have threads of their own: a MongoDB that hangs must not use up those of other requests."""


class ProgressHub:
    """One reader for each watched task, and one ear for the words of all."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._threads = CapacityLimiter(READER_THREADS)
        self._readers: dict[str, TaskReader] = {}
        self._ear: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return sum(reader.watchers for reader in self._readers.values())

    def readers_of(self, task_id: str) -> int:
        """How many read a task for all who watch it: one, or none."""
        return int(task_id in self._readers)

    @asynccontextmanager
    async def watching(self, task_id: str) -> AsyncIterator[TaskReader]:
        """Have a task read for as long as the context lasts. Raises `SyncTaskNotFound` or `ServiceUnavailable`."""
        self._listen()
        reader = self._readers.get(task_id)
        if reader is None:
            reader = self._readers[task_id] = TaskReader(self._resources, task_id, threads=self._threads)
        if self._stopped:
            reader.stop()
        reader.watchers += 1
        forget_after = LINGER_SECONDS
        try:
            try:
                await reader.load()
            except BaseException:  # the next one who asks has it read anew
                forget_after = 0.0
                raise
            yield reader
        finally:
            reader.watchers -= 1
            if reader.watchers == 0:
                asyncio.get_running_loop().call_later(forget_after, self._forget, reader)

    def stop(self) -> None:
        """End every stream: who watches connects again, to another process."""
        self._stopped = True
        for reader in self._readers.values():
            reader.stop()

    async def close(self) -> None:
        """Stop, and wait until nothing runs any more."""
        self.stop()
        if self._ear is not None:
            self._ear.cancel()
            await asyncio.gather(self._ear, return_exceptions=True)
        for reader in list(self._readers.values()):
            await reader.closed()
        self._readers.clear()

    def _forget(self, reader: TaskReader) -> None:
        if reader.watchers == 0 and self._readers.get(reader.task_id) is reader:
            del self._readers[reader.task_id]
            reader.stop()

    def _listen(self) -> None:
        """Open the ear with the first watcher; it stays open."""
        if self._ear is None and not self._stopped:
            url = self._resources.settings.redis_url
            listening = listen(url, heard=self._hear, connected=self._wake_all)
            self._ear = asyncio.create_task(listening, name="progress words")

    def _hear(self, task_id: str) -> None:
        reader = self._readers.get(task_id)
        if reader is not None:
            reader.wake()

    def _wake_all(self) -> None:
        for reader in self._readers.values():
            reader.wake()
