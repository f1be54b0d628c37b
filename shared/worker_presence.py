"""Which workers live and what they listen to: each writes a key with a short life, and renews it.

Health asks here instead of broadcasting to the workers, which would take a second and fail when they are busy.
"""

from collections.abc import Sequence

from shared.queue import QueueName
from shared.redis_client import RedisClient, translated_errors

TTL_SECONDS = 15
RENEW_SECONDS = 5
PREFIX = "kbsync:worker:"


class WorkerPresence:
    """The live workers, at `kbsync:worker:<hostname>`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def announce(self, hostname: str, queues: Sequence[str]) -> None:
        with translated_errors():
            self._client.set(f"{PREFIX}{hostname}", ",".join(queues), ex=TTL_SECONDS)

    def leave(self, hostname: str) -> None:
        with translated_errors():
            self._client.delete(f"{PREFIX}{hostname}")

    def consumers(self) -> dict[QueueName, int]:
        """Count the live workers of each queue."""
        with translated_errors():
            keys = list(self._client.scan_iter(match=f"{PREFIX}*", count=1000))
            values = self._client.mget(keys) if keys else []
        listened = [queue for value in values if value for queue in str(value).split(",")]
        return {name: listened.count(str(name)) for name in QueueName}
