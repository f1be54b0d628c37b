"""The figures as a table for a person and as a file for a program."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.speed.figures import Figure
from benchmarks.speed.machine import ROOT, Machine

RESULTS = ROOT / "benchmarks/results"


def as_text(machine: Machine, figures: Sequence[Figure]) -> str:
    lines = [str(machine)]
    for part, rows in groupby(figures, key=lambda each: each.part):
        lines += ["", part]
        lines += [f"  {each.name:52} {each.spread:>30} {each.unit:8} {each.note}".rstrip() for each in rows]
    return "\n".join(lines)


def write_json(
    machine: Machine, figures: Sequence[Figure], *, settings: Mapping[str, object], path: Path | None
) -> Path:
    """Write everything and return where; without a path, to a file of its own among the results."""
    target = path or RESULTS / f"speed-{machine.moment.replace(':', '').replace('+0000', 'Z')}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": machine.as_json(),
        "settings": dict(settings),
        "figures": [each.as_json() for each in figures],
    }
    target.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return target
