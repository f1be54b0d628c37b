"""When a stage or a batch of a document may be claimed, what a claim writes, and who holds one.

`stage_leases.py` builds on these for one document, `bundle_leases.py` for several at a time.
"""

from datetime import datetime

from shared import clock
from shared.models import RunRef
from shared.repositories.database import Record
from shared.states import ACTIVE_RUN_STATUSES, RunStatus, Stage

BATCHES_DONE = {Stage.EMBED: "batches_done", Stage.IMAGES: "image_batches_done"}
"""Where a record keeps the batches of a stage that are done."""

PLANNED_BY = {Stage.EMBED: Stage.CHUNK, Stage.IMAGES: Stage.IMAGES}
"""The stage whose output tells how many batches there are."""

FOLLOWS_BATCHES_OF = {Stage.STORE: Stage.EMBED, Stage.CHUNK: Stage.IMAGES}
"""A stage that begins when all batches are done, and the stage that ends with that."""


def batch_lease(batch: int, stage: Stage = Stage.EMBED) -> str:
    """Name the lease of a batch."""
    return f"{stage}-{batch}"


def stage_is_open(stage: Stage) -> Record:
    """The stage is not done, and everything before it is."""
    condition: Record = {"stages_done": {"$ne": stage}}
    if stage is Stage.IMAGES:  # planned is done, as far as its own message goes
        condition["outputs.images"] = {"$exists": False}
    batched = FOLLOWS_BATCHES_OF.get(stage)
    if batched is not None:
        planned = f"outputs.{PLANNED_BY[batched]}"
        done = {"$size": {"$ifNull": [f"${BATCHES_DONE[batched]}", []]}}
        condition[planned] = {"$exists": True}
        condition["$expr"] = {"$gte": [done, {"$ifNull": [f"${planned}.batch_count", 0]}]}
    return condition


def batch_is_open(batch: int, stage: Stage) -> Record:
    """The batch is planned and not done, and its document is not parked."""
    return {
        BATCHES_DONE[stage]: {"$ne": batch},
        f"outputs.{PLANNED_BY[stage]}.batch_count": {"$gt": batch},
        **not_parked(),
    }


def not_parked() -> Record:
    """The document is not parked, or its time has come."""
    return {"parked_until": {"$not": {"$gt": clock.now()}}}


def taking(
    stage: Stage, *, lease: str, owner: str, at: datetime, until: datetime, crashes: int = 0, shown: Stage | None = None
) -> Record:
    """The update that takes a lease; `shown` is the stage that a client is told of."""
    return {
        "$addToSet": {"stages_done": {"$each": [FOLLOWS_BATCHES_OF[stage]] if stage in FOLLOWS_BATCHES_OF else []}},
        "$set": {
            "status": RunStatus.PROCESSING,
            "stage": shown or stage,
            f"leases.{lease}": {"owner": owner, "until": until},
            "wake_at": until,
            "redeliveries": 0,
            "updated_at": at,
        },
        "$inc": {"crashes": crashes},
        "$min": {"started_at": at},
    }


def held(ref: RunRef, lease: str, owner: str) -> Record:
    """The record on which `owner` has this lease."""
    return {
        "_id": ref.run_id,
        "attempt": ref.attempt,
        "status": {"$in": list(ACTIVE_RUN_STATUSES)},
        f"leases.{lease}.owner": owner,
    }


def waiting_for_a_message(queue_wait_seconds: float) -> Record:
    """What is set when a stage has ended and the next message must be taken by somebody."""
    return {"wake_at": clock.seconds_from_now(queue_wait_seconds), "updated_at": clock.now()}
