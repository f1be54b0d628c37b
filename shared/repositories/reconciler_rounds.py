"""When the reconciler last looked, and the last time that nobody could.

While MongoDB is away, or every worker is, leases run out that their owners could not renew. Whoever is alive renews
them as soon as MongoDB is back, and must have the time for it before the reconciler takes them away.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from pymongo import ReturnDocument
from pymongo.database import Database

from shared.repositories.database import Record, repository

COLLECTION = "reconciler_rounds"
ONLY = {"_id": "last"}


class Lookout(BaseModel):
    """What a round knows about the rounds before it; the times are those of MongoDB's clock."""

    model_config = ConfigDict(frozen=True)

    seen_at: datetime
    unseen_from: datetime | None = None
    """The last round before the last gap."""
    unseen_until: datetime | None = None
    """The first round after it."""

    def may_be_alive(self, until: datetime, *, respite: timedelta) -> bool:
        """Tell whether the owner of a lease that ran out may still be about to renew it.

        Only where it ran out when nobody could look, and for `respite` after.
        """
        if self.unseen_from is None or self.unseen_until is None:
            return False
        return until >= self.unseen_from and self.seen_at < self.unseen_until + respite


@repository
class ReconcilerRoundRepository:
    """The collection `reconciler_rounds`, of one record."""

    def __init__(self, database: Database[Record]) -> None:
        self._collection = database[COLLECTION]

    def begin(self, *, longest_pause: timedelta) -> Lookout:
        """Note that a round begins; more than `longest_pause` since the last one is a gap. The first has none."""
        milliseconds = int(longest_pause.total_seconds() * 1000)
        # The server's clock: the command may have waited for the server, and would bring an old time along.
        pause = {"$subtract": ["$$NOW", {"$ifNull": ["$seen_at", "$$NOW"]}]}
        is_gap = {"$gt": [pause, milliseconds]}
        found = self._collection.find_one_and_update(
            ONLY,
            [
                {
                    "$set": {
                        "unseen_from": {"$cond": [is_gap, "$seen_at", "$unseen_from"]},
                        "unseen_until": {"$cond": [is_gap, "$$NOW", "$unseen_until"]},
                    }
                },
                {"$set": {"seen_at": "$$NOW"}},
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return Lookout.model_validate(found)
