"""One record for each document of each sync task: created, dispatched, counted and ended here.

`stage_leases.py` works on the same collection: it says who may work on a record, and records what was done.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.database import Database

from shared import clock
from shared.models import DocumentRun, RunCounts, RunRef, run_id
from shared.repositories.database import Record, repository
from shared.states import ACTIVE_RUN_STATUSES, RUN_TRANSITIONS, DocumentStatus, RunStatus, Stage, sources_of

COLLECTION = "document_runs"
ACTIVE: Record = {"status": {"$in": list(ACTIVE_RUN_STATUSES)}}
AT_REST: Record = {"leases": "", "wake_at": "", "committing_until": "", "parked_until": "", "throttled_since": ""}
"""What a record that has ended does not have."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

NOT_SHOWN: Record = dict.fromkeys(("outputs", "leases", "batches_done", "image_batches_done", "images_read"), 0)
"""What is large in a record and is never shown to clients."""


@repository
class DocumentRunRepository:
    """The collection `document_runs`."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database[COLLECTION]

    def create_indexes(self) -> None:
        self._collection.create_index([("task_id", ASCENDING), ("status", ASCENDING), ("ordinal", ASCENDING)])
        self._collection.create_index([("task_id", ASCENDING), ("ordinal", ASCENDING)])
        self._collection.create_index([("task_id", ASCENDING), ("status", ASCENDING), ("wake_at", ASCENDING)])
        self._collection.create_index([("status", ASCENDING), ("created_at", ASCENDING)])
        self._collection.create_index([("document_id", ASCENDING), ("status", ASCENDING)])
        self._collection.create_index([("wake_at", ASCENDING)], sparse=True)
        self._collection.create_index([("kb_id", ASCENDING)])

    # Creating and reading

    def insert_many(self, runs: Sequence[DocumentRun]) -> None:
        records = [run.model_dump(by_alias=True, exclude_none=True) for run in runs]
        self._collection.insert_many(records, ordered=False)

    def delete_of_task(self, task_id: str) -> None:
        self._collection.delete_many({"task_id": task_id})

    def delete_of_knowledge_base(self, kb_id: str) -> None:
        self._collection.delete_many({"kb_id": kb_id})

    def get(self, run_id: str) -> DocumentRun | None:
        found = self._collection.find_one({"_id": run_id})
        return DocumentRun.model_validate(found) if found else None

    def of_task(self, task_id: str, *, status: RunStatus | None = None) -> list[DocumentRun]:
        query: Record = {"task_id": task_id} | ({"status": status} if status else {})
        cursor = self._collection.find(query).sort("ordinal", ASCENDING)
        return [DocumentRun.model_validate(found) for found in cursor]

    def changed_since(self, task_id: str, moment: datetime | None) -> list[DocumentRun]:
        """Return the records that changed after a moment, or all, without what only workers need."""
        query: Record = {"task_id": task_id} | ({"updated_at": {"$gt": moment}} if moment else {})
        return [DocumentRun.model_validate(found) for found in self._collection.find(query, NOT_SHOWN)]

    def page(self, task_id: str, *, status: RunStatus | None, skip: int, limit: int) -> tuple[list[DocumentRun], int]:
        """Return a page by ordinal, and how many there are in all."""
        query: Record = {"task_id": task_id} | ({"status": status} if status else {})
        cursor = self._collection.find(query).sort("ordinal", ASCENDING).skip(skip).limit(limit)
        return [DocumentRun.model_validate(found) for found in cursor], self._collection.count_documents(query)

    def active_documents(self, document_ids: Sequence[str]) -> list[DocumentRun]:
        """Return the records of these documents that have not ended."""
        query = {"document_id": {"$in": list(document_ids)}, **ACTIVE}
        return [DocumentRun.model_validate(found) for found in self._collection.find(query)]

    def newest_in_work(self, task_id: str) -> DocumentRun | None:
        """Return the record whose stage began last, or the next in line where none is at work."""
        query: Record = {"task_id": task_id, "status": RunStatus.PROCESSING}
        found = self._collection.find_one(query, sort=[("updated_at", DESCENDING)])
        if found is None:
            query["status"] = RunStatus.PENDING
            found = self._collection.find_one(query, sort=[("ordinal", ASCENDING)])
        return DocumentRun.model_validate(found) if found else None

    def counts(self, task_ids: Sequence[str]) -> dict[str, RunCounts]:
        """Count the records of each task by status, with the sums that a task shows."""
        in_work = {"$in": ["$status", [RunStatus.PROCESSING, RunStatus.CANCELLED]]}
        credited = {"$max": [{"$size": "$stages_done"}, "$stages_credited"]}
        sums: Record = {str(status): {"$sum": {"$cond": [{"$eq": ["$status", status]}, 1, 0]}} for status in RunStatus}
        sums |= {
            "unchanged": {"$sum": {"$cond": ["$unchanged", 1, 0]}},
            "chunks_created": {"$sum": "$chunks_created"},
            "embeddings_reused": {"$sum": "$embeddings_reused"},
            "stages_done": {"$sum": {"$cond": [in_work, credited, 0]}},
        }
        pipeline: list[Record] = [
            {"$match": {"task_id": {"$in": list(task_ids)}}},
            {"$group": {"_id": "$task_id", **sums}},
        ]
        found = {row["_id"]: RunCounts.model_validate(row) for row in self._collection.aggregate(pipeline)}
        return {task_id: found.get(task_id, RunCounts()) for task_id in task_ids}

    def any_active(self, task_id: str) -> bool:
        return self._collection.find_one({"task_id": task_id, **ACTIVE}, {"_id": 1}) is not None

    def cancelled_among(self, task_id: str, document_ids: Sequence[str]) -> list[DocumentRun]:
        """Return the records of these documents that a cancel ended."""
        names = [run_id(task_id, document_id) for document_id in document_ids]
        query = {"_id": {"$in": names}, "status": RunStatus.CANCELLED}
        return [DocumentRun.model_validate(found) for found in self._collection.find(query)]

    def cancelled_at_first_stage(self, task_id: str) -> list[str]:
        """Return the documents that a cancel caught after their first stage was begun and before it ended."""
        query: Record = {
            "task_id": task_id,
            "status": RunStatus.CANCELLED,
            "started_at": {"$exists": True},
            "stages_done": {"$ne": Stage.DOWNLOAD},
        }
        return [found["document_id"] for found in self._collection.find(query, {"document_id": 1})]

    def any_active_fresh(self, task_id: str) -> bool:
        """Tell whether the task has work left on a document that was never synced before."""
        query = {"task_id": task_id, **ACTIVE, "previous_status": DocumentStatus.UPLOADED}
        return self._collection.find_one(query, {"_id": 1}) is not None

    # Dispatching

    def count_dispatched(self, task_id: str) -> int:
        """Count the records that are in the queues or at work."""
        # A comparison, not `$exists`: the index then answers by itself, however many records still wait their turn.
        query: Record = {"task_id": task_id, **ACTIVE, "wake_at": {"$gt": LONG_AGO}}
        return self._collection.count_documents(query)

    def take_for_dispatch(self, task_id: str, *, wake_at: datetime) -> DocumentRun | None:
        """Choose the next record that was never dispatched and note that its message is about to be sent."""
        found = self._collection.find_one_and_update(
            _undispatched(task_id),
            {"$set": {"wake_at": wake_at}},
            sort=[("ordinal", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return DocumentRun.model_validate(found) if found else None

    def take_companions(self, task_id: str, *, wake_at: datetime, most: int) -> list[DocumentRun]:
        """Choose the next small records that travel with one that was taken; as `take_for_dispatch` for each."""
        waiting: Record = {**_undispatched(task_id), "bundled": True}
        cursor = self._collection.find(waiting, {"_id": 1}).sort("ordinal", ASCENDING).limit(most)
        names = {"_id": {"$in": [found["_id"] for found in cursor]}}
        bundle = uuid.uuid4().hex  # another dispatcher may choose the same ones at the same moment
        self._collection.update_many({**waiting, **names}, {"$set": {"wake_at": wake_at, "taken_by": bundle}})
        taken = self._collection.find({**names, "taken_by": bundle}).sort("ordinal", ASCENDING)
        return [DocumentRun.model_validate(found) for found in taken]

    # Ending

    def complete_unchanged(self, task_id: str, document_ids: Sequence[str]) -> None:
        """End records whose documents need no work."""
        at = clock.now()
        self._collection.update_many(
            {"task_id": task_id, "document_id": {"$in": list(document_ids)}, "status": RunStatus.PENDING},
            {
                "$set": {
                    "status": RunStatus.COMPLETED,
                    "unchanged": True,
                    "started_at": at,
                    "finished_at": at,
                    "updated_at": at,
                },
                "$unset": AT_REST,
            },
        )

    def fail(
        self,
        ref: RunRef,
        *,
        stage: Stage,
        error_message: str,
        error_message_en: str,
        error_code: str,
        retryable: bool,
        milliseconds: int,
        lease: str | None = None,
        owner: str | None = None,
    ) -> bool:
        """End a record with its reason; False where it had ended, another attempt counts or `owner` lost its lease."""
        at = clock.now()
        result = self._collection.update_one(
            {
                "_id": ref.run_id,
                "attempt": ref.attempt,
                "status": {"$in": sources_of(RUN_TRANSITIONS, RunStatus.FAILED)},
                **({f"leases.{lease}.owner": owner} if lease else {}),
            },
            {
                "$set": {
                    "status": RunStatus.FAILED,
                    "error_message": error_message,
                    "error_message_en": error_message_en,
                    "error_code": error_code,
                    "error_stage": stage,
                    "retryable": retryable,
                    "finished_at": at,
                    "updated_at": at,
                },
                "$inc": {f"stage_ms.{stage}": milliseconds},
                "$unset": AT_REST,
            },
        )
        return result.modified_count == 1

    def cancel_active(self, task_id: str) -> bool:
        """Cancel every record that is not committing at this moment; False while some are."""
        at = clock.now()
        not_committing = [{"committing_until": {"$exists": False}}, {"committing_until": {"$lt": at}}]
        self._collection.update_many(
            {
                "task_id": task_id,
                "status": {"$in": sources_of(RUN_TRANSITIONS, RunStatus.CANCELLED)},
                "$or": not_committing,
            },
            {"$set": {"status": RunStatus.CANCELLED, "finished_at": at, "updated_at": at}, "$unset": AT_REST},
        )
        return not self.any_active(task_id)

    # Repair

    def orphaned_task_ids(self, *, known: Iterable[str], created_before: datetime) -> list[str]:
        """Return tasks that active records of some age name and that are not among `known`."""
        query = {**ACTIVE, "task_id": {"$nin": list(known)}, "created_at": {"$lt": created_before}}
        found = self._collection.distinct("task_id", query)
        return [str(task_id) for task_id in found]


def _undispatched(task_id: str) -> Record:
    return {"task_id": task_id, "status": RunStatus.PENDING, "wake_at": {"$exists": False}}
