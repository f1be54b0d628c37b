"""What the reconciler mends, each damage made by hand on real servers."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared import clock
from shared.counters import Counter
from shared.kb_lock import LockHolder
from shared.models import DocumentRun, KnowledgeBase, SyncTask
from shared.queue import QueueName, queue_lists
from shared.services import sync_tasks
from shared.states import DocumentStatus, RunStatus, Stage, TaskStatus
from tests.integration.sync_world import World, make_runs, make_task, pdf, ref_of, settings_for
from worker.dispatcher import dispatch
from worker.reconciler import EPOCH_KEY, LOCK_KEY, reconcile


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    opened = World.open(settings_for(mongodb_url, redis_url, database_name, tmp_path))
    opened.resources.redis.set(EPOCH_KEY, "known")
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def begin(world: World, kb: KnowledgeBase, count: int, *, status: TaskStatus = TaskStatus.RUNNING) -> SyncTask:
    """Write a sync of documents without bytes, as its creator would."""
    runs = make_runs(kb.id, count)
    task = make_task(kb.id, runs, status=status)
    world.resources.runs.insert_many(runs)
    world.resources.sync_tasks.insert(task)
    return task


def mend(world: World) -> None:
    reconcile(world.resources, world.app)


def set_on_record(world: World, run: DocumentRun, **fields: object) -> None:
    world.resources.database["document_runs"].update_one({"_id": run.id}, {"$set": fields})


def long_ago() -> object:
    return clock.now() - timedelta(minutes=10)


def crash(world: World, run: DocumentRun, stage: Stage = Stage.DOWNLOAD) -> None:
    """Claim a stage and let its lease run out."""
    assert world.resources.leases.claim_stage(ref_of(run), stage, owner="dead") is not None
    set_on_record(world, run, **{f"leases.{stage}.until": long_ago(), "wake_at": long_ago()})


def messages(world: World, queue: QueueName) -> list[tuple[str, list[object]]]:
    """Read what waits in a queue, the oldest first: task name and arguments."""
    found = []
    lists = [world.resources.redis.lrange(waiting, 0, -1) for waiting in queue_lists(queue)]
    for raw in [raw for waiting in lists for raw in reversed(waiting)]:
        message = json.loads(raw)
        arguments, _, _ = json.loads(base64.b64decode(message["body"]))
        found.append((message["headers"]["task"], arguments))
    return found


def test_expired_lease_gets_a_new_attempt_and_a_message(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1)
    [run] = world.runs(task)
    crash(world, run)
    mend(world)
    [mended] = world.runs(task)
    assert (mended.attempt, mended.crashes, mended.leases) == (2, 1, {})
    assert messages(world, QueueName.IO) == [("document.download", [task.id, run.document_id, 2])]
    assert world.resources.leases.claim_stage(ref_of(run), Stage.DOWNLOAD, owner="late") is None
    assert world.resources.leases.claim_stage(ref_of(mended), Stage.DOWNLOAD, owner="next") is not None


def test_a_new_attempt_goes_on_from_the_first_stage_not_done(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1)
    [run] = world.runs(task)
    world.resources.leases.claim_stage(ref_of(run), Stage.DOWNLOAD, owner="me")
    world.resources.leases.end_stage(ref_of(run), Stage.DOWNLOAD, owner="me", milliseconds=1, output=None)
    crash(world, run, Stage.CONVERT)
    mend(world)
    assert messages(world, QueueName.CPU) == [("document.convert", [task.id, run.document_id, 2])]
    assert messages(world, QueueName.IO) == []


def test_after_four_crashes_the_document_fails_alone_and_the_sync_ends(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 2)
    crashing, good = world.runs(task)
    world.resources.runs.complete_unchanged(task.id, [good.document_id])
    starts = 0
    while (run := world.run(ref_of(crashing))).status is not RunStatus.FAILED:
        assert starts < 10
        crash(world, run, Stage.DOWNLOAD)
        starts += 1
        mend(world)
    assert starts == 4
    assert run.error_message == "下载失败: 多次处理均异常中断，已放弃"
    assert run.error_stage is Stage.DOWNLOAD
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.PARTIAL_SUCCESS
    assert world.resources.kb_lock.holder(kb.id) is None


def test_a_reconciler_that_died_while_giving_up_is_followed_by_one_that_does_not(
    world: World, kb: KnowledgeBase
) -> None:
    task = begin(world, kb, 1)
    [run] = world.runs(task)
    set_on_record(world, run, crashes=4, attempt=5, wake_at=long_ago(), stage=Stage.CONVERT)
    mend(world)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.FAILED
    assert sum(len(messages(world, queue)) for queue in (QueueName.IO, QueueName.CPU)) == 0


def test_a_lost_message_is_sent_again_with_growing_waits(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1)
    assert dispatch(world.resources, world.app, task.id) == 1
    waits = []
    for sent in range(2, 6):
        [run] = world.runs(task)
        set_on_record(world, run, wake_at=long_ago())
        mend(world)
        [run] = world.runs(task)
        assert run.wake_at is not None
        waits.append((run.wake_at - clock.now()).total_seconds())
        assert run.attempt == 1
        assert messages(world, QueueName.IO) == [("document.download", [task.id, run.document_id, 1])] * sent
    assert waits == sorted(waits)
    assert waits[-1] > 3 * waits[0]


def test_what_is_not_due_is_left_alone(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 2)
    dispatch(world.resources, world.app, task.id)
    world.resources.leases.claim_stage(ref_of(world.runs(task)[0]), Stage.DOWNLOAD, owner="me")
    before = world.runs(task)
    mend(world)
    assert world.runs(task) == before
    assert len(messages(world, QueueName.IO)) == 2


def test_a_worker_that_is_alive_is_not_disturbed(world: World, kb: KnowledgeBase) -> None:
    """A short wait for messages may end while a batch of the same document is at work."""
    task = begin(world, kb, 1)
    [run] = world.runs(task)
    world.resources.leases.claim_stage(ref_of(run), Stage.DOWNLOAD, owner="me")
    set_on_record(world, run, wake_at=long_ago())
    mend(world)
    assert world.resources.leases.is_held(ref_of(run), Stage.DOWNLOAD, owner="me")
    assert messages(world, QueueName.IO) == []


def test_after_flushall_everything_waiting_is_sent_at_once_and_the_lock_is_back(
    world: World, kb: KnowledgeBase
) -> None:
    world.upload(kb.id, "a.pdf", pdf("a"))
    world.upload(kb.id, "b.pdf", pdf("b"))
    task = world.sync(kb.id)
    world.start(task.id)
    world.resources.redis.flushall()
    mend(world)
    sent = messages(world, QueueName.IO)
    assert sorted(sent) == sorted(("document.download", [task.id, run.document_id, 1]) for run in world.runs(task))
    assert world.resources.kb_lock.holder(kb.id) == LockHolder(task.id, task.fence)
    mend(world)
    assert messages(world, QueueName.IO) == sent
    assert world.finish(task.id).status is TaskStatus.COMPLETED


def test_a_pending_sync_whose_start_was_lost_is_started(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1, status=TaskStatus.PENDING)
    mend(world)
    assert messages(world, QueueName.CONTROL) == []
    world.resources.database["sync_tasks"].update_one({"_id": task.id}, {"$set": {"created_at": long_ago()}})
    mend(world)
    assert messages(world, QueueName.CONTROL) == [("sync.start", [task.id])]


def test_a_running_sync_that_nobody_dispatched_goes_on(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 3)
    mend(world)
    assert len(messages(world, QueueName.IO)) == 3
    assert all(run.wake_at is not None for run in world.runs(task))


def test_a_sync_whose_last_worker_died_before_ending_it_is_ended(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 2)
    world.resources.runs.complete_unchanged(task.id, [run.document_id for run in world.runs(task)])
    mend(world)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED
    assert world.resources.kb_lock.holder(kb.id) is None


def test_the_lock_of_an_ended_sync_is_cleared(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1)
    world.resources.kb_lock.acquire(kb.id, LockHolder(task.id, task.fence))
    assert world.resources.sync_tasks.end(task.id, TaskStatus.CANCELLED, at=clock.now()) is not None
    mend(world)
    assert world.resources.kb_lock.holder(kb.id) is None


def test_the_lock_of_a_sync_about_to_be_written_is_left(world: World, kb: KnowledgeBase) -> None:
    about_to = LockHolder("task-about-to-be-written", 3)
    world.resources.kb_lock.acquire(kb.id, about_to)
    mend(world)
    assert world.resources.kb_lock.holder(kb.id) == about_to


def test_a_lock_that_another_took_goes_back_to_the_active_sync(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1)
    world.resources.kb_lock.acquire(kb.id, LockHolder("task-that-came-to-nothing", 9))
    mend(world)
    assert world.resources.kb_lock.holder(kb.id) == LockHolder(task.id, task.fence)
    assert world.resources.counters.read()[Counter.LOCKS_REPAIRED] == 1


def test_records_of_a_sync_that_never_came_to_be_are_removed(world: World, kb: KnowledgeBase) -> None:
    young, old = make_runs(kb.id, 2), make_runs(kb.id, 2)
    world.resources.runs.insert_many([*young, *old])
    for run in old:
        set_on_record(world, run, created_at=long_ago())
    mend(world)
    assert world.resources.runs.of_task(old[0].task_id) == []
    assert len(world.resources.runs.of_task(young[0].task_id)) == 2


def test_a_cancel_that_was_cut_off_is_finished(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("a"))
    task = world.sync(kb.id)
    world.start(task.id)
    [run] = world.runs(task)
    assert world.stage(ref_of(run), Stage.DOWNLOAD)
    assert world.document(document.id).status is DocumentStatus.PROCESSING
    world.resources.sync_tasks.end(task.id, TaskStatus.CANCELLED, at=clock.now())
    set_on_record(world, run, created_at=long_ago())
    mend(world)
    assert world.runs(task)[0].status is RunStatus.CANCELLED
    assert world.document(document.id).status is DocumentStatus.UPLOADED


def test_a_document_that_an_ended_sync_left_processing_is_settled(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("a"))
    task = world.sync(kb.id)
    sync_tasks.cancel(world.resources, task.id)
    world.resources.documents.mark_processing([document.id], task_id=task.id, fence=task.fence)
    mend(world)
    assert world.document(document.id).status is DocumentStatus.PROCESSING
    world.resources.database["documents"].update_one({"_id": document.id}, {"$set": {"updated_at": long_ago()}})
    mend(world)
    assert world.document(document.id).status is DocumentStatus.UPLOADED


def test_a_half_done_deletion_is_finished(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("a"))
    task = world.sync(kb.id)
    assert world.finish(task.id).status is TaskStatus.COMPLETED
    world.resources.knowledge_bases.mark_deleting(kb.id)
    mend(world)
    assert [found.id for found in world.resources.knowledge_bases.deleting()] == [kb.id]
    world.resources.database["knowledge_bases"].update_one({"_id": kb.id}, {"$set": {"updated_at": long_ago()}})
    mend(world)
    assert world.resources.knowledge_bases.deleting() == []
    assert world.resources.documents.get_many(kb.id, [document.id]) == {}
    assert world.resources.object_store.stat(document.object_key) is None
    assert world.resources.runs.of_task(task.id) == []


def test_a_sync_whose_knowledge_base_is_gone_is_cancelled(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1, status=TaskStatus.PENDING)
    world.resources.knowledge_bases.delete(kb.id)
    world.start(task.id)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.CANCELLED


def test_one_round_at_a_time(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, 1)
    world.resources.redis.set(LOCK_KEY, "another", ex=60)
    mend(world)
    assert world.resources.runs.count_dispatched(task.id) == 0
    assert world.resources.redis.get(LOCK_KEY) == "another"
    world.resources.redis.delete(LOCK_KEY)
    mend(world)
    assert world.resources.runs.count_dispatched(task.id) == 1
    assert world.resources.redis.get(LOCK_KEY) is None


def test_a_broken_step_does_not_keep_the_others_from_their_work(world: World, kb: KnowledgeBase) -> None:
    broken = begin(world, kb, 1)
    set_on_record(world, world.runs(broken)[0], wake_at=long_ago(), attempt="no number")
    ended = begin(world, world.knowledge_base("other"), 1)
    world.resources.runs.complete_unchanged(ended.id, [world.runs(ended)[0].document_id])
    mend(world)
    assert world.resources.sync_tasks.get(ended.id).status is TaskStatus.COMPLETED
