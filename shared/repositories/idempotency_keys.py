"""Idempotency keys: which task a key made, for 24 hours."""

from datetime import timedelta

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import clock
from shared.repositories.database import Record, repository

LIFETIME = timedelta(hours=24)


@repository
class IdempotencyKeyRepository:
    """The collection `idempotency_keys`."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database["idempotency_keys"]

    def create_indexes(self) -> None:
        self._collection.create_index([("created_at", ASCENDING)], expireAfterSeconds=int(LIFETIME.total_seconds()))

    def claim(self, key: str, *, body_hash: str, task_id: str) -> tuple[str, str]:
        """Bind the key to a body and a task unless it is bound; return what it stands for."""
        at = clock.now()
        self._collection.delete_one({"_id": key, "created_at": {"$lt": at - LIFETIME}})
        try:
            self._collection.insert_one({"_id": key, "body_hash": body_hash, "task_id": task_id, "created_at": at})
        except DuplicateKeyError:
            found = self._collection.find_one({"_id": key})
            if found is not None:
                return str(found["body_hash"]), str(found["task_id"])
        return body_hash, task_id

    def rebind(self, key: str, *, task_id: str, new_task_id: str) -> bool:
        """Let the key stand for another task; False where it does not stand for `task_id` any more."""
        result = self._collection.update_one(
            {"_id": key, "task_id": task_id}, {"$set": {"task_id": new_task_id, "created_at": clock.now()}}
        )
        return result.matched_count == 1

    def release(self, key: str, *, task_id: str) -> None:
        """Forget a key whose task was refused, so that it may be used again."""
        self._collection.delete_one({"_id": key, "task_id": task_id})
