"""What imports have met in the buckets of knowledge bases."""

from collections.abc import Sequence

from pymongo import ASCENDING
from pymongo.database import Database

from shared.models import BucketObject
from shared.repositories.database import Record, repository


@repository
class BucketObjectRepository:
    """The collection `bucket_objects`, one record for each object of a knowledge base's bucket."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database["bucket_objects"]

    def create_indexes(self) -> None:
        # Strings are compared by their UTF-8 bytes, which is the order in which S3 lists.
        self._collection.create_index([("kb_id", ASCENDING), ("key", ASCENDING)], unique=True)
        self._collection.create_index([("document_id", ASCENDING), ("key", ASCENDING)])

    def between(self, kb_id: str, *, after: str, upto: str | None, limit: int) -> list[BucketObject]:
        """Return the first records by key, from the one after `after` up to and with `upto`."""
        bounds: Record = {"$gt": after} | ({} if upto is None else {"$lte": upto})
        cursor = self._collection.find({"kb_id": kb_id, "key": bounds}).sort("key", ASCENDING).limit(limit)
        return [BucketObject.model_validate(found) for found in cursor]

    def save(self, met: BucketObject) -> None:
        self._collection.replace_one({"_id": met.id}, met.model_dump(by_alias=True), upsert=True)

    def other_with(self, document_id: str, *, key: str) -> BucketObject | None:
        """Return another object that has the bytes of a document."""
        found = self._collection.find_one({"document_id": document_id, "key": {"$ne": key}}, sort=[("key", ASCENDING)])
        return BucketObject.model_validate(found) if found else None

    def forget(self, kb_id: str, keys: Sequence[str]) -> None:
        self._collection.delete_many({"kb_id": kb_id, "key": {"$in": list(keys)}})

    def forget_knowledge_base(self, kb_id: str) -> None:
        self._collection.delete_many({"kb_id": kb_id})
