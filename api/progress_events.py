"""What watchers of a sync are sent: events, their ids, and their form in both protocols."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

from api.validation import BadField

EVENT_ID = re.compile(r"(\d{1,14})(-end)?", re.ASCII)

HEARTBEAT = b": still here\n\n"
"""A comment, which clients pass over; without it proxies close what is silent."""


@dataclass(frozen=True)
class EventId:
    """Up to which moment a watcher has seen everything, in milliseconds since 1970, and whether that was the end."""

    milliseconds: int
    is_end: bool = False

    @classmethod
    def at(cls, moment: datetime, *, is_end: bool = False) -> "EventId":
        return cls((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1), is_end)

    @classmethod
    def parse(cls, text: str, *, field: str) -> "EventId":
        """Read an id that a watcher gives back. Raises `InvalidRequest` where it is none of ours."""
        found = EVENT_ID.fullmatch(text)
        if found is None:
            raise BadField(field, "event_id")
        return cls(int(found[1]), found[2] is not None)

    def __str__(self) -> str:
        return f"{self.milliseconds}-end" if self.is_end else str(self.milliseconds)


@dataclass(frozen=True)
class Event:
    """One thing that a watcher is told; `data` is JSON on one line."""

    name: Literal["document", "task", "failure"]
    data: str
    id: EventId | None = None
    """Only of the last event of a batch: who was cut off in the middle of one is sent all of it again."""

    def as_sse(self) -> str:
        """Write the event as Server-Sent Events want it (HTML standard, 9.2)."""
        position = f"id: {self.id}\n" if self.id is not None else ""
        return f"{position}event: {self.name}\ndata: {self.data}\n\n"

    def as_message(self) -> str:
        """Write the event as the text of a WebSocket message."""
        position = f'"id": "{self.id}", ' if self.id is not None else ""
        return f'{{"event": "{self.name}", {position}"data": {self.data}}}'


@dataclass(frozen=True)
class Batch:
    """Events that belong together; all watchers that stand at the same place are sent the same one."""

    events: tuple[Event, ...]
    is_last: bool = False
    """Whether nothing follows."""

    @cached_property
    def sse(self) -> bytes:
        return "".join(event.as_sse() for event in self.events).encode()

    @cached_property
    def messages(self) -> tuple[str, ...]:
        return tuple(event.as_message() for event in self.events)


def opening(retry_milliseconds: int) -> bytes:
    """Tell an EventSource how long to wait before it connects again."""
    return f"retry: {retry_milliseconds}\n\n".encode()
