"""One run of one seed: rounds of faults under load, each followed by a calm in which everything must come to rest."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pymongo.errors import PyMongoError

from shared.embedded.errors import StackError
from shared.errors import KbSyncError
from shared.resources import Resources
from tests.chaos.checker import Checker
from tests.chaos.cluster import MANY_WORKERS, Cluster, Pace, WorkerGroup
from tests.chaos.expected import Expectations
from tests.chaos.fault_points import FaultPoints
from tests.chaos.faults import Fault
from tests.chaos.http_client import GaveUp
from tests.chaos.injector import Injector, Target
from tests.chaos.journal import FaultMet, Journal
from tests.chaos.ledger import Ledger
from tests.chaos.scene import Scene
from tests.chaos.searcher import Searcher
from tests.chaos.tenant import Tenant

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.1
TO_TERMINAL = "last fault to every sync terminal"
TO_REST = "last fault to everything at rest"


@dataclass(frozen=True)
class Plan:
    """What a run does."""

    seed: int
    seconds: float
    """Of faults and calms together; the last calm may come later."""
    round_seconds: float = 60.0
    gap_seconds: float = 4.0
    """Between two faults, on average."""
    tenants: int = 3
    documents: int = 16
    searchers: int = 2
    bad_documents: bool = True
    bound_seconds: float = 150.0
    """Every sync ends within so long after the last fault; an embedder's failure alone lets a document rest for 30."""
    faults: tuple[Fault, ...] = tuple(Fault)
    script: tuple[Fault, ...] = ()
    """Committed first, in this order, whatever the seed chooses."""
    pace: Pace = field(default_factory=Pace)
    workers: tuple[WorkerGroup, ...] = MANY_WORKERS


