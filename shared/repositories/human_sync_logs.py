"""Logs of the syncs of human-in-the-loop tasks. They outlive their task."""

from collections.abc import Mapping

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from shared.access.scope import EVERYTHING, Scope
from shared.human_tasks import NewSyncLog, SyncLog
from shared.repositories.database import Record, repository, within

NEWEST_FIRST = [("synced_at", DESCENDING), ("_id", DESCENDING)]

NAMED_FIELDS = ("task_id", "user_id", "synced_at")
"""Indexed by itself each, as the API's document says."""

FILTERED_FIELDS = ("task_id", "user_id", "sync_status")
"""Lists by these are sorted by an index too, whatever their length."""


@repository
class HumanSyncLogRepository:
    """The collection `human_sync_logs`."""

    def __init__(self, database: Database[Record], scope: Scope = EVERYTHING) -> None:
        self._collection = database["human_sync_logs"]
        self._scope = scope

    def create_indexes(self) -> None:
        for field in NAMED_FIELDS:
            self._collection.create_index([(field, ASCENDING)])
        self._collection.create_index(NEWEST_FIRST)
        for field in FILTERED_FIELDS:
            self._collection.create_index([(field, ASCENDING), *NEWEST_FIRST])

    def insert(self, log: NewSyncLog) -> str:
        """Add a log and return the record's id."""
        return str(self._collection.insert_one(log.model_dump()).inserted_id)

    def list_newest(self, filters: Mapping[str, str], *, skip: int, limit: int) -> list[SyncLog]:
        """Return logs whose fields equal `filters` (of `task_id`, `user_id`, `sync_status`), newest first."""
        cursor = self._collection.find(within(filters, self._scope)).sort(NEWEST_FIRST).skip(skip).limit(limit)
        return [SyncLog.model_validate({**found, "id": str(found["_id"])}) for found in cursor]
