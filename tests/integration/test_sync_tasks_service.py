"""Creating, cancelling and retrying syncs on real servers."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from shared import clock, ids
from shared.embedded.ports import free_port
from shared.errors import (
    DocumentsNotFound,
    IdempotencyKeyReused,
    InvalidRequest,
    KbSyncError,
    KnowledgeBaseNotFound,
    NothingToRetry,
    NothingToSync,
    ServiceUnavailable,
    SyncAlreadyRunning,
    SyncNotEnded,
    SyncNotRunning,
    SyncTaskNotFound,
)
from shared.kb_lock import LockHolder
from shared.models import Document, KnowledgeBase, SyncTask
from shared.repositories.bundle_leases import StoredDocument
from shared.services import sync_tasks
from shared.services.sync_tasks import SyncRequest
from shared.settings import Settings
from shared.states import DocumentStatus, RunStatus, Stage, TaskStatus, TaskType
from tests.integration.sync_world import World, make_runs, make_task, ref_of, settings_for

OpenWorld = Callable[..., World]


@pytest.fixture
def open_world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[OpenWorld]:
    opened: list[World] = []

    def make(**more: object) -> World:
        settings: Settings = settings_for(mongodb_url, redis_url, database_name, tmp_path, **more)
        opened.append(World.open(settings))
        return opened[-1]

    yield make
    for world in opened:
        world.close()


@pytest.fixture
def world(open_world: OpenWorld) -> World:
    return open_world()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def add_documents(
    world: World, kb: KnowledgeBase, count: int, *, status: DocumentStatus = DocumentStatus.UPLOADED
) -> list[str]:
    """Note documents without any bytes: these tests do not look into them."""
    at = clock.now()
    made = []
    for number in range(count):
        document_id = ids.new_document_id()
        document = Document(
            id=document_id,
            kb_id=kb.id,
            filename=f"{number}.pdf",
            object_key=f"{kb.id}/{document_id}/source",
            content_type="application/pdf",
            file_size=1,
            sha256=document_id,
            status=status,
            created_at=at,
            updated_at=at,
        )
        assert world.resources.documents.insert(document)
        made.append(document_id)
    return made


def create(world: World, kb_id: str, *document_ids: str, full: bool = False, key: str | None = None) -> SyncTask:
    request = SyncRequest(
        kb_id=kb_id, task_type=TaskType.FULL_SYNC if full else TaskType.INCREMENTAL, document_ids=document_ids
    )
    return sync_tasks.create(world.resources, request, idempotency_key=key)


def end_all(world: World, task: SyncTask, *, failed: bool = False) -> None:
    """End a sync as its workers would, without the work."""
    world.resources.sync_tasks.start(task.id)
    for run in world.runs(task):
        if failed:
            world.resources.runs.fail(
                ref_of(run),
                stage=Stage.CONVERT,
                error_message="",
                error_message_en="",
                error_code="3010",
                retryable=False,
                milliseconds=1,
            )
        else:
            world.resources.runs.complete_unchanged(task.id, [run.document_id])
    status = TaskStatus.FAILED if failed else TaskStatus.COMPLETED
    assert world.resources.sync_tasks.end(task.id, status, at=clock.now()) is not None


def records(world: World) -> int:
    return world.resources.database["document_runs"].count_documents({})


def test_the_checks_come_in_their_order(world: World, kb: KnowledgeBase) -> None:
    with pytest.raises(KnowledgeBaseNotFound):
        create(world, "kb-unknown", "doc-unknown", full=True)
    with pytest.raises(InvalidRequest):
        create(world, kb.id, "doc-unknown", full=True)
    with pytest.raises(NothingToSync):
        create(world, kb.id, full=True)
    [document] = add_documents(world, kb, 1)
    running = create(world, kb.id, full=True)
    with pytest.raises(DocumentsNotFound) as unknown:
        create(world, kb.id, "doc-x", document, "doc-y", "doc-x")
    assert unknown.value.details == {"not_found": ["doc-x", "doc-y"]}
    with pytest.raises(SyncAlreadyRunning) as refused:
        create(world, kb.id, document)
    assert refused.value.details == {"running_task_id": running.id}


def test_nothing_to_do_is_said_before_a_running_sync(world: World, kb: KnowledgeBase) -> None:
    [done] = add_documents(world, kb, 1, status=DocumentStatus.COMPLETED)
    create(world, kb.id, done)
    with pytest.raises(NothingToSync):
        create(world, kb.id, full=True)


def test_documents_in_the_hands_of_a_running_sync_are_something_to_do(world: World, kb: KnowledgeBase) -> None:
    [document] = add_documents(world, kb, 1)
    running = create(world, kb.id, full=True)
    world.resources.documents.mark_processing([document], task_id=running.id, fence=running.fence)
    with pytest.raises(SyncAlreadyRunning) as refused:
        create(world, kb.id, full=True)
    assert refused.value.details == {"running_task_id": running.id}


def test_a_sync_is_written_whole(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 3)
    task = create(world, kb.id, full=True)
    assert (task.status, task.total_documents, task.fence) == (TaskStatus.PENDING, 3, 1)
    assert world.resources.sync_tasks.get(task.id) == task
    assert sorted(run.document_id for run in world.runs(task)) == sorted(documents)
    assert [run.ordinal for run in world.runs(task)] == [1, 2, 3]
    assert world.resources.kb_lock.holder(kb.id) == LockHolder(task.id, task.fence)
    assert sum(world.resources.queue.depths().values()) == 1


def test_incremental_takes_any_status_once_and_an_empty_list_means_full(world: World, kb: KnowledgeBase) -> None:
    [done] = add_documents(world, kb, 1, status=DocumentStatus.COMPLETED)
    task = create(world, kb.id, done, done)
    assert [run.document_id for run in world.runs(task)] == [done]
    sync_tasks.cancel(world.resources, task.id)
    with pytest.raises(NothingToSync):
        create(world, kb.id)
    [fresh] = add_documents(world, kb, 1)
    assert [run.document_id for run in world.runs(create(world, kb.id))] == [fresh]


def test_of_200_requests_through_two_processes_worth_of_clients_one_wins(open_world: OpenWorld) -> None:
    worlds = [open_world(), open_world()]
    kb = worlds[0].knowledge_base()
    documents = add_documents(worlds[0], kb, 5)

    def attempt(number: int) -> SyncTask | SyncAlreadyRunning:
        try:
            return create(worlds[number % 2], kb.id, *documents)
        except SyncAlreadyRunning as error:
            return error

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(attempt, range(200)))
    made = [outcome for outcome in outcomes if isinstance(outcome, SyncTask)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, SyncAlreadyRunning)]
    assert (len(made), len(refused)) == (1, 199)
    assert {str(error.details["running_task_id"]) for error in refused} == {made[0].id}
    assert records(worlds[0]) == 5
    assert worlds[0].resources.kb_lock.holder(kb.id) == LockHolder(made[0].id, made[0].fence)


def test_the_index_refuses_a_second_sync_when_redis_lost_the_lock(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 2)
    running = create(world, kb.id, *documents)
    world.resources.redis.flushall()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: _outcome(lambda: create(world, kb.id, *documents)), range(16)))
    assert {type(outcome) for outcome in outcomes} == {SyncAlreadyRunning}
    assert records(world) == 2
    assert world.resources.sync_tasks.all_active() == [running]


def _outcome(call: Callable[[], SyncTask]) -> SyncTask | KbSyncError:
    try:
        return call()
    except KbSyncError as error:
        return error


def test_the_lock_of_an_ended_sync_is_taken_over(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 1)
    first = create(world, kb.id, *documents)
    end_all(world, first)
    assert world.resources.kb_lock.holder(kb.id) == LockHolder(first.id, first.fence)
    second = create(world, kb.id, *documents)
    assert second.fence > first.fence
    assert world.resources.kb_lock.holder(kb.id) == LockHolder(second.id, second.fence)


@pytest.mark.parametrize("value", ["task-that-was-never-written:1", "not a holder"])
def test_the_lock_of_a_creator_who_died_does_not_last(world: World, kb: KnowledgeBase, value: str) -> None:
    documents = add_documents(world, kb, 1)
    world.resources.redis.set(f"kbsync:lock:{kb.id}", value, px=60_000)
    outcome = _outcome(lambda: create(world, kb.id, *documents))
    if value == "not a holder":
        assert isinstance(outcome, SyncAlreadyRunning)
    else:
        assert isinstance(outcome, SyncTask)


def test_an_idempotency_key_answers_the_same_task(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 2)
    first = create(world, kb.id, *documents, key="k")
    assert create(world, kb.id, *documents, key="k") == first
    end_all(world, first)
    assert create(world, kb.id, *documents, key="k").id == first.id
    assert records(world) == 2


def test_an_idempotency_key_with_another_body_is_refused(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 2)
    create(world, kb.id, *documents, key="k")
    with pytest.raises(IdempotencyKeyReused):
        create(world, kb.id, documents[0], key="k")


def test_an_idempotency_key_belongs_to_its_knowledge_base(world: World, kb: KnowledgeBase) -> None:
    other = world.knowledge_base("other")
    add_documents(world, kb, 1)
    add_documents(world, other, 1)
    assert create(world, kb.id, key="k").id != create(world, other.id, key="k").id


def test_a_refused_request_does_not_use_up_its_key(world: World, kb: KnowledgeBase) -> None:
    with pytest.raises(NothingToSync):
        create(world, kb.id, key="k")
    documents = add_documents(world, kb, 1)
    assert create(world, kb.id, *documents, key="k").total_documents == 1


def test_one_key_used_by_many_at_once_makes_one_task(open_world: OpenWorld) -> None:
    worlds = [open_world(), open_world()]
    kb = worlds[0].knowledge_base()
    documents = add_documents(worlds[0], kb, 3)
    with ThreadPoolExecutor(16) as pool:
        tasks = list(pool.map(lambda number: create(worlds[number % 2], kb.id, *documents, key="k"), range(32)))
    assert len({task.id for task in tasks}) == 1
    assert records(worlds[0]) == 3


def test_a_key_whose_creator_died_makes_a_task_after_all(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 1)
    probe = create(world, kb.id, *documents, key="k")
    sync_tasks.cancel(world.resources, probe.id)
    world.resources.database["sync_tasks"].delete_many({})
    made = create(world, kb.id, *documents, key="k")
    assert made.id != probe.id
    assert create(world, kb.id, *documents, key="k") == made


def test_cancel_of_a_pending_sync(world: World, kb: KnowledgeBase) -> None:
    task = create(world, kb.id, *add_documents(world, kb, 2))
    cancelled = sync_tasks.cancel(world.resources, task.id)
    assert (cancelled.task.status, cancelled.processed_documents) == (TaskStatus.CANCELLED, 0)
    assert cancelled.task.cancelled_at is not None
    assert {run.status for run in world.runs(task)} == {RunStatus.CANCELLED}
    assert world.resources.kb_lock.holder(kb.id) is None


def test_cancel_of_a_running_sync_gives_documents_their_status_back(world: World, kb: KnowledgeBase) -> None:
    [fresh] = add_documents(world, kb, 1)
    [done] = add_documents(world, kb, 1, status=DocumentStatus.COMPLETED)
    task = create(world, kb.id, fresh, done)
    world.resources.sync_tasks.start(task.id)
    for run in world.runs(task):
        world.resources.leases.claim_stage(ref_of(run), Stage.DOWNLOAD, owner="me")
        world.resources.documents.mark_processing([run.document_id], task_id=task.id, fence=task.fence)
    assert world.document(fresh).status is DocumentStatus.PROCESSING
    sync_tasks.cancel(world.resources, task.id)
    assert world.document(fresh).status is DocumentStatus.UPLOADED
    assert world.document(done).status is DocumentStatus.COMPLETED
    assert create(world, kb.id, fresh).total_documents == 1


def test_a_worker_that_a_cancel_overtook_marks_no_document(world: World, kb: KnowledgeBase) -> None:
    [document] = add_documents(world, kb, 1)
    task = create(world, kb.id, full=True)
    world.resources.sync_tasks.start(task.id)
    [run] = world.runs(task)
    assert world.resources.leases.claim_stage(ref_of(run), Stage.DOWNLOAD, owner="slow")
    sync_tasks.cancel(world.resources, task.id)
    world.resources.documents.mark_processing([document], task_id=task.id, fence=task.fence)
    assert world.document(document).status is DocumentStatus.UPLOADED

    newer = create(world, kb.id, full=True)
    world.resources.documents.mark_processing([document], task_id=newer.id, fence=newer.fence)
    sync_tasks.settle_cancelled(world.resources, task)
    world.resources.documents.mark_processing([document], task_id=task.id, fence=task.fence)
    assert world.document(document).status is DocumentStatus.PROCESSING
    assert world.document(document).sync_task_id == newer.id


def test_cancel_waits_for_a_commit_and_counts_it(world: World, kb: KnowledgeBase) -> None:
    task = create(world, kb.id, *add_documents(world, kb, 2))
    world.resources.sync_tasks.start(task.id)
    run = world.runs(task)[0]
    output = {"artifact_key": "chunks", "chunk_count": 0, "batch_count": 0, "batch_chunks": 1}
    world.resources.database["document_runs"].update_one({"_id": run.id}, {"$set": {"outputs.chunk": output}})
    world.resources.leases.claim_stage(ref_of(run), Stage.STORE, owner="me")
    world.resources.bundle_leases.begin_commits([ref_of(run)], owner="me", until=clock.seconds_from_now(10))
    with ThreadPoolExecutor(1) as pool:
        cancelling = pool.submit(sync_tasks.cancel, world.resources, task.id)
        while world.resources.sync_tasks.get(task.id).active:
            time.sleep(0.01)
        assert not cancelling.done()
        stored = {ref_of(run): StoredDocument(chunks=4, milliseconds=1)}
        assert world.resources.bundle_leases.complete(stored, owner="me")
        assert cancelling.result().processed_documents == 1


def test_a_second_cancel_and_a_cancel_of_an_ended_sync_are_refused(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 1)
    task = create(world, kb.id, *documents)
    sync_tasks.cancel(world.resources, task.id)
    with pytest.raises(SyncNotRunning) as refused:
        sync_tasks.cancel(world.resources, task.id)
    assert refused.value.details == {"task_id": task.id, "current_status": "cancelled"}
    ended = create(world, kb.id, *documents)
    end_all(world, ended)
    with pytest.raises(SyncNotRunning) as refused:
        sync_tasks.cancel(world.resources, ended.id)
    assert refused.value.details["current_status"] == "completed"
    with pytest.raises(SyncTaskNotFound):
        sync_tasks.cancel(world.resources, "task-unknown")


def test_of_many_cancels_at_once_one_wins(world: World, kb: KnowledgeBase) -> None:
    task = create(world, kb.id, *add_documents(world, kb, 2))

    def attempt(_: int) -> bool:
        try:
            sync_tasks.cancel(world.resources, task.id)
        except SyncNotRunning:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_retry_takes_the_documents_that_failed(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 3)
    task = create(world, kb.id, *documents)
    end_all(world, task, failed=True)
    world.resources.documents.delete_many(kb.id, [documents[0]])
    retry = sync_tasks.retry_failed(world.resources, task.id)
    assert retry.document_ids == tuple(documents[1:])
    assert retry.task.retry_of == task.id
    assert [run.document_id for run in world.runs(retry.task)] == documents[1:]


def test_retry_is_refused_for_its_reasons(world: World, kb: KnowledgeBase) -> None:
    documents = add_documents(world, kb, 1)
    with pytest.raises(SyncTaskNotFound):
        sync_tasks.retry_failed(world.resources, "task-unknown")
    failed = create(world, kb.id, *documents)
    with pytest.raises(SyncNotEnded):
        sync_tasks.retry_failed(world.resources, failed.id)
    end_all(world, failed, failed=True)
    completed = create(world, kb.id, *documents)
    with pytest.raises(SyncAlreadyRunning) as refused:
        sync_tasks.retry_failed(world.resources, failed.id)
    assert refused.value.details == {"running_task_id": completed.id}
    end_all(world, completed)
    with pytest.raises(NothingToRetry):
        sync_tasks.retry_failed(world.resources, completed.id)


def test_without_redis_nothing_is_created_and_the_answer_comes_in_time(open_world: OpenWorld) -> None:
    lame = open_world(redis_url=f"redis://127.0.0.1:{free_port()}/0", service_timeout_seconds=1.0)
    kb = lame.knowledge_base()
    documents = add_documents(lame, kb, 2)
    with ThreadPoolExecutor(1) as pool:
        creating = pool.submit(create, lame, kb.id, *documents, key="k")
        error = creating.exception(timeout=30)
    assert isinstance(error, ServiceUnavailable)
    assert error.service == "redis"
    assert records(lame) == 0
    assert lame.resources.sync_tasks.all_active() == []
    assert create(open_world(), kb.id, *documents, key="k").total_documents == 2


def test_without_redis_a_sync_can_still_be_cancelled(open_world: OpenWorld) -> None:
    whole, lame = open_world(), open_world(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    kb = whole.knowledge_base()
    task = create(whole, kb.id, *add_documents(whole, kb, 1))
    assert sync_tasks.cancel(lame.resources, task.id).task.status is TaskStatus.CANCELLED


def test_a_task_that_lost_its_start_message_is_durable_all_the_same(world: World, kb: KnowledgeBase) -> None:
    runs = make_runs(kb.id, 1)
    task = make_task(kb.id, runs, status=TaskStatus.PENDING)
    world.resources.runs.insert_many(runs)
    world.resources.sync_tasks.insert(task)
    with pytest.raises(SyncAlreadyRunning):
        world.resources.sync_tasks.insert(make_task(kb.id, make_runs(kb.id, 1)))
    world.resources.database["sync_tasks"].update_one({"_id": task.id}, {"$unset": {"active": ""}})
    world.resources.sync_tasks.insert(make_task(kb.id, make_runs(kb.id, 1)))


def test_redis_that_comes_back_is_used_again(world: World, kb: KnowledgeBase, redis_url: str) -> None:
    documents = add_documents(world, kb, 1)
    first = create(world, kb.id, *documents)
    with Redis.from_url(redis_url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    sync_tasks.cancel(world.resources, first.id)
    second = create(world, kb.id, *documents)
    assert world.resources.kb_lock.holder(kb.id) == LockHolder(second.id, second.fence)
