"""Human-in-the-loop tasks."""

from collections.abc import Mapping

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import clock
from shared.human_tasks import HumanTask, HumanTaskChanges
from shared.repositories.database import Record, repository

NEWEST_FIRST = [("created_at", DESCENDING), ("_id", DESCENDING)]

NAMED_FIELDS = ("user_id", "token_id", "timestamp", "conversations.conversation_id")
"""Indexed by itself each, as the API's document says."""

FILTERED_FIELDS = ("user_id", "token_id")
"""Lists by these are sorted by an index too, whatever their length."""


@repository
class HumanTaskRepository:
    """The collection `human_tasks`. A task is known by its `task_id`."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database["human_tasks"]

    def create_indexes(self) -> None:
        self._collection.create_index([("task_id", ASCENDING)], unique=True)
        for field in NAMED_FIELDS:
            self._collection.create_index([(field, ASCENDING)])
        self._collection.create_index(NEWEST_FIRST)
        for field in FILTERED_FIELDS:
            self._collection.create_index([(field, ASCENDING), *NEWEST_FIRST])

    def update(self, changes: HumanTaskChanges) -> str | None:
        """Replace the fields that were sent, in one step, and return the record's id; None where there is no task."""
        fields = changes.model_dump(exclude_unset=True, exclude={"task_id"})
        found = self._collection.find_one_and_update(
            {"task_id": changes.task_id},
            {"$set": {**fields, "updated_at": clock.now()}},
            projection={"_id": 1},
        )
        return str(found["_id"]) if found else None

    def insert(self, changes: HumanTaskChanges) -> str | None:
        """Add a task and return the record's id; None where the task is there already."""
        at = clock.now()
        record: Record = {**changes.model_dump(), "created_at": at, "updated_at": at}
        try:
            return str(self._collection.insert_one(record).inserted_id)
        except DuplicateKeyError:
            return None

    def find(self, task_id: str) -> HumanTask | None:
        found = self._collection.find_one({"task_id": task_id})
        return _task(found) if found else None

    def list_newest(self, filters: Mapping[str, str], *, skip: int, limit: int) -> list[HumanTask]:
        """Return tasks whose fields equal `filters` (of `task_id`, `user_id`, `token_id`), newest first."""
        cursor = self._collection.find(dict(filters)).skip(skip).limit(limit)
        if "task_id" not in filters:  # of one task there is nothing to sort
            cursor.sort(NEWEST_FIRST)
        return [_task(found) for found in cursor]

    def delete(self, task_id: str) -> bool:
        return self._collection.delete_one({"task_id": task_id}).deleted_count == 1


def _task(record: Record) -> HumanTask:
    return HumanTask.model_validate({**record, "id": str(record["_id"])})
