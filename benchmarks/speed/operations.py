"""What a stack's servers are asked: operations of MongoDB, commands of Redis, messages of Celery."""

from dataclasses import dataclass
from typing import Self

from pymongo import MongoClient
from redis import Redis

from shared.embedded.state import StackState

_COUNTED = ("insert", "query", "update", "delete", "getmore", "command")
_PUSH = "cmdstat_lpush"
"""With which Celery sends a message; nothing else in the service uses it."""


@dataclass(frozen=True)
class Operations:
    """Counts since the servers' start, or between two moments."""

    mongodb: int
    redis: int
    messages: int

    @classmethod
    def so_far(cls, state: StackState) -> Self:
        mongodb: MongoClient[dict[str, object]] = MongoClient(state.mongodb_url)
        redis = Redis.from_url(state.redis_url)
        try:
            counters = mongodb.admin.command("serverStatus")["opcounters"]
            commands: dict[str, dict[str, int]] = redis.info("commandstats")
        finally:
            redis.close()
            mongodb.close()
        return cls(
            mongodb=sum(int(counters[name]) for name in _COUNTED),
            redis=sum(command["calls"] for command in commands.values()),
            messages=commands.get(_PUSH, {"calls": 0})["calls"],
        )

    def since(self, before: "Operations") -> "Operations":
        return Operations(self.mongodb - before.mongodb, self.redis - before.redis, self.messages - before.messages)

    def per(self, documents: int) -> dict[str, float]:
        return {
            "MongoDB operations per document": self.mongodb / documents,
            "Redis commands per document": self.redis / documents,
            "messages per document": self.messages / documents,
        }
