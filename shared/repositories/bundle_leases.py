"""Leases of several documents at once: each is still claimed, kept and ended by its own record's conditions.

A method that ends or announces something returns those documents for which it came true. One round trip does for all
of them; only where some were lost a second one asks which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo.database import Database
from pymongo.operations import UpdateOne

from shared import clock
from shared.models import DocumentRun, RunRef, StageOutputs
from shared.repositories.database import Record, repository
from shared.repositories.document_runs import ACTIVE, AT_REST, COLLECTION
from shared.repositories.lease_queries import (
    batch_is_open,
    batch_lease,
    held,
    stage_is_open,
    taking,
    waiting_for_a_message,
)
from shared.states import RUN_TRANSITIONS, RunStatus, Stage, sources_of


@dataclass(frozen=True)
class PreparedStages:
    """What the stages up to `chunk` left of one document."""

    outputs: StageOutputs
    milliseconds: Mapping[Stage, int]

    @property
    def done(self) -> list[Stage]:
        """The stages that are done: one of images that has planned batches is not."""
        planned = self.outputs.images is not None and self.outputs.images.has_batches
        return [stage for stage in self.milliseconds if not (planned and stage is Stage.IMAGES)]


@dataclass(frozen=True)
class EmbeddedDocument:
    """What the only embed batch of one document did."""

    chunks: int
    reused: int
    milliseconds: int


@dataclass(frozen=True)
class StoredDocument:
    """What the store of one document did."""

    chunks: int
    milliseconds: int


@repository
class BundleLeaseRepository:
    """Leases on the collection `document_runs`, several in one round trip."""

    def __init__(self, database: Database[Record], *, lease_seconds: float, queue_wait_seconds: float) -> None:
        self._collection = database[COLLECTION]
        self._lease_seconds = lease_seconds
        self._queue_wait_seconds = queue_wait_seconds

    # Claims

    def claim_preparation(self, refs: Sequence[RunRef], *, owner: str) -> list[DocumentRun]:
        """Take the first stage of documents of which nothing is done; the later ones go with it."""
        untouched: Record = {"stages_done": [], **stage_is_open(Stage.DOWNLOAD)}
        update = self._taking(Stage.DOWNLOAD, lease=Stage.DOWNLOAD, owner=owner, shown=Stage.CONVERT)
        return self._claim(refs, Stage.DOWNLOAD, untouched, update, owner=owner)

    def claim_batches(self, refs: Sequence[RunRef], *, owner: str) -> list[DocumentRun]:
        """Take the first embed batch of each document."""
        lease = batch_lease(0)
        update = self._taking(Stage.EMBED, lease=lease, owner=owner)
        return self._claim(refs, lease, batch_is_open(0, Stage.EMBED), update, owner=owner)

    def claim_stores(self, refs: Sequence[RunRef], *, owner: str) -> list[DocumentRun]:
        """Take the store of each document whose batches are done."""
        update = self._taking(Stage.STORE, lease=Stage.STORE, owner=owner)
        return self._claim(refs, Stage.STORE, stage_is_open(Stage.STORE), update, owner=owner)

    def _claim(
        self, refs: Sequence[RunRef], lease: str, condition: Record, update: Record, *, owner: str
    ) -> list[DocumentRun]:
        """Take leases that are free; one that ran out is left to the reconciler, which sends its document alone."""
        if not refs:
            return []
        these = {"$or": [{"_id": ref.run_id, "attempt": ref.attempt} for ref in refs]}
        self._collection.update_many({**these, **ACTIVE, f"leases.{lease}": {"$exists": False}, **condition}, update)
        found = self._collection.find({"_id": {"$in": [ref.run_id for ref in refs]}, f"leases.{lease}.owner": owner})
        by_id = {record["_id"]: DocumentRun.model_validate(record) for record in found}
        return [by_id[ref.run_id] for ref in refs if ref.run_id in by_id]

    def _taking(self, stage: Stage, *, lease: str, owner: str, shown: Stage | None = None) -> Record:
        until = clock.seconds_from_now(self._lease_seconds)
        return taking(stage, lease=lease, owner=owner, at=clock.now(), until=until, shown=shown)

    # While at work

    def renew(self, refs: Sequence[RunRef], lease: str, *, owner: str) -> set[RunRef]:
        """Prolong leases and return the documents that still have theirs."""
        until = clock.seconds_from_now(self._lease_seconds)
        self._collection.update_many(
            self._all_held(refs, lease, owner), {"$set": {f"leases.{lease}.until": until}, "$max": {"wake_at": until}}
        )
        return self.held(refs, lease, owner=owner)

    def held(self, refs: Sequence[RunRef], lease: str, *, owner: str) -> set[RunRef]:
        """Return the documents whose work is still wanted: not cancelled, not taken over."""
        return self._among(refs, self._all_held(refs, lease, owner))

    def begin_commits(self, refs: Sequence[RunRef], *, owner: str, until: datetime) -> set[RunRef]:
        """Announce that chunks are about to become visible, of those documents for which that is still wanted."""
        announced = {"committing_until": until}
        updates = [
            UpdateOne(held(ref, Stage.STORE, owner), {"$set": announced, "$max": {"wake_at": until}}) for ref in refs
        ]
        return self._updated(updates, refs, {f"leases.{Stage.STORE}.owner": owner, **announced})

    def prolong_commits(self, refs: Sequence[RunRef], *, owner: str, until: datetime) -> None:
        """Let commits that were announced last longer; nothing happens where none was."""
        announced = {**self._all_held(refs, Stage.STORE, owner), "committing_until": {"$exists": True}}
        self._collection.update_many(announced, {"$set": {"committing_until": until}})

    # Ends

    def end_preparation(self, prepared: Mapping[RunRef, PreparedStages], *, owner: str) -> set[RunRef]:
        """Record the stages up to `chunk` as done, with what they left."""
        updates = [
            UpdateOne(held(ref, Stage.DOWNLOAD, owner), self._preparation_ended(of)) for ref, of in prepared.items()
        ]
        return self._updated(updates, prepared, {"stages_done": Stage.CONVERT})

    def _preparation_ended(self, prepared: PreparedStages) -> Record:
        times = {f"stage_ms.{stage}": milliseconds for stage, milliseconds in prepared.milliseconds.items()}
        return {
            "$set": {**times, "outputs": prepared.outputs.model_dump(exclude_none=True), **self._waiting()},
            "$addToSet": {"stages_done": {"$each": prepared.done}},
            "$unset": {f"leases.{Stage.DOWNLOAD}": ""},
        }

    def end_batches(self, embedded: Mapping[RunRef, EmbeddedDocument], *, owner: str) -> set[RunRef]:
        """Record the first embed batch of each document as done."""
        lease = batch_lease(0)
        updates = [
            UpdateOne(
                {**held(ref, lease, owner), "batches_done": {"$ne": 0}},
                {
                    "$set": self._waiting(),
                    "$addToSet": {"batches_done": 0},
                    "$inc": {
                        f"stage_ms.{Stage.EMBED}": of.milliseconds,
                        "chunks_created": of.chunks,
                        "embeddings_reused": of.reused,
                    },
                    "$unset": {f"leases.{lease}": ""},
                },
            )
            for ref, of in embedded.items()
        ]
        return self._updated(updates, embedded, {"batches_done": 0})

    def complete(self, stored: Mapping[RunRef, StoredDocument], *, owner: str) -> set[RunRef]:
        """End records after their chunks became visible."""
        at = clock.now()
        updates = [
            UpdateOne(
                {
                    **held(ref, Stage.STORE, owner),
                    "status": {"$in": sources_of(RUN_TRANSITIONS, RunStatus.COMPLETED)},
                },
                {
                    "$set": {
                        "status": RunStatus.COMPLETED,
                        f"stage_ms.{Stage.STORE}": of.milliseconds,
                        "chunks_created": of.chunks,
                        "finished_at": at,
                        "updated_at": at,
                    },
                    "$addToSet": {"stages_done": Stage.STORE},
                    "$unset": AT_REST,
                },
            )
            for ref, of in stored.items()
        ]
        return self._updated(updates, stored, {"status": RunStatus.COMPLETED, "stages_done": Stage.STORE})

    def _updated(self, updates: Sequence[UpdateOne], refs: Iterable[RunRef], proof: Record) -> set[RunRef]:
        """Carry the updates out and return the documents that they reached, which `proof` finds."""
        names = set(refs)
        reached = self._collection.bulk_write(updates, ordered=False).matched_count if updates else 0
        if reached in (0, len(updates)):
            return names if reached else set()
        return self._among(names, {"$or": [{"_id": ref.run_id, "attempt": ref.attempt} for ref in names], **proof})

    def _among(self, refs: Iterable[RunRef], query: Record) -> set[RunRef]:
        found = {record["_id"] for record in self._collection.find(query, {"_id": 1})}
        return {ref for ref in refs if ref.run_id in found}

    @staticmethod
    def _all_held(refs: Iterable[RunRef], lease: str, owner: str) -> Record:
        these = [{"_id": ref.run_id, "attempt": ref.attempt} for ref in refs]
        return {"$or": these, **ACTIVE, f"leases.{lease}.owner": owner}

    def _waiting(self) -> Record:
        return waiting_for_a_message(self._queue_wait_seconds)
