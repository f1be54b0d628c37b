"""What all runs found, for people and as JSON."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tests.chaos.ledger import Ledger
from tests.chaos.run import TO_TERMINAL, Plan

MOST_VIOLATIONS = 10
MOST_CHARACTERS = 2000
MOST_FAULTS = 15
"""What a report shows of each; the log and the JSON file have all."""


def report(runs: Mapping[int, Ledger], plan: Plan) -> str:
    """Return a table of everything that was counted, over all seeds, and every violation with how to replay it."""
    faults, counts, slowest = _sums(runs)
    lines = [f"{faults.total()} faults in {len(runs)} runs", ""]
    lines += [f"  {count:6d}  {kind}" for kind, count in faults.most_common()]
    lines += ["", *(f"  {count:8d}  {what}" for what, count in sorted(counts.items()))]
    lines += ["", *(f"  {seconds:8.1f} s at most: {what}" for what, seconds in sorted(slowest.items()))]
    lines.append("")
    for seed, ledger in runs.items():
        took = ledger.slowest.get(TO_TERMINAL, 0.0)
        lines.append(
            f"seed {seed}: {ledger.fault_count} faults, {ledger.elapsed_seconds / 60:.1f} minutes, "
            f"{TO_TERMINAL} {took:.1f} s at most, {len(ledger.violations)} violations, log {ledger.log}"
        )
        for violation in ledger.violations[:MOST_VIOLATIONS]:
            lines += [f"  VIOLATION after {violation.at:.1f} s, {violation.invariant}: {violation.what[:500]}"]
            lines += [f"    {violation.records[:MOST_CHARACTERS]}"]
        if ledger.violations:
            lines += ["  the faults up to the first:", *(f"    {line}" for line in _faults_before(ledger))]
            lines.append(f'  replay: make chaos ARGS="--seed {seed} --minutes {plan.seconds / 60:g}"')
    return "\n".join(lines)


def _faults_before(ledger: Ledger) -> list[str]:
    lines = ledger.log.read_text(encoding="utf-8").splitlines()
    first = next((number for number, line in enumerate(lines) if " VIOLATION " in line), len(lines))
    return [line for line in lines[:first] if " FAULT " in line][-MOST_FAULTS:]


def write_json(runs: Mapping[int, Ledger], path: Path) -> None:
    faults, counts, slowest = _sums(runs)
    found = {
        "faults": dict(faults),
        "fault_count": faults.total(),
        "counts": dict(sorted(counts.items())),
        "slowest_seconds": slowest,
        "seeds": {
            seed: {
                "faults": dict(ledger.faults),
                "counts": dict(ledger.counts),
                "slowest_seconds": ledger.slowest,
                "seconds": ledger.elapsed_seconds,
                "violations": [asdict(violation) for violation in ledger.violations],
            }
            for seed, ledger in runs.items()
        },
    }
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _sums(runs: Mapping[int, Ledger]) -> tuple[Counter[str], Counter[str], dict[str, float]]:
    faults: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    for ledger in runs.values():
        faults += ledger.faults
        counts += ledger.counts
        for what, seconds in ledger.slowest.items():
            slowest[what] = max(slowest.get(what, 0.0), seconds)
    return faults, counts, slowest
