"""Tickets for live streams: a browser's EventSource and WebSocket send no header, and a key in a URL ends in logs.

A ticket stands for a key for a few minutes and opens streams only. Redis keeps its hash with the id of the key.
"""

import hashlib
import secrets

from shared.redis_client import RedisClient, translated_errors

LIFE_SECONDS = 300
"""Long enough for an EventSource to connect again after a break; a new ticket costs one request."""


class StreamTickets:
    """The tickets, at `kbsync:stream_ticket:<hash>`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def issue(self, token_id: str) -> str:
        """Make a ticket that stands for a key. Raises `ServiceUnavailable`."""
        ticket = secrets.token_urlsafe(32)
        with translated_errors():
            self._client.set(_name(ticket), token_id, ex=LIFE_SECONDS)
        return ticket

    def token_id(self, ticket: str) -> str | None:
        """Return the id of the key that a ticket stands for, None where it is none. Raises `ServiceUnavailable`."""
        with translated_errors():
            found = self._client.get(_name(ticket))
        return str(found) if found is not None else None


def _name(ticket: str) -> str:
    return f"kbsync:stream_ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
