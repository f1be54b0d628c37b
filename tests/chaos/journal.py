"""What happened inside the processes under test: one line each, appended by whoever it happened to."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True)

    at: float
    """Seconds since the epoch."""
    pid: int


class Claim(Entry):
    """A stage or batch that began; `at` is the time just before the claim was asked for."""

    kind: Literal["claim"] = "claim"
    task_id: str
    document_id: str
    attempt: int
    stage: str
    batch: int | None = None


class EmbedCall(Entry):
    """A call of the model for an embed batch."""

    kind: Literal["embed"] = "embed"
    task_id: str
    document_id: str
    batch: int
    texts: int


class FaultMet(Entry):
    """A fault that was ordered for a point, and happened there."""

    kind: Literal["fault"] = "fault"
    point: str
    action: str


AnyEntry = Annotated[Claim | EmbedCall | FaultMet, Field(discriminator="kind")]
_ENTRIES: TypeAdapter[Claim | EmbedCall | FaultMet] = TypeAdapter(AnyEntry)


class Journal:
    """A file of lines; one `write` to a file opened for appending is whole, however many processes write."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "journal.jsonl"

    def write(self, entry: Claim | EmbedCall | FaultMet) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, entry.model_dump_json().encode() + b"\n")
        finally:
            os.close(file)

    def read(self) -> list[Claim | EmbedCall | FaultMet]:
        return list(self._entries())

    def _entries(self) -> Iterator[Claim | EmbedCall | FaultMet]:
        with suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                yield _ENTRIES.validate_json(line)
