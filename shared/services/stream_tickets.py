"""Tickets for live streams."""

from dataclasses import dataclass

from shared.resources import Resources
from shared.stream_tickets import LIFE_SECONDS


@dataclass(frozen=True)
class StreamTicket:
    text: str
    life_seconds: int


def create(resources: Resources) -> StreamTicket:
    """Make a ticket that stands for the caller's key; without keys it says nothing and is passed over.

    Raises `ServiceUnavailable`.
    """
    text = resources.stream_tickets.issue(resources.scope.token_id or "")
    return StreamTicket(text=text, life_seconds=LIFE_SECONDS)
