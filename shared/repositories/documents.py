"""Documents of knowledge bases."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from pymongo.operations import UpdateOne

from shared import clock
from shared.access.scope import EVERYTHING, Scope
from shared.errors import ContentTaken, DocumentNotFound
from shared.models import Document, StoreFacts
from shared.repositories.database import Record, repository
from shared.repositories.knowledge_bases import KnowledgeBaseRepository
from shared.states import DocumentStatus

NO_ERROR = {"error_message": "", "error_message_en": "", "error_code": ""}


@repository
class DocumentRepository:
    """The collection `documents`. Equal bytes make one document of a knowledge base.

    A document that is looked up by its id alone is found where its knowledge base lies in the scope.
    """

    def __init__(self, database: Database[Record], scope: Scope = EVERYTHING) -> None:
        self._collection = database["documents"]
        self._owners = KnowledgeBaseRepository(database, scope)

    def create_indexes(self) -> None:
        self._collection.create_index([("kb_id", ASCENDING), ("sha256", ASCENDING)], unique=True)
        self._collection.create_index([("kb_id", ASCENDING), ("object_key", ASCENDING)], unique=True)
        self._collection.create_index([("kb_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)])
        self._collection.create_index([("kb_id", ASCENDING), ("status", ASCENDING), ("created_at", ASCENDING)])
        self._collection.create_index([("sync_task_id", ASCENDING), ("status", ASCENDING)], sparse=True)
        self._collection.create_index([("status", ASCENDING), ("updated_at", ASCENDING)])
        self._collection.create_index([("store_lock.until", ASCENDING)], sparse=True)

    def insert(self, document: Document) -> bool:
        """Add a document; False where the knowledge base holds these bytes, or a document of this object, already."""
        try:
            self._collection.insert_one(document.model_dump(by_alias=True, exclude_none=True))
        except DuplicateKeyError:
            return False
        return True

    def find_by_content(self, kb_id: str, sha256: str) -> Document | None:
        found = self._collection.find_one({"kb_id": kb_id, "sha256": sha256})
        return Document.model_validate(found) if found else None

    def get(self, document_id: str) -> Document:
        """Raises `DocumentNotFound`."""
        found = self.find(document_id)
        if found is None:
            raise DocumentNotFound(document_id)
        return found

    def find(self, document_id: str) -> Document | None:
        found = self._collection.find_one({"_id": document_id})
        return Document.model_validate(found) if found and self._owners.sees(found["kb_id"]) else None

    def get_many(self, kb_id: str, document_ids: Sequence[str]) -> dict[str, Document]:
        cursor = self._collection.find({"kb_id": kb_id, "_id": {"$in": list(document_ids)}})
        return {found["_id"]: Document.model_validate(found) for found in cursor}

    def page(self, kb_id: str, *, status: DocumentStatus | None, skip: int, limit: int) -> tuple[list[Document], int]:
        """Return a page, newest first, and how many there are in all."""
        query: Record = {"kb_id": kb_id} | ({"status": status} if status else {})
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        cursor = self._collection.find(query).sort(order).skip(skip).limit(limit)
        return [Document.model_validate(found) for found in cursor], self._collection.count_documents(query)

    def with_status(self, kb_id: str, status: DocumentStatus) -> list[Document]:
        """Return all documents of a status, oldest first."""
        cursor = self._collection.find({"kb_id": kb_id, "status": status}).sort("created_at", ASCENDING)
        return [Document.model_validate(found) for found in cursor]

    def find_by_key(self, kb_id: str, object_key: str) -> Document | None:
        found = self._collection.find_one({"kb_id": kb_id, "object_key": object_key})
        return Document.model_validate(found) if found else None

    def existing(self, kb_id: str, document_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are documents of the knowledge base."""
        cursor = self._collection.find({"kb_id": kb_id, "_id": {"$in": list(document_ids)}}, {"_id": 1})
        return {found["_id"] for found in cursor}

    # Imported documents, whose objects others change

    def replace_original(self, document: Document) -> bool:
        """Take over the object, size, hash and type that a document has now, and have it synced again.

        False where a sync is at work on it. Raises `ContentTaken` where another document has these bytes.
        """
        fields = document.model_dump(include={"etag", "content_type", "file_size", "sha256"})
        try:
            result = self._collection.update_one(
                {"_id": document.id, **_at_rest()},
                {
                    "$set": {**fields, "status": DocumentStatus.UPLOADED, "updated_at": clock.now()},
                    "$unset": NO_ERROR,
                },
            )
        except DuplicateKeyError as error:
            raise ContentTaken from error
        return result.matched_count == 1

    def move_original(self, document_id: str, *, object_key: str, etag: str, filename: str) -> bool:
        """Let a document read the same bytes from another object; False where a sync is at work on it."""
        result = self._collection.update_one(
            {"_id": document_id, **_at_rest()},
            {"$set": {"object_key": object_key, "etag": etag, "filename": filename, "updated_at": clock.now()}},
        )
        return result.matched_count == 1

    def all_ids(self, kb_id: str) -> list[str]:
        return [found["_id"] for found in self._collection.find({"kb_id": kb_id}, {"_id": 1})]

    def totals(self, kb_ids: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
        """Count per knowledge base: documents, each status, text and image chunks, tokens."""
        counted = kb_ids if kb_ids is not None else self._owners.seen_ids()
        pipeline: list[Record] = [{"$match": {"kb_id": {"$in": list(counted)}}}] if counted is not None else []
        sums: Record = {
            "documents": {"$sum": 1},
            "text_chunks": {"$sum": "$text_chunks"},
            "image_chunks": {"$sum": "$image_chunks"},
            "tokens": {"$sum": "$token_count"},
            "bytes": {"$sum": "$file_size"},
            "pages": {"$sum": {"$ifNull": ["$page_count", 0]}},
        }
        for status in DocumentStatus:
            sums[str(status)] = {"$sum": {"$cond": [{"$eq": ["$status", status]}, 1, 0]}}
        pipeline.append({"$group": {"_id": "$kb_id", **sums}})
        return {found.pop("_id"): found for found in self._collection.aggregate(pipeline)}

    def delete_many(self, kb_id: str, document_ids: Sequence[str]) -> int:
        return self._collection.delete_many({"kb_id": kb_id, "_id": {"$in": list(document_ids)}}).deleted_count

    # While a sync works on a document

    def mark_processing(self, document_ids: Sequence[str], *, task_id: str, fence: int) -> None:
        """Note that a sync has the documents, once for each sync and never for one that a newer one overtook."""
        self._collection.update_many(
            {"_id": {"$in": list(document_ids)}, **_not_had_by(fence)},
            {
                "$set": {
                    "status": DocumentStatus.PROCESSING,
                    "sync_task_id": task_id,
                    "sync_fence": fence,
                    "updated_at": clock.now(),
                }
            },
        )

    def keep_from(self, document_ids: Sequence[str], *, fence: int) -> None:
        """Let the sync of this fence mark these documents no more, where it has not done so yet."""
        self._collection.update_many(
            {"_id": {"$in": list(document_ids)}, **_not_had_by(fence)}, {"$set": {"sync_fence": fence}}
        )

    def begin_store(self, document_id: str, *, fence: int, facts: StoreFacts, owner: str, until: datetime) -> bool:
        """Take the document's store lock for a sync that no newer one has overtaken; False where that fails."""
        return bool(self.begin_stores({document_id: facts}, fence=fence, owner=owner, until=until))

    def commit_store(self, document_id: str, *, owner: str, facts: StoreFacts) -> bool:
        """Note what the vector store now holds and give the store lock back; False where the lock was lost."""
        return bool(self.commit_stores({document_id: facts}, owner=owner))

    def begin_stores(self, announced: Mapping[str, StoreFacts], *, fence: int, owner: str, until: datetime) -> set[str]:
        """Do `begin_store` for several documents and return those whose store lock `owner` has now."""
        updates = [
            UpdateOne(*_beginning_store(document_id, fence=fence, facts=facts, owner=owner, until=until))
            for document_id, facts in announced.items()
        ]
        return self._updated(updates, announced, {"store_lock.owner": owner})

    def commit_stores(self, stored: Mapping[str, StoreFacts], *, owner: str) -> set[str]:
        """Do `commit_store` for several documents and return those whose lock was not lost."""
        updates = [
            UpdateOne(*_committing_store(document_id, owner=owner, facts=facts))
            for document_id, facts in stored.items()
        ]
        return self._updated(updates, stored, {"stored_by": owner})

    def _updated(self, updates: Sequence[UpdateOne], document_ids: Iterable[str], proof: Record) -> set[str]:
        """Carry the updates out and return the documents that they reached, which `proof` finds."""
        names = set(document_ids)
        reached = self._collection.bulk_write(updates, ordered=False).matched_count if updates else 0
        if reached in (0, len(updates)):
            return names if reached else set()
        return {found["_id"] for found in self._collection.find({"_id": {"$in": list(names)}, **proof}, {"_id": 1})}

    def prolong_stores(self, document_ids: Sequence[str], *, owner: str, until: datetime) -> None:
        """Keep the store locks that `owner` has."""
        self._collection.update_many(
            {"_id": {"$in": list(document_ids)}, "store_lock.owner": owner}, {"$set": {"store_lock.until": until}}
        )

    # Settling a commit that was cut off: each does nothing where a newer store has begun meanwhile

    def left_storing(self, *, locked_before: datetime) -> list[str]:
        """Return documents whose store was announced, and whose store lock ran out before that time."""
        query = {"store_lock.until": {"$lt": locked_before}}
        return [found["_id"] for found in self._collection.find(query, {"_id": 1})]

    def leave_to_settle(self, document_id: str) -> None:
        """Let `left_storing` find a document whose rows are of no revision that counts, unless a newer store began."""
        self._collection.update_one(
            {"_id": document_id, "$or": _store_lock_free()},
            {"$set": {"store_lock": {"owner": uuid.uuid4().hex, "until": clock.now()}}},
        )

    def adopt_stored(self, document: Document) -> None:
        """Let the announced chunks count, since the vector store holds them."""
        assert document.storing is not None
        self._settle(document, document.storing.model_dump())

    def forget_storing(self, document: Document) -> None:
        """Take back the announcement of chunks that never came."""
        self._settle(document, {})

    def mark_torn(self, document: Document) -> None:
        """Have a document synced again whose rows cannot be told."""
        self._settle(document, {"revision": None, "status": DocumentStatus.UPLOADED})

    def _settle(self, document: Document, fields: Record) -> None:
        announced = {"storing.revision": document.storing.revision} if document.storing else {"storing": None}
        self._collection.update_one(
            {"_id": document.id, "revision": document.revision, **announced, "$or": _store_lock_free()},
            {"$set": {**fields, "updated_at": clock.now()}, "$unset": {"storing": "", "store_lock": ""}},
        )

    def mark_failed(
        self, document_id: str, *, task_id: str, error_message: str, error_message_en: str, error_code: str
    ) -> None:
        """Note the failure where this sync still has the document; its earlier chunks stay searchable."""
        self._collection.update_one(
            {"_id": document_id, "sync_task_id": task_id, "status": DocumentStatus.PROCESSING},
            {
                "$set": {
                    "status": DocumentStatus.FAILED,
                    "error_message": error_message,
                    "error_message_en": error_message_en,
                    "error_code": error_code,
                    "updated_at": clock.now(),
                }
            },
        )

    def mark_unchanged(self, document_ids: Sequence[str]) -> None:
        self._collection.update_many(
            {"_id": {"$in": list(document_ids)}},
            {"$set": {"status": DocumentStatus.COMPLETED, "updated_at": clock.now()}, "$unset": NO_ERROR},
        )

    def mark_for_sync(self, kb_id: str) -> None:
        """Let the next full sync take every document that is done."""
        self._collection.update_many(
            {"kb_id": kb_id, "status": DocumentStatus.COMPLETED},
            {"$set": {"status": DocumentStatus.UPLOADED, "updated_at": clock.now()}},
        )

    def restore_status(self, task_id: str, previous: Iterable[tuple[str, DocumentStatus]]) -> None:
        """Give documents that a cancelled sync held the status that they had before it."""
        updates = [
            UpdateOne(
                {"_id": document_id, "sync_task_id": task_id, "status": DocumentStatus.PROCESSING},
                {"$set": {"status": status, "updated_at": clock.now()}},
            )
            for document_id, status in previous
        ]
        if updates:
            self._collection.bulk_write(updates, ordered=False)

    def left_processing(self, task_id: str) -> list[str]:
        """Return the documents that still say `processing` for this sync."""
        query = {"sync_task_id": task_id, "status": DocumentStatus.PROCESSING}
        return [found["_id"] for found in self._collection.find(query, {"_id": 1})]

    def tasks_left_processing(self, *, known: Iterable[str], updated_before: datetime) -> list[str]:
        """Return syncs, other than `known`, for which documents have said `processing` for some time."""
        query = {
            "status": DocumentStatus.PROCESSING,
            "updated_at": {"$lt": updated_before},
            "sync_task_id": {"$nin": list(known)},
        }
        return [str(task_id) for task_id in self._collection.distinct("sync_task_id", query)]


def _not_had_by(fence: int) -> Record:
    """Documents that no sync of this fence, or of a newer one, has had."""
    return {"sync_fence": {"$not": {"$gte": fence}}}


def _beginning_store(
    document_id: str, *, fence: int, facts: StoreFacts, owner: str, until: datetime
) -> tuple[Record, Record]:
    return (
        {"_id": document_id, "fence": {"$lte": fence}, "$or": _store_lock_free(owner)},
        {"$set": {"fence": fence, "storing": facts.model_dump(), "store_lock": {"owner": owner, "until": until}}},
    )


def _committing_store(document_id: str, *, owner: str, facts: StoreFacts) -> tuple[Record, Record]:
    fields = {**facts.model_dump(), "status": DocumentStatus.COMPLETED, "stored_by": owner, "updated_at": clock.now()}
    return (
        {"_id": document_id, "store_lock.owner": owner},
        {"$set": fields, "$unset": {"storing": "", "store_lock": "", **NO_ERROR}},
    )


def _at_rest() -> Record:
    """Documents that no sync is at work on, and no store."""
    return {"status": {"$ne": DocumentStatus.PROCESSING}, "$or": _store_lock_free()}


def _store_lock_free(owner: str | None = None) -> list[Record]:
    """Alternatives under which a store may begin."""
    free: list[Record] = [{"store_lock": {"$exists": False}}, {"store_lock.until": {"$lt": clock.now()}}]
    return [*free, {"store_lock.owner": owner}] if owner else free
