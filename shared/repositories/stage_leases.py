"""Who works on which stage of a document: claimed, renewed and ended by conditional updates on its record.

A claim succeeds where the message's attempt is the one that counts, the record has not ended, the stage is not done
and nobody else holds it. Whoever loses a claim does nothing. Every update that means 'work goes on' moves
`wake_at`, the time at which the reconciler looks at the record if nothing more happens.
"""

from datetime import datetime

from pymongo import ASCENDING, ReturnDocument
from pymongo.database import Database

from shared import clock
from shared.models import ChunkOutput, ConvertOutput, DocumentRun, ImagesOutput, RunRef
from shared.repositories.database import Record, repository
from shared.repositories.document_runs import ACTIVE, COLLECTION
from shared.repositories.lease_queries import (
    batch_is_open,
    batch_lease,
    held,
    not_parked,
    stage_is_open,
    taking,
    waiting_for_a_message,
)
from shared.states import Stage

StageOutput = ConvertOutput | ImagesOutput | ChunkOutput


@repository
class StageLeaseRepository:
    """Leases on the collection `document_runs`."""

    def __init__(
        self, database: Database[Record], *, lease_seconds: float, queue_wait_seconds: float, max_attempts: int
    ) -> None:
        self._collection = database[COLLECTION]
        self._lease_seconds = lease_seconds
        self._queue_wait_seconds = queue_wait_seconds
        self._max_attempts = max_attempts

    # Claims

    def claim_stage(self, ref: RunRef, stage: Stage, *, owner: str) -> DocumentRun | None:
        """Take a stage for `owner`; None where somebody else has it, it is done, or the record has ended."""
        return self._claim(ref, stage, lease=str(stage), owner=owner, condition=stage_is_open(stage))

    def claim_batch(self, ref: RunRef, batch: int, *, owner: str, stage: Stage = Stage.EMBED) -> DocumentRun | None:
        """Take a batch of a stage for `owner`; None as in `claim_stage`."""
        lease = batch_lease(batch, stage)
        return self._claim(ref, stage, lease=lease, owner=owner, condition=batch_is_open(batch, stage))

    def _claim(self, ref: RunRef, stage: Stage, *, lease: str, owner: str, condition: Record) -> DocumentRun | None:
        """Take a lease that is free, or one that ran out, which counts as a crash wherever it is noticed."""
        at, until = clock.now(), clock.seconds_from_now(self._lease_seconds)
        free = {f"leases.{lease}": {"$exists": False}}
        ran_out = {f"leases.{lease}.until": {"$lt": at}, "crashes": {"$lt": self._max_attempts - 1}}
        for lease_condition, crashes in ((free, 0), (ran_out, 1)):
            found = self._collection.find_one_and_update(
                {"_id": ref.run_id, "attempt": ref.attempt, **ACTIVE, **lease_condition, **condition},
                taking(stage, lease=lease, owner=owner, at=at, until=until, crashes=crashes),
                return_document=ReturnDocument.AFTER,
            )
            if found is not None:
                return DocumentRun.model_validate(found)
        return None

    # While at work

    def renew(self, ref: RunRef, lease: str, *, owner: str) -> bool:
        """Prolong a lease; False where it was lost or the record has ended, and the work must stop."""
        until = clock.seconds_from_now(self._lease_seconds)
        result = self._collection.update_one(
            held(ref, lease, owner), {"$set": {f"leases.{lease}.until": until}, "$max": {"wake_at": until}}
        )
        return result.matched_count == 1

    def is_held(self, ref: RunRef, lease: str, *, owner: str) -> bool:
        """Tell whether the work is still wanted: not cancelled, not taken over."""
        return self._collection.find_one(held(ref, lease, owner), {"_id": 1}) is not None

    def note_images(self, ref: RunRef, *, total: int) -> None:
        """Note how many pictures a document has."""
        self._collection.update_one(
            {"_id": ref.run_id, "attempt": ref.attempt, **ACTIVE},
            {"$set": {"images_total": total, "updated_at": clock.now()}},
        )

    def note_image_read(self, ref: RunRef, *, batch: int, done: int) -> None:
        """Note how many pictures of a batch are read; the number never falls, whoever begins the batch again."""
        self._collection.update_one(
            {"_id": ref.run_id, "attempt": ref.attempt, **ACTIVE},
            {"$max": {f"images_read.{batch}": done}, "$set": {"updated_at": clock.now()}},
        )

    # Ends

    def end_stage(
        self, ref: RunRef, stage: Stage, *, owner: str, milliseconds: int, output: StageOutput | None
    ) -> bool:
        """Record a finished stage and what it left; False where the lease was lost.

        A stage of images that has planned batches is not done before these are.
        """
        fields: Record = {f"stage_ms.{stage}": milliseconds, **self._waiting()}
        if output is not None:
            fields[f"outputs.{stage}"] = output.model_dump()
        planned = isinstance(output, ImagesOutput) and output.has_batches
        result = self._collection.update_one(
            held(ref, stage, owner),
            {
                "$set": fields,
                "$addToSet": {"stages_done": {"$each": [] if planned else [stage]}},
                "$unset": {f"leases.{stage}": ""},
            },
        )
        return result.matched_count == 1

    def end_batch(
        self, ref: RunRef, batch: int, *, owner: str, milliseconds: int, chunks: int, reused: int, before: int = 0
    ) -> bool:
        """Record a finished embed batch, and how many of its vectors were there already; False where it was lost.

        `before` of its chunks were noted by `note_embedded`.
        """
        lease = batch_lease(batch)
        result = self._collection.update_one(
            {**held(ref, lease, owner), "batches_done": {"$ne": batch}},
            {
                "$set": self._waiting(),
                "$addToSet": {"batches_done": batch},
                "$inc": {
                    f"stage_ms.{Stage.EMBED}": milliseconds,
                    "chunks_created": chunks - before,
                    "embeddings_reused": reused,
                },
                "$unset": {f"leases.{lease}": "", f"partly_embedded.{batch}": "", "throttled_since": ""},
            },
        )
        return result.matched_count == 1

    def end_image_batch(self, ref: RunRef, batch: int, *, owner: str, milliseconds: int) -> bool:
        """Record a finished batch of pictures; False where it was lost."""
        lease = batch_lease(batch, Stage.IMAGES)
        result = self._collection.update_one(
            {**held(ref, lease, owner), "image_batches_done": {"$ne": batch}},
            {
                "$set": self._waiting(),
                "$addToSet": {"image_batches_done": batch},
                "$inc": {f"stage_ms.{Stage.IMAGES}": milliseconds},
                "$unset": {f"leases.{lease}": ""},
            },
        )
        return result.matched_count == 1

    def release(self, ref: RunRef, lease: str, *, owner: str, wake_at: datetime) -> bool:
        """Hand work back undone and blameless, to be sent again at `wake_at`."""
        result = self._collection.update_one(
            held(ref, lease, owner),
            {
                "$set": {"wake_at": wake_at, "updated_at": clock.now()},
                "$unset": {f"leases.{lease}": "", "committing_until": ""},
            },
        )
        return result.matched_count == 1

    def rest(self, ref: RunRef, lease: str, *, owner: str, wake_at: datetime) -> bool:
        """Count a failure and let the whole document rest until `wake_at`.

        Its other batches, waiting or at work, belong to an attempt that counts no more: they would meet the same
        trouble at once and use up every try.
        """
        result = self._collection.update_one(
            held(ref, lease, owner),
            {
                "$set": {"leases": {}, "wake_at": wake_at, "updated_at": clock.now()},
                "$inc": {"attempt": 1, "failures": 1},
                "$unset": {"committing_until": ""},
            },
        )
        return result.matched_count == 1

    # Repair

    def due(self, *, limit: int) -> list[DocumentRun]:
        """Return records at which nothing has happened for too long, the oldest first."""
        query: Record = {"wake_at": {"$lt": clock.now()}, **ACTIVE, **not_parked()}
        cursor = self._collection.find(query).sort("wake_at", ASCENDING).limit(limit)
        return [DocumentRun.model_validate(found) for found in cursor]

    def waiting(self) -> list[DocumentRun]:
        """Return records that wait for a message: dispatched, and nobody at work on them."""
        query: Record = {"wake_at": {"$exists": True}, **ACTIVE, "leases": {}, **not_parked()}
        cursor = self._collection.find(query).sort("wake_at", ASCENDING)
        return [DocumentRun.model_validate(found) for found in cursor]

    def begin_attempt(self, run: DocumentRun, *, wake_at: datetime) -> DocumentRun | None:
        """Start a new attempt at a record whose lease ran out; None where something happened meanwhile."""
        return self._repair(
            run,
            {
                "$set": {"leases": {}, "wake_at": wake_at, "updated_at": clock.now()},
                "$inc": {"attempt": 1, "crashes": 1},
                "$unset": {"committing_until": ""},
            },
        )

    def note_redelivery(self, run: DocumentRun, *, wake_at: datetime) -> DocumentRun | None:
        """Note that the same attempt is sent once more; None where something happened meanwhile."""
        return self._repair(run, {"$set": {"wake_at": wake_at}, "$inc": {"redeliveries": 1}})

    def forget_outputs(self, ref: RunRef, *, lease: str, owner: str, stages_done: int, wake_at: datetime) -> bool:
        """Start over from the first stage, since an artifact is gone; counts as a crash so that it cannot loop."""
        result = self._collection.update_one(
            held(ref, lease, owner),
            {
                "$set": {
                    "leases": {},
                    "outputs": {},
                    "batches_done": [],
                    "image_batches_done": [],
                    "stages_done": [],
                    "chunks_created": 0,
                    "partly_embedded": {},
                    "embeddings_reused": 0,
                    "wake_at": wake_at,
                    "updated_at": clock.now(),
                },
                "$inc": {"attempt": 1, "crashes": 1},
                "$max": {"stages_credited": stages_done},
                "$unset": {"committing_until": ""},
            },
        )
        return result.matched_count == 1

    def _repair(self, run: DocumentRun, update: Record) -> DocumentRun | None:
        found = self._collection.find_one_and_update(
            {"_id": run.id, "attempt": run.attempt, "wake_at": run.wake_at, **ACTIVE},
            update,
            return_document=ReturnDocument.AFTER,
        )
        return DocumentRun.model_validate(found) if found else None

    def _waiting(self) -> Record:
        return waiting_for_a_message(self._queue_wait_seconds)
