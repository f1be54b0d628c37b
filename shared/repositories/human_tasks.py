"""Human-in-the-loop tasks."""

from collections.abc import Mapping

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import clock
from shared.access.scope import EVERYTHING, Scope
from shared.human_tasks import HumanTask, HumanTaskChanges
from shared.repositories.database import Record, drop_index, repository, within

NEWEST_FIRST = [("created_at", DESCENDING), ("_id", DESCENDING)]

NAMED_FIELDS = ("user_id", "token_id", "timestamp", "conversations.conversation_id")
"""Indexed by itself each, as the API's document says."""

FILTERED_FIELDS = ("user_id", "token_id")
"""Lists by these are sorted by an index too, whatever their length."""

NOBODYS_TASKS = "task_id_of_nobody"
TASKS_OF_ALL = "task_id_1"
"""The index of version 0.1 that let only one owner have a task of some id."""


@repository
class HumanTaskRepository:
    """The collection `human_tasks`. A task is known by its `task_id`, to each owner by itself.

    `user_id` is what a client says, `owner` the user under whose name the task was made while access was on. Without
    one, `task_id` alone names a task, whatever `user_id` says.
    """

    def __init__(self, database: Database[Record], scope: Scope = EVERYTHING) -> None:
        self._collection = database["human_tasks"]
        self._scope = scope

    def create_indexes(self) -> None:
        self._collection.create_index([("task_id", ASCENDING), ("owner", ASCENDING)], unique=True)
        self._collection.create_index(
            [("task_id", ASCENDING)], unique=True, partialFilterExpression={"owner": None}, name=NOBODYS_TASKS
        )
        drop_index(self._collection, TASKS_OF_ALL)
        for field in NAMED_FIELDS:
            self._collection.create_index([(field, ASCENDING)])
        self._collection.create_index(NEWEST_FIRST)
        for field in FILTERED_FIELDS:
            self._collection.create_index([(field, ASCENDING), *NEWEST_FIRST])

    def update(self, changes: HumanTaskChanges, *, owner: str | None = None) -> str | None:
        """Replace the fields that were sent, in one step, and return the record's id; None where there is no task.

        With an `owner` only a task of that user is changed: one that was made under its name, or says so and was made
        while access was off.
        """
        fields = changes.model_dump(exclude_unset=True, exclude={"task_id"})
        owned = {"$or": [{"owner": owner}, {"owner": None, "user_id": owner}]} if owner is not None else {}
        found = self._collection.find_one_and_update(
            {"task_id": changes.task_id, **owned},
            {"$set": {**fields, "updated_at": clock.now()}},
            projection={"_id": 1},
        )
        return str(found["_id"]) if found else None

    def insert(self, changes: HumanTaskChanges, *, owner: str | None = None) -> str | None:
        """Add a task and return the record's id; None where the owner has one of this `task_id` already."""
        at = clock.now()
        record: Record = {**changes.model_dump(), "created_at": at, "updated_at": at}
        if owner is not None:
            record["owner"] = owner
        try:
            return str(self._collection.insert_one(record).inserted_id)
        except DuplicateKeyError:
            return None

    def find(self, task_id: str, *, user_id: str | None = None) -> HumanTask | None:
        """Return a task, the newest where several users have one of this id."""
        found = self._collection.find_one(self._named(task_id, user_id), sort=NEWEST_FIRST)
        return _task(found) if found else None

    def list_newest(self, filters: Mapping[str, str], *, skip: int, limit: int) -> list[HumanTask]:
        """Return tasks whose fields equal `filters` (of `task_id`, `user_id`, `token_id`), newest first."""
        cursor = self._collection.find(within(filters, self._scope)).skip(skip).limit(limit)
        # Where access is off there is nothing to sort of one task.
        if "task_id" not in filters or self._scope.user_id is not None:
            cursor.sort(NEWEST_FIRST)
        return [_task(found) for found in cursor]

    def delete(self, task_id: str, *, user_id: str | None = None) -> bool:
        """Remove a task, the newest where several users have one of this id."""
        found = self._collection.find_one_and_delete(
            self._named(task_id, user_id), projection={"_id": 1}, sort=NEWEST_FIRST
        )
        return found is not None

    def _named(self, task_id: str, user_id: str | None) -> Record:
        return within({"task_id": task_id} | ({"user_id": user_id} if user_id else {}), self._scope)


def _task(record: Record) -> HumanTask:
    return HumanTask.model_validate({**record, "id": str(record["_id"])})
