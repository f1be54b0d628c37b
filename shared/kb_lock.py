"""The lock that lets one sync of a knowledge base run at a time.

It is the fast guard; the unique index on `sync_tasks` is the one that cannot lie. The lock belongs to a sync, not to
a process: whoever finishes the sync releases it, the reconciler renews it, takes it again after Redis lost it, and
clears one whose sync has ended. Its value names the sync and its fence, so that nobody releases that of another.
"""

from dataclasses import dataclass

from shared.redis_client import RedisClient, translated_errors

COMPARE_AND_DELETE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

COMPARE_AND_SET = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


@dataclass(frozen=True)
class LockHolder:
    """The sync that a lock stands for."""

    task_id: str
    fence: int

    @property
    def value(self) -> str:
        return f"{self.task_id}:{self.fence}"

    @classmethod
    def parse(cls, value: str) -> "LockHolder":
        task_id, _, fence = value.rpartition(":")
        return cls(task_id=task_id or value, fence=int(fence) if fence.isdigit() else 0)


class KnowledgeBaseLock:
    """The locks of all knowledge bases, at `kbsync:lock:<kb_id>`."""

    def __init__(self, client: RedisClient, *, ttl_seconds: float) -> None:
        self._client = client
        self._ttl_ms = int(ttl_seconds * 1000)
        self._compare_and_delete = client.register_script(COMPARE_AND_DELETE)
        self._compare_and_set = client.register_script(COMPARE_AND_SET)

    def acquire(self, kb_id: str, holder: LockHolder) -> bool:
        """Take the lock where nobody has it."""
        with translated_errors():
            return bool(self._client.set(_key(kb_id), holder.value, nx=True, px=self._ttl_ms))

    def holder(self, kb_id: str) -> LockHolder | None:
        with translated_errors():
            value = self._client.get(_key(kb_id))
        return LockHolder.parse(str(value)) if value is not None else None

    def take_over(self, kb_id: str, *, stale: LockHolder, holder: LockHolder) -> bool:
        """Take the lock from a sync that has ended, or where nobody has it."""
        with translated_errors():
            return bool(self._compare_and_set(keys=[_key(kb_id)], args=[stale.value, holder.value, self._ttl_ms]))

    def renew(self, kb_id: str, holder: LockHolder) -> bool:
        """Prolong the lock, and take it again where Redis lost it; False where another sync has it."""
        return self.take_over(kb_id, stale=holder, holder=holder)

    def release(self, kb_id: str, holder: LockHolder) -> bool:
        """Give the lock back; False where this sync did not have it."""
        with translated_errors():
            return bool(self._compare_and_delete(keys=[_key(kb_id)], args=[holder.value]))

    def held_knowledge_bases(self) -> list[str]:
        with translated_errors():
            keys = list(self._client.scan_iter(match=_key("*"), count=1000))
        return [str(key).removeprefix(_key("")) for key in keys]


def _key(kb_id: str) -> str:
    return f"kbsync:lock:{kb_id}"
