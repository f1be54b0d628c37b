"""Whether the service can do its work, part by part."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from shared import clock, redis_client
from shared.errors import KbSyncError
from shared.queue import QueueName
from shared.repositories import database
from shared.resources import Resources


@dataclass(frozen=True)
class PartHealth:
    healthy: bool
    response_time_ms: float
    reason: str | None = None


@dataclass(frozen=True)
class QueueHealth:
    """A queue: how many messages wait, and how many live workers listen."""

    depth: int
    consumers: int

    @property
    def healthy(self) -> bool:
        return self.consumers > 0


@dataclass(frozen=True)
class Health:
    at: datetime
    parts: dict[str, PartHealth]
    queues: dict[QueueName, QueueHealth]

    @property
    def workers_healthy(self) -> bool:
        """A queue without a live worker holds tasks that nobody will ever run."""
        return bool(self.queues) and all(queue.healthy for queue in self.queues.values())

    @property
    def healthy(self) -> bool:
        return self.workers_healthy and all(part.healthy for part in self.parts.values())


def check(resources: Resources) -> Health:
    """Ask every part at once; a part that does not answer takes as long as its client's time limit."""
    checks: dict[str, Callable[[], None]] = {
        "mongodb": lambda: database.ping(resources.database),
        "redis": lambda: redis_client.ping(resources.redis),
        "object_store": lambda: resources.object_store.ping(),  # noqa: PLW0108 - opening it may fail as well
        "vector_store": lambda: resources.vector_store.ping(),  # noqa: PLW0108
    }
    with ThreadPoolExecutor(max_workers=len(checks) + 1) as pool:
        queues = pool.submit(_queues, resources)
        parts = dict(zip(checks, pool.map(_timed, checks.values()), strict=True))
        return Health(at=clock.now(), parts=parts, queues=queues.result())


def _timed(check_part: Callable[[], None]) -> PartHealth:
    start = time.perf_counter()
    reason: str | None = None
    try:
        check_part()
    except KbSyncError as error:
        reason = error.message("en")
    elapsed_ms = round((time.perf_counter() - start) * 1000, 2)
    return PartHealth(healthy=reason is None, response_time_ms=elapsed_ms, reason=reason)


def _queues(resources: Resources) -> dict[QueueName, QueueHealth]:
    try:
        depths, consumers = resources.queue.depths(), resources.presence.consumers()
    except KbSyncError:
        return {}
    return {name: QueueHealth(depth=depths[name], consumers=consumers[name]) for name in QueueName}
