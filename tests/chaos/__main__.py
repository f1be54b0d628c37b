"""`python -m tests.chaos --seeds 5 --minutes 30`: the long form, with a report."""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos.faults import Fault
from tests.chaos.ledger import Ledger
from tests.chaos.report import report, write_json
from tests.chaos.run import ChaosRun, Plan


def main(arguments: Sequence[str]) -> int:
    """Run every seed and return 1 where anything was found."""
    asked = _parsed(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # through every `finally`, so that nothing is left
    first, seeds = (asked.seed, 1) if asked.seed is not None else (asked.first_seed, asked.seeds)
    plan = Plan(
        seed=first,
        seconds=60 * asked.minutes / seeds,
        gap_seconds=asked.gap_seconds,
        faults=tuple(Fault(name) for name in asked.faults) if asked.faults else tuple(Fault),
    )
    base = Path(tempfile.mkdtemp(prefix="kbsync-chaos-"))
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    runs: dict[int, Ledger] = {}
    for seed in range(first, first + seeds):
        directory = base / f"seed-{seed}"
        print(f"seed {seed}: {plan.seconds / 60:.1f} minutes, log {directory / 'chaos.log'}", flush=True)
        run = ChaosRun(replace(plan, seed=seed), directory)
        runs[seed] = run.ledger
        run.run()
        print(f"seed {seed}: {run.ledger.fault_count} faults, {len(run.ledger.violations)} violations", flush=True)
        write_json(runs, asked.report)
    print(report(runs, plan))
    if any(ledger.violations for ledger in runs.values()):
        print(f"logs and data are kept in {base}")
        return 1
    shutil.rmtree(base)
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=5, help="how many runs, each with its own seed and its own servers"
    )
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seed", type=int, help="replay this seed alone, for --minutes")
    parser.add_argument("--minutes", type=float, default=30.0, help="of all seeds together")
    parser.add_argument("--gap-seconds", type=float, default=4.0, help="between two faults, on average")
    parser.add_argument("--faults", nargs="*", choices=list(map(str, Fault)), help="only these")
    parser.add_argument("--report", type=Path, default=Path(".data/chaos-report.json"), help="JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