class ChaosRun:
    """Runs in the main thread, to which the processes are tied; clients and checker have threads of their own."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._plan = plan
        self._rng = Random(plan.seed)
        self._cluster = Cluster(directory, pace=plan.pace, workers=plan.workers)
        self._journal = Journal(directory)
        self.ledger = Ledger(directory / "chaos.log")
        target = Target(self._cluster, FaultPoints(directory), self.ledger, plan.pace.lease_seconds)
        self._injector = Injector(target, Random(plan.seed), allowed=plan.faults)
        self._script = list(plan.script)

    def run(self) -> Ledger:
        """Run it all and return what was found."""
        try:
            self._cluster.start()
            resources = Resources(self._cluster.settings, timeout_seconds=5.0)
            resources.create_indexes()
            try:
                self._under_load(self._scene(resources))
            finally:
                resources.close()
        except StackError as error:
            self.ledger.violation("suite", "a server did not start again", records=error)
        finally:
            self._cluster.stop()
            self.ledger.end()
        return self.ledger

    def _scene(self, resources: Resources) -> Scene:
        return Scene(
            api_url=self._cluster.api_url,
            resources=resources,
            ledger=self.ledger,
            expectations=Expectations(resources),
            patience_seconds=self._plan.bound_seconds,
        )

    def _under_load(self, scene: Scene) -> None:
        plan = self._plan
        tenants = [
            Tenant(
                scene,
                f"tenant-{number}",
                Random(self._rng.getrandbits(64)),
                documents=plan.documents,
                with_bad_ones=plan.bad_documents and number == 0,
                first_turn=number,
            )
            for number in range(plan.tenants)
        ]
        searchers = [Searcher(scene, tenants, Random(self._rng.getrandbits(64))) for _ in range(plan.searchers)]
        checker = Checker(scene, tenants, self._journal)
        works = [*(each.run for each in tenants), *(each.run for each in searchers), checker.run]
        with _threads(scene, works):
            self._rounds(scene, checker, tenants)
            self._make_good(scene, checker, tenants)
            self._drain(checker)
        checker.check_at_end(self.ledger.fault_count)
        self.ledger.count("faults met at points", sum(isinstance(each, FaultMet) for each in self._journal.read()))

    def _rounds(self, scene: Scene, checker: Checker, tenants: list[Tenant]) -> None:
        end = time.monotonic() + self._plan.seconds
        while time.monotonic() < end:
            scene.calm.clear()
            self._faults_until(min(end, time.monotonic() + self._plan.round_seconds))
            scene.calm.set()
            self._injector.set_everything_right()
            if not self._come_to_rest(checker, tenants):
                return

    def _faults_until(self, end: float) -> None:
        next_at = time.monotonic() + self._gap()
        while time.monotonic() < end:
            self._injector.set_right_what_is_due()
            if time.monotonic() >= next_at:
                self._injector.commit(self._script.pop(0) if self._script else None)
                next_at = time.monotonic() + self._gap()
            time.sleep(TICK_SECONDS)

    def _gap(self) -> float:
        return self._rng.uniform(0.2, 1.8) * self._plan.gap_seconds

    def _come_to_rest(self, checker: Checker, tenants: list[Tenant]) -> bool:
        """Wait until every sync has ended and nothing is left to mend; False where that takes too long."""
        began = time.monotonic()

        def terminal() -> list[str]:
            at_work = [tenant.kb_id or "a tenant" for tenant in tenants if not tenant.idle]
            return [f"2: {task.id} is {task.status}" for task in checker.active_tasks()] + at_work

        if not self._await_none(terminal, began, "2: every sync ends"):
            return False
        self.ledger.took(TO_TERMINAL, time.monotonic() - began)
        self.ledger.note(f"every sync has ended {time.monotonic() - began:.1f} s after the last fault")
        if not self._await_none(checker.problems_at_rest, began, "at rest"):
            return False
        self.ledger.took(TO_REST, time.monotonic() - began)
        self.ledger.count("times at rest")
        return True

    def _await_none(
        self, look: Callable[[], list[str]], began: float, invariant: str, *, more_seconds: float = 0.0
    ) -> bool:
        problems = ["nobody answered"]
        while time.monotonic() - began < self._plan.bound_seconds + more_seconds:
            self._injector.set_right_what_is_due()
            try:
                problems = look()
            except (KbSyncError, PyMongoError) as error:
                problems = [repr(error)]
            if not problems:
                return True
            time.sleep(3 * TICK_SECONDS)
        what = (
            f"not within {self._plan.bound_seconds + more_seconds:.0f} s of the last fault: {'; '.join(problems[:5])}"
        )
        self.ledger.violation(invariant, what, records="\n    ".join(problems))
        return False

    def _make_good(self, scene: Scene, checker: Checker, tenants: list[Tenant]) -> None:
        """Without faults, every healthy document is completed by one more sync: nothing was lost."""
        client = scene.client()
        try:
            for tenant in tenants:
                task_id = tenant.sync_all(client)
                seen = tenant.follow(client, task_id) if task_id else None
                if seen is None or seen["status"] != "completed":
                    self.ledger.violation("2: nothing lost", f"the last sync of {tenant.kb_id} failed", records=seen)
            self._await_none(checker.problems_at_rest, time.monotonic(), "at rest at the end")
        except GaveUp:
            self.ledger.violation("2: nothing lost", "the last syncs were not answered")
        finally:
            client.close()

    def _drain(self, checker: Checker) -> None:
        began = time.monotonic()
        more_seconds = 2 * self._plan.pace.visibility_seconds
        if self._await_none(checker.undrained, began, "10: queues drain", more_seconds=more_seconds):
            self.ledger.took("the queues' drain", time.monotonic() - began)


def _guarded(scene: Scene, work: Callable[[], None]) -> None:
    try:
        work()
    except GaveUp:
        return
    except Exception:
        logger.exception("a thread of the suite broke")
        scene.ledger.violation("suite", "a thread broke", records=traceback.format_exc())


@contextmanager
def _threads(scene: Scene, works: list[Callable[[], None]]) -> Iterator[None]:
    threads = [threading.Thread(target=_guarded, args=(scene, work)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        scene.stopped.set()
        for thread in threads:
            thread.join()
