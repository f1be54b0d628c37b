"""Tickets for live streams."""

from typing import Self

from api.schemas.base import View
from shared.services.stream_tickets import StreamTicket


class StreamTicketView(View):
    ticket: str
    expires_in: int
    """Seconds."""

    @classmethod
    def of(cls, ticket: StreamTicket) -> Self:
        return cls(ticket=ticket.text, expires_in=ticket.life_seconds)
