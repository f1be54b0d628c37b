"""Figures with their spread, and ratios of what was measured side by side."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One quantity, measured once or several times."""

    part: str
    name: str
    unit: str
    values: tuple[float, ...]
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> str:
        """Words for the median and the extremes: `12.3 (11.8-12.9, n=3)`."""
        if len(self.values) == 1:
            return f"{_short(self.median)} (n=1)"
        low, high = min(self.values), max(self.values)
        return f"{_short(self.median)} ({_short(low)}-{_short(high)}, n={len(self.values)})"

    def as_json(self) -> dict[str, object]:
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "n": len(self.values),
            "values": list(self.values),
            "note": self.note,
        }


def figure(part: str, name: str, unit: str, values: Iterable[float], *, note: str = "") -> Figure:
    """Return a figure of at least one value."""
    kept = tuple(float(value) for value in values)
    if not kept:
        raise ValueError(f"{part}, {name}: nothing was measured")
    return Figure(part, name, unit, kept, note)


def ratio(part: str, name: str, above: Sequence[float], below: Sequence[float], *, note: str = "") -> Figure:
    """Return the ratio of two quantities round by round, so that what slows a whole round down cancels out."""
    pairs = zip(above, below, strict=True)
    return figure(part, name, "x", (over / under for over, under in pairs), note=note)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
