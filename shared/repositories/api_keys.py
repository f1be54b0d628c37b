"""API keys: their hashes, owners and roles."""

from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from shared.access.keys import ApiKey
from shared.repositories.database import Record, repository

OLDEST_FIRST = [("created_at", ASCENDING), ("_id", ASCENDING)]


@repository
class ApiKeyRepository:
    """The collection `api_keys`. A revoked key stays, so that its id still names it."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database["api_keys"]

    def create_indexes(self) -> None:
        self._collection.create_index([("user_id", ASCENDING), ("created_at", DESCENDING)])

    def insert(self, key: ApiKey) -> None:
        self._collection.insert_one(key.model_dump(by_alias=True, exclude_none=True))

    def find(self, token_id: str) -> ApiKey | None:
        found = self._collection.find_one({"_id": token_id})
        return ApiKey.model_validate(found) if found else None

    def all(self) -> list[ApiKey]:
        return [ApiKey.model_validate(found) for found in self._collection.find().sort(OLDEST_FIRST)]

    def note_use(self, token_id: str, *, at: datetime, interval: timedelta) -> None:
        """Note that the key was used, unless that was noted within `interval`."""
        due = [{"last_used_at": {"$exists": False}}, {"last_used_at": {"$lte": at - interval}}]
        self._collection.update_one({"_id": token_id, "$or": due}, {"$set": {"last_used_at": at}})

    def revoke(self, token_id: str, *, at: datetime) -> ApiKey | None:
        """Make a key useless for ever and return it; None where there is none. The first revocation counts."""
        self._collection.update_one({"_id": token_id, "revoked_at": {"$exists": False}}, {"$set": {"revoked_at": at}})
        return self.find(token_id)
