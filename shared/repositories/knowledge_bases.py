"""Knowledge bases."""

import re
from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import clock
from shared.errors import KnowledgeBaseNameTaken, KnowledgeBaseNotFound
from shared.models import EmbeddingChoice, KnowledgeBase
from shared.repositories.database import Record, repository
from shared.states import KnowledgeBaseStatus

ACTIVE = {"status": KnowledgeBaseStatus.ACTIVE}


@repository
class KnowledgeBaseRepository:
    """The collection `knowledge_bases`. One that is being deleted is not found any more."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database["knowledge_bases"]

    def create_indexes(self) -> None:
        self._collection.create_index([("name", ASCENDING)], unique=True)
        self._collection.create_index([("created_at", DESCENDING), ("_id", DESCENDING)])

    def insert(self, knowledge_base: KnowledgeBase) -> None:
        """Raises `KnowledgeBaseNameTaken`."""
        try:
            self._collection.insert_one(knowledge_base.model_dump(by_alias=True))
        except DuplicateKeyError as error:
            raise KnowledgeBaseNameTaken(knowledge_base.name) from error

    def get(self, kb_id: str) -> KnowledgeBase:
        """Raises `KnowledgeBaseNotFound`."""
        found = self._collection.find_one({"_id": kb_id, **ACTIVE})
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return KnowledgeBase.model_validate(found)

    def find_by_id_prefix(self, prefix: str) -> list[KnowledgeBase]:
        """Return those whose id begins with `prefix`: one, short of a chance of one in 2^48."""
        cursor = self._collection.find({"_id": {"$regex": f"^{re.escape(prefix)}"}, **ACTIVE})
        return [KnowledgeBase.model_validate(found) for found in cursor]

    def names(self, kb_ids: Sequence[str]) -> dict[str, str]:
        cursor = self._collection.find({"_id": {"$in": list(kb_ids)}}, {"name": 1})
        return {found["_id"]: found["name"] for found in cursor}

    def page(self, *, skip: int, limit: int) -> tuple[list[KnowledgeBase], int]:
        """Return a page, newest first, and how many there are in all."""
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        cursor = self._collection.find(ACTIVE).sort(order).skip(skip).limit(limit)
        return [KnowledgeBase.model_validate(found) for found in cursor], self._collection.count_documents(ACTIVE)

    def count(self) -> int:
        return self._collection.count_documents(ACTIVE)

    def update(
        self, kb_id: str, *, name: str | None, description: str | None, embedding: EmbeddingChoice | None = None
    ) -> KnowledgeBase:
        """Change what is given. Raises `KnowledgeBaseNotFound` or `KnowledgeBaseNameTaken`."""
        chosen = embedding.model_dump() if embedding is not None else None
        changes = {"name": name, "description": description, "embedding": chosen}
        fields = {field: value for field, value in changes.items() if value is not None}
        try:
            found = self._collection.find_one_and_update(
                {"_id": kb_id, **ACTIVE},
                {"$set": {**fields, "updated_at": clock.now()}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            raise KnowledgeBaseNameTaken(name or "") from error
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return KnowledgeBase.model_validate(found)

    def next_fence(self, kb_id: str) -> int:
        """Give a new sync its number. Raises `KnowledgeBaseNotFound`."""
        found = self._collection.find_one_and_update(
            {"_id": kb_id, **ACTIVE}, {"$inc": {"fence": 1}}, return_document=ReturnDocument.AFTER
        )
        if found is None:
            raise KnowledgeBaseNotFound(kb_id)
        return int(found["fence"])

    def mark_deleting(self, kb_id: str) -> KnowledgeBase:
        """Hide it from everyone and free its name. Raises `KnowledgeBaseNotFound`."""
        found = self._collection.find_one_and_update(
            {"_id": kb_id, **ACTIVE},
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
