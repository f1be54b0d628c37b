"""Sync tasks. One is active for each knowledge base at most: a unique index says so."""

from datetime import datetime

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import clock
from shared.access.scope import EVERYTHING, Scope
from shared.errors import SyncAlreadyRunning, SyncTaskNotFound
from shared.models import SyncTask
from shared.repositories.database import Record, repository
from shared.repositories.knowledge_bases import KnowledgeBaseRepository
from shared.states import TASK_TRANSITIONS, TaskStatus, sources_of


@repository
class SyncTaskRepository:
    """The collection `sync_tasks`. A task is found by its id where its knowledge base lies in the scope."""

    def __init__(self, database: Database[Record], scope: Scope = EVERYTHING) -> None:
        self._collection = database["sync_tasks"]
        self._owners = KnowledgeBaseRepository(database, scope)

    def create_indexes(self) -> None:
        self._collection.create_index(
            [("kb_id", ASCENDING)],
            unique=True,
            partialFilterExpression={"active": True},
            name="one_active_sync_per_knowledge_base",
        )
        self._collection.create_index([("kb_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)])
        self._collection.create_index([("active", ASCENDING)], partialFilterExpression={"active": True})

    def insert(self, task: SyncTask) -> None:
        """Add an active task. Raises `SyncAlreadyRunning` with the id of the one that is there."""
        record = task.model_dump(by_alias=True, exclude_none=True)
        try:
            self._collection.insert_one(record)
        except DuplicateKeyError as error:
            running = self.find_active(task.kb_id)
            if running is not None:
                raise SyncAlreadyRunning(running.id) from error
            self._collection.insert_one(record)  # the other one ended between the two calls

    def get(self, task_id: str) -> SyncTask:
        """Raises `SyncTaskNotFound`."""
        found = self.find(task_id)
        if found is None:
            raise SyncTaskNotFound(task_id)
        return found

    def find(self, task_id: str) -> SyncTask | None:
        found = self._collection.find_one({"_id": task_id})
        return SyncTask.model_validate(found) if found and self._owners.sees(found["kb_id"]) else None

    def find_active(self, kb_id: str) -> SyncTask | None:
        found = self._collection.find_one({"kb_id": kb_id, "active": True})
        return SyncTask.model_validate(found) if found else None

    def all_active(self) -> list[SyncTask]:
        return [SyncTask.model_validate(found) for found in self._collection.find({"active": True})]

    def is_active(self, task_id: str) -> bool:
        return self._collection.find_one({"_id": task_id, "active": True}, {"_id": 1}) is not None

    def list_newest(self, kb_id: str, *, status: TaskStatus | None, limit: int) -> list[SyncTask]:
        query: Record = {"kb_id": kb_id} | ({"status": status} if status else {})
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        return [SyncTask.model_validate(found) for found in self._collection.find(query).sort(order).limit(limit)]

    def counts_by_status(self, kb_id: str | None) -> dict[str, int]:
        counted = [kb_id] if kb_id else self._owners.seen_ids()
        match: list[Record] = [{"$match": {"kb_id": {"$in": counted}}}] if counted is not None else []
        pipeline = [*match, {"$group": {"_id": "$status", "count": {"$sum": 1}}}]
        return {found["_id"]: found["count"] for found in self._collection.aggregate(pipeline)}

    def start(self, task_id: str) -> bool:
        """Move from pending to running; False where somebody did before or the task has ended."""
        result = self._collection.update_one(
            {"_id": task_id, "active": True, "status": TaskStatus.PENDING},
            {"$set": {"status": TaskStatus.RUNNING, "started_at": clock.now()}},
        )
        return result.modified_count == 1

    def end(self, task_id: str, status: TaskStatus, *, at: datetime) -> SyncTask | None:
        """Move to a terminal status. Anyone may try; exactly one gets the task back, the others None."""
        moment = "cancelled_at" if status is TaskStatus.CANCELLED else "completed_at"
        found = self._collection.find_one_and_update(
            {"_id": task_id, "active": True, "status": {"$in": sources_of(TASK_TRANSITIONS, status)}},
            {"$set": {"status": status, moment: at}, "$unset": {"active": ""}},
            return_document=ReturnDocument.AFTER,
        )
        return SyncTask.model_validate(found) if found else None

    def delete_of(self, kb_id: str) -> None:
        self._collection.delete_many({"kb_id": kb_id})
