"""Celery's Redis backend without the part that waits for results: the service has chords, and never reads a result."""

from celery.backends.redis import RedisBackend
from celery.result import AsyncResult


class UnreadResults(RedisBackend):  # type: ignore[misc]  # Celery has no types
    """Counts chord headers and subscribes to nothing.

    The original subscribes to one channel for each header of a chord it publishes, from the publishing process, and
    raises `RuntimeError: ... The Celery application must be restarted` when that connection cannot be had again.
    """

    def add_pending_result(self, result: AsyncResult, *_: object, **__: object) -> AsyncResult:
        return result

    def remove_pending_result(self, result: AsyncResult) -> AsyncResult:
        return result

    def on_task_call(self, producer: object, task_id: str) -> None:
        """Nothing to wait for."""
