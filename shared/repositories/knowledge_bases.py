"""Knowledge bases: the records that say what belongs to whom."""

import re
from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import clock
from shared.access.scope import EVERYTHING, Scope
from shared.errors import KnowledgeBaseNameTaken, KnowledgeBaseNotFound
from shared.models import EmbeddingChoice, KnowledgeBase
from shared.object_stores.base import BucketPlace
from shared.repositories.database import Record, drop_index, repository
from shared.states import KnowledgeBaseStatus

ACTIVE = {"status": KnowledgeBaseStatus.ACTIVE}

NAMES_OF_ALL = "name_1"
"""The index of version 0.1 that made names unique over all owners, so that 2002 would tell one what another has."""


@repository
class KnowledgeBaseRepository:
    """The collection `knowledge_bases`. One that is being deleted, or lies outside the scope, is not found."""

    def __init__(self, database: Database[Record], scope: Scope = EVERYTHING) -> None:
        self._collection = database["knowledge_bases"]
        self._scope = scope
        self._seen: Record = {**ACTIVE, **scope.filter}

    def create_indexes(self) -> None:
        self._collection.create_index([("user_id", ASCENDING), ("name", ASCENDING)], unique=True)
        drop_index(self._collection, NAMES_OF_ALL)
        newest_first = [("created_at", DESCENDING), ("_id", DESCENDING)]
        self._collection.create_index(newest_first)
        self._collection.create_index([("user_id", ASCENDING), *newest_first])

    def insert(self, knowledge_base: KnowledgeBase) -> None:
        """Raises `KnowledgeBaseNameTaken`."""
        try:
            self._collection.insert_one(knowledge_base.model_dump(by_alias=True))
        except DuplicateKeyError as error:
            raise KnowledgeBaseNameTaken(knowledge_base.name) from error

    def get(self, kb_id: str) -> KnowledgeBase:
        """Raises `KnowledgeBaseNotFound`."""
        found = self._collection.find_one({"_id": kb_id, **self._seen})
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return KnowledgeBase.model_validate(found)

    def find_by_id_prefix(self, prefix: str) -> list[KnowledgeBase]:
        """Return those whose id begins with `prefix`: one, short of a chance of one in 2^48."""
        cursor = self._collection.find({"_id": {"$regex": f"^{re.escape(prefix)}"}, **self._seen})
        return [KnowledgeBase.model_validate(found) for found in cursor]

    def place_of(self, kb_id: str) -> BucketPlace | None:
        """Return where a knowledge base keeps its files, also one that is being deleted; None for the common place."""
        found = self._collection.find_one({"_id": kb_id}, {"s3_bucket": 1, "s3_prefix": 1})
        if found is None or found.get("s3_bucket") is None:
            return None
        return BucketPlace(bucket=found["s3_bucket"], prefix=found.get("s3_prefix") or "")

    def places(self) -> set[BucketPlace]:
        """Return every place of its own that some knowledge base has."""
        cursor = self._collection.find({"s3_bucket": {"$type": "string"}}, {"s3_bucket": 1, "s3_prefix": 1})
        return {BucketPlace(bucket=found["s3_bucket"], prefix=found.get("s3_prefix") or "") for found in cursor}

    def names(self, kb_ids: Sequence[str]) -> dict[str, str]:
        cursor = self._collection.find({"_id": {"$in": list(kb_ids)}}, {"name": 1})
        return {found["_id"]: found["name"] for found in cursor}

    def page(self, *, skip: int, limit: int) -> tuple[list[KnowledgeBase], int]:
        """Return a page, newest first, and how many there are in all."""
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        cursor = self._collection.find(self._seen).sort(order).skip(skip).limit(limit)
        return [KnowledgeBase.model_validate(found) for found in cursor], self._collection.count_documents(self._seen)

    def sees(self, kb_id: str) -> bool:
        """Tell whether what belongs to a knowledge base may be seen, one that is being deleted too."""
        if self._scope.sees_everything:
            return True
        return self._collection.find_one({"_id": kb_id, **self._scope.filter}, {"_id": 1}) is not None

    def seen_ids(self) -> list[str] | None:
        """Return the ids of those that are seen, or None where that is all of them."""
        if self._scope.sees_everything:
            return None
        return [found["_id"] for found in self._collection.find(self._seen, {"_id": 1})]

    def count(self) -> int:
        return self._collection.count_documents(self._seen)

    def update(
        self, kb_id: str, *, name: str | None, description: str | None, embedding: EmbeddingChoice | None = None
    ) -> KnowledgeBase:
        """Change what is given. Raises `KnowledgeBaseNotFound` or `KnowledgeBaseNameTaken`."""
        chosen = embedding.model_dump() if embedding is not None else None
        changes = {"name": name, "description": description, "embedding": chosen}
        fields = {field: value for field, value in changes.items() if value is not None}
        try:
            found = self._collection.find_one_and_update(
                {"_id": kb_id, **self._seen},
                {"$set": {**fields, "updated_at": clock.now()}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            raise KnowledgeBaseNameTaken(name or "") from error
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return KnowledgeBase.model_validate(found)

    def give(self, kb_id: str, *, user_id: str) -> KnowledgeBase:
        """Let it belong to another user. Raises `KnowledgeBaseNotFound` or `KnowledgeBaseNameTaken`."""
        try:
            found = self._collection.find_one_and_update(
                {"_id": kb_id, **self._seen},
                {"$set": {"user_id": user_id, "updated_at": clock.now()}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            raise KnowledgeBaseNameTaken(self.get(kb_id).name) from error
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return KnowledgeBase.model_validate(found)

    def next_fence(self, kb_id: str) -> int:
        """Give a new sync its number. Raises `KnowledgeBaseNotFound`."""
        found = self._collection.find_one_and_update(
            {"_id": kb_id, **self._seen}, {"$inc": {"fence": 1}}, return_document=ReturnDocument.AFTER
        )
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return int(found["fence"])

    def mark_deleting(self, kb_id: str) -> KnowledgeBase:
        """Hide it from everyone and free its name. Raises `KnowledgeBaseNotFound`."""
        found = self._collection.find_one_and_update(
            {"_id": kb_id, **self._seen},
            {
                "$set": {
                    "status": KnowledgeBaseStatus.DELETING,
                    "name": f"deleted {kb_id}",
                    "updated_at": clock.now(),
                }
            },
            return_document=ReturnDocument.AFTER,
        )
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return KnowledgeBase.model_validate(found)

    def deleting(self) -> list[KnowledgeBase]:
        """Return those whose deletion was begun and not ended."""
        return [
            KnowledgeBase.model_validate(found)
            for found in self._collection.find({"status": KnowledgeBaseStatus.DELETING})
        ]

    def delete(self, kb_id: str) -> None:
        self._collection.delete_one({"_id": kb_id})
