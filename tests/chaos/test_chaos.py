"""The short form: one seed, few processes, the faults that matter most."""

import os
from pathlib import Path

from tests.chaos.cluster import FEW_WORKERS, Pace
from tests.chaos.faults import Fault
from tests.chaos.report import report
from tests.chaos.run import ChaosRun, Plan

SHORT = Plan(
    seed=int(os.environ.get("KBSYNC_TEST_CHAOS_SEED", "7")),
    seconds=24.0,
    round_seconds=24.0,
    gap_seconds=2.5,
    tenants=2,
    documents=8,
    searchers=1,
    bad_documents=False,
    bound_seconds=90.0,
    faults=(Fault.KILL_AT_POINT, Fault.KILL_WORKER_CHILD, Fault.DROP_MESSAGES, Fault.REPEAT_MESSAGES),
    script=(
        Fault.KILL_WORKER,
        Fault.FLUSH_REDIS,
        Fault.KILL_AT_POINT,
        Fault.PAUSE_WORKER_CHILD,
        Fault.KILL_MONGOD,
        Fault.KILL_ALL_WORKERS,
        Fault.KILL_API,
        Fault.WIPE_REDIS,
    ),
    pace=Pace(lease_seconds=3.0, reconcile_seconds=1.0, queue_wait_seconds=2.0, visibility_seconds=8.0),
    workers=FEW_WORKERS,
)


def test_syncs_survive_a_minute_of_faults(tmp_path: Path) -> None:
    ledger = ChaosRun(SHORT, tmp_path).run()
    told = report({SHORT.seed: ledger}, SHORT)
    print(told)
    assert not ledger.violations, told
    assert ledger.fault_count >= len(SHORT.script) / 2, told
    assert ledger.counts["searches"] > 0, told
    assert ledger.counts["syncs"] > 0, told
    assert ledger.counts["cancels answered"] > 0, told
