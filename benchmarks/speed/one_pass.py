"""One pass of one contestant over the documents, and the way in which its own process tells what it found.

Each contestant runs in a process of its own, `... SOURCES.json OUTPUT.json`, so that none profits from what another has
loaded. It warms itself up before its clock starts, as workers of the service are warm.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Passage(BaseModel):
    """A result of a search."""

    model_config = ConfigDict(frozen=True)

    document: str
    """Name of the file."""
    content: str


class Pass(BaseModel):
    """What one pass found."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    cpu_seconds: float
    pages: int
    chunks: int
    peak_mib: float
    failed: tuple[str, ...] = ()
    details: dict[str, float] = {}
    """Whatever else was measured, by name; each contestant says its units in the names."""
    answers: tuple[tuple[Passage, ...], ...] = ()
    """For each question what a search answered, where there were questions."""

    @property
    def pages_per_second(self) -> float:
        return self.pages / self.seconds

    @property
    def pages_per_cpu_second(self) -> float:
        return self.pages / self.cpu_seconds


class Order(BaseModel):
    """What a contestant is told."""

    model_config = ConfigDict(frozen=True)

    sources: tuple[Path, ...]
    questions: tuple[str, ...] = ()
    """To be answered after the clock has stopped."""
    keep: Path | None = None
    """Where the bare pass leaves its rows and texts, and the floor finds them."""


def write_order(
    path: Path, sources: Sequence[Path], *, questions: Sequence[str] = (), keep: Path | None = None
) -> None:
    resolved = tuple(source.resolve() for source in sources)
    path.write_text(Order(sources=resolved, questions=tuple(questions), keep=keep).model_dump_json(), encoding="utf-8")
