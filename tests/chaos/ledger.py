"""What a run finds and counts; safe to use from several threads."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Violation:
    """Something that must never be so, with the records that show it."""

    at: float
    """Seconds since the beginning of the run."""
    invariant: str
    what: str
    records: str


@dataclass
class Ledger:
    """Faults, counts and violations of the run of one seed."""

    log: Path
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    """The longest of each thing that was timed, in seconds."""
    _began: float = field(default_factory=time.monotonic)
    _ended: float | None = None
    _known: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def elapsed_seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began

    def end(self) -> None:
        """Stop the clock of this run: its report comes after those of later seeds."""
        self._ended = time.monotonic()

    def note(self, line: str) -> None:
        """Write a line of the run's own log."""
        with self._lock, self.log.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {self.elapsed_seconds:8.2f} {line}\n")

    def count(self, what: str, amount: int = 1) -> None:
        with self._lock:
            self.counts[what] += amount

    def fault(self, kind: str, detail: str) -> None:
        with self._lock:
            self.faults[kind] += 1
        self.note(f"FAULT {kind}: {detail}")

    def took(self, what: str, seconds: float) -> None:
        with self._lock:
            self.slowest[what] = max(self.slowest.get(what, 0.0), seconds)

    def violation(self, invariant: str, what: str, *, records: object = "") -> None:
        """Note a violation, each one once."""
        with self._lock:
            if (invariant, what) in self._known:
                return
            self._known.add((invariant, what))
            self.violations.append(Violation(round(self.elapsed_seconds, 2), invariant, what, str(records)))
        self.note(f"VIOLATION {invariant}: {what}\n    {records}")

    @property
    def fault_count(self) -> int:
        with self._lock:
            return self.faults.total()
