"""Documents whose batches wait for a throttled service: parked with a time to go on, blameless.

Works on the collection `document_runs` beside `stage_leases.py`. While a document is parked no batch of it is claimed,
so that its messages in the queue free their worker at once; the reconciler sends what is left when the time comes.
"""

from datetime import datetime

from pymongo import ReturnDocument
from pymongo.database import Database

from shared import clock
from shared.models import DocumentRun, RunRef
from shared.repositories.database import Record, repository
from shared.repositories.document_runs import COLLECTION
from shared.repositories.lease_queries import batch_lease, held


@repository
class ParkedRunRepository:
    """What was gained of unfinished batches, and when they go on."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database[COLLECTION]

    def note_embedded(self, ref: RunRef, batch: int, *, owner: str, chunks: int, before: int) -> None:
        """Note how many chunks of an unfinished batch have their vectors, `before` of which were noted already."""
        self._collection.update_one(
            held(ref, batch_lease(batch), owner),
            {"$set": {f"partly_embedded.{batch}": chunks}, "$inc": {"chunks_created": chunks - before}},
        )

    def park(
        self, ref: RunRef, lease: str, *, owner: str, until: datetime, since: datetime, progressed: bool
    ) -> DocumentRun | None:
        """Hand work back undone and blameless, and begin no batch of the document before `until`; None where lost.

        `since` is when this turn began: the record keeps since when it has gained nothing (`throttled_since`).
        """
        at = clock.now()
        gained: Record = {"$set": {"throttled_since": at}} if progressed else {"$min": {"throttled_since": since}}
        found = self._collection.find_one_and_update(
            held(ref, lease, owner),
            {
                **gained,
                "$set": {**gained.get("$set", {}), "parked_until": until, "wake_at": until, "updated_at": at},
                "$unset": {f"leases.{lease}": ""},
            },
            return_document=ReturnDocument.AFTER,
        )
        return DocumentRun.model_validate(found) if found else None
