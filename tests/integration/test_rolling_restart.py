"""Workers that are stopped, and workers that die, in the middle of a sync."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shared.counters import Counter
from shared.embedded.processes import WORKER_GRACE_SECONDS
from shared.models import KnowledgeBase, SyncTask
from shared.settings import Settings
from shared.states import RunStatus, Stage, TaskStatus
from tests.integration.sync_world import World, eventually, pdf, settings_for
from tests.integration.worker_processes import worker
from tests.samples.marked_pdfs import killing, waiting

FAULTY = "tests.samples.faulty_worker"
PACE = {"lease_seconds": 3.0, "reconcile_seconds": 1.0, "queue_wait_seconds": 3.0}


@pytest.fixture
def settings(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Settings:
    return settings_for(mongodb_url, redis_url, database_name, tmp_path, **PACE)


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    opened = World.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def upload(world: World, kb: KnowledgeBase, count: int) -> None:
    for number in range(count):
        world.upload(kb.id, f"note-{number}.pdf", pdf(f"Note {number}"))


def await_status(world: World, task: SyncTask, status: TaskStatus) -> None:
    def ended() -> bool:
        return not world.resources.sync_tasks.get(task.id).active

    eventually(ended, what=f"the sync did not end: {[run.model_dump() for run in world.runs(task)]}", seconds=120)
    assert world.resources.sync_tasks.get(task.id).status is status


def converting(world: World, task: SyncTask) -> int:
    return sum(str(Stage.CONVERT) in run.leases for run in world.runs(task))


def stop(*workers: psutil.Process) -> None:
    """Send SIGTERM, and let nobody take longer than a supervisor gives."""
    for process in workers:
        process.terminate()
    _, alive = psutil.wait_procs(workers, timeout=WORKER_GRACE_SECONDS)
    assert not alive


def sandboxes(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children(recursive=True) if "shared.sandbox.child" in " ".join(child.cmdline())]


def test_a_deploy_in_the_middle_of_a_sync_costs_no_attempt(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    for number in range(3):
        world.upload(kb.id, f"long-{number}.pdf", waiting(pdf(f"Long {number}"), gate))
    upload(world, kb, 9)
    with (
        worker(settings, tmp_path, "old-1", app=FAULTY) as first,
        worker(settings, tmp_path, "old-2", app=FAULTY) as second,
    ):
        task = world.sync(kb.id)
        eventually(lambda: converting(world, task) >= 3, what="the long conversions did not begin")
        stop(first, second)
    assert all(run.leases == {} for run in world.runs(task)), "a stopped worker kept a lease"
    gate.touch()
    with worker(settings, tmp_path, "new", app=FAULTY):
        await_status(world, task, TaskStatus.COMPLETED)
    assert [(run.attempt, run.crashes, run.failures) for run in world.runs(task)] == [(1, 0, 0)] * 12
    assert world.resources.counters.read()[Counter.CONVERSIONS] == 12


def test_a_worker_that_has_nothing_long_to_do_stops_at_once(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    upload(world, kb, 12)
    task = world.sync(kb.id)
    with worker(settings, tmp_path, "old") as old:
        eventually(lambda: world.resources.runs.counts([task.id])[task.id].completed > 0, what="nothing was done")
        stop(old)
    assert all(run.leases == {} for run in world.runs(task)), "a stopped worker kept a lease"
    with worker(settings, tmp_path, "new"):
        await_status(world, task, TaskStatus.COMPLETED)
    assert all(run.crashes == 0 for run in world.runs(task))
    assert world.resources.counters.read()[Counter.CONVERSIONS] == 12


def test_a_document_that_kills_its_worker_each_time_fails_alone(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    world.upload(kb.id, "deadly.pdf", killing(pdf("Deadly")))
    upload(world, kb, 49)
    with worker(settings, tmp_path, "worker", app=FAULTY):
        task = world.sync(kb.id)
        await_status(world, task, TaskStatus.PARTIAL_SUCCESS)
    failed = [run for run in world.runs(task) if run.status is RunStatus.FAILED]
    assert [(run.filename, run.crashes) for run in failed] == [("deadly.pdf", settings.max_attempts)]
    assert failed[0].error_message == "PDF转换失败: 多次处理均异常中断，已放弃"
    assert sum(run.status is RunStatus.COMPLETED for run in world.runs(task)) == 49
    assert all(run.crashes == 0 for run in world.runs(task) if run.status is RunStatus.COMPLETED)


def test_the_sandbox_dies_with_its_worker_process(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    world.upload(kb.id, "long.pdf", waiting(pdf("Long"), gate))
    with worker(settings, tmp_path, "worker", app=FAULTY, processes=1) as process:
        task = world.sync(kb.id)
        eventually(lambda: len(sandboxes(process)) == 1, what="no conversion began")
        (sandbox,) = sandboxes(process)
        parent = sandbox.parent()
        assert parent is not None
        parent.kill()
        psutil.wait_procs([sandbox], timeout=30)
        assert not sandbox.is_running()
        gate.touch()
        await_status(world, task, TaskStatus.COMPLETED)
    assert [run.crashes for run in world.runs(task)] == [1]
