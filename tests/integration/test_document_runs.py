"""The records of a sync on a real MongoDB: dispatched once and in order, counted, and ended once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pymongo.database import Database

from shared import clock
from shared.models import DocumentRun, RunCounts, RunRef
from shared.repositories import database
from shared.repositories.bundle_leases import BundleLeaseRepository, StoredDocument
from shared.repositories.database import Record
from shared.repositories.document_runs import DocumentRunRepository
from shared.repositories.stage_leases import StageLeaseRepository
from shared.states import RunStatus, Stage
from tests.integration.sync_world import make_runs, ref_of


@pytest.fixture
def bundles(mongo: Database[Record]) -> BundleLeaseRepository:
    return BundleLeaseRepository(mongo, lease_seconds=20, queue_wait_seconds=30)


@pytest.fixture
def mongo(mongodb_url: str, database_name: str) -> Iterator[Database[Record]]:
    opened = database.connect(mongodb_url, database_name, timeout_seconds=20)
    yield opened
    opened.client.close()


@pytest.fixture
def runs(mongo: Database[Record]) -> DocumentRunRepository:
    repository = DocumentRunRepository(mongo)
    repository.create_indexes()
    return repository


@pytest.fixture
def leases(mongo: Database[Record]) -> StageLeaseRepository:
    return StageLeaseRepository(mongo, lease_seconds=20, queue_wait_seconds=30, max_attempts=4)


def at_store(mongo: Database[Record], leases: StageLeaseRepository, run: DocumentRun) -> RunRef:
    """Bring a record to where `me` may commit it."""
    output = {"artifact_key": "chunks", "chunk_count": 0, "batch_count": 0, "batch_chunks": 1}
    mongo["document_runs"].update_one({"_id": run.id}, {"$set": {"outputs.chunk": output}})
    assert leases.claim_stage(ref_of(run), Stage.STORE, owner="me") is not None
    return ref_of(run)


def fail(runs: DocumentRunRepository, ref: RunRef, *, owner: str | None = None) -> bool:
    return runs.fail(
        ref,
        stage=Stage.STORE,
        error_message="存储失败: 向量数据写入失败",
        error_message_en="Storing failed: The vector store failed",
        error_code="5003",
        retryable=True,
        milliseconds=7,
        lease=Stage.STORE if owner else None,
        owner=owner,
    )


def test_what_is_written_is_read_back(runs: DocumentRunRepository) -> None:
    made = make_runs("kb-1", 3)
    runs.insert_many(made)
    assert runs.of_task(made[0].task_id) == made


def test_each_record_is_dispatched_once_and_in_order(runs: DocumentRunRepository) -> None:
    made = make_runs("kb-1", 60)
    runs.insert_many(made)
    at_once = threading.Barrier(12)

    def take_all() -> list[int]:
        at_once.wait()
        taken = []
        while run := runs.take_for_dispatch(made[0].task_id, wake_at=clock.seconds_from_now(60)):
            taken.append(run.ordinal)
        return taken

    with ThreadPoolExecutor(12) as pool:
        lists = [future.result() for future in [pool.submit(take_all) for _ in range(12)]]
    assert sorted(ordinal for taken in lists for ordinal in taken) == list(range(1, 61))
    assert all(taken == sorted(taken) for taken in lists)
    assert runs.count_dispatched(made[0].task_id) == 60


def test_counting_the_dispatched_reads_no_record(mongo: Database[Record], runs: DocumentRunRepository) -> None:
    made = make_runs("kb-1", 50)
    runs.insert_many(made)
    for _ in range(5):
        runs.take_for_dispatch(made[0].task_id, wake_at=clock.seconds_from_now(60))
    mongo.command("profile", 2)
    assert runs.count_dispatched(made[0].task_id) == 5
    mongo.command("profile", 0)
    noted = mongo["system.profile"].find_one({"command.aggregate": "document_runs"})
    assert noted is not None
    assert noted["docsExamined"] == 0
    assert noted["keysExamined"] < 20


def test_records_of_other_tasks_are_left_alone(runs: DocumentRunRepository) -> None:
    mine, other = make_runs("kb-1", 2), make_runs("kb-2", 2)
    runs.insert_many([*mine, *other])
    assert runs.cancel_active(mine[0].task_id)
    assert [run.status for run in runs.of_task(other[0].task_id)] == [RunStatus.PENDING, RunStatus.PENDING]
    assert runs.any_active(other[0].task_id)
    assert not runs.any_active(mine[0].task_id)


def test_counts_add_up_by_status_and_by_sum(
    bundles: BundleLeaseRepository, mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 6)
    runs.insert_many(made)
    task_id = made[0].task_id
    assert bundles.complete({at_store(mongo, leases, made[0]): StoredDocument(chunks=12, milliseconds=3)}, owner="me")
    assert fail(runs, ref_of(made[1]))
    runs.complete_unchanged(task_id, [made[2].document_id])
    leases.claim_stage(ref_of(made[3]), Stage.DOWNLOAD, owner="me")
    leases.end_stage(ref_of(made[3]), Stage.DOWNLOAD, owner="me", milliseconds=1, output=None)
    counts = runs.counts([task_id, "task-unknown"])
    assert counts[task_id] == RunCounts(
        pending=2, processing=1, completed=2, failed=1, unchanged=1, chunks_created=12, stages_done=1
    )
    assert counts["task-unknown"] == RunCounts()
    assert counts[task_id].total == 6


def test_a_record_completes_once(
    bundles: BundleLeaseRepository, mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 1)
    runs.insert_many(made)
    ref = at_store(mongo, leases, made[0])
    assert not bundles.complete({ref: StoredDocument(chunks=5, milliseconds=1)}, owner="somebody")
    assert bundles.complete({ref: StoredDocument(chunks=5, milliseconds=1)}, owner="me")
    assert not bundles.complete({ref: StoredDocument(chunks=5, milliseconds=1)}, owner="me")
    assert not fail(runs, ref)
    run = runs.of_task(made[0].task_id)[0]
    assert (run.status, run.chunks_created, run.leases, run.wake_at) == (RunStatus.COMPLETED, 5, {}, None)
    assert Stage.STORE in run.stages_done


def test_a_record_fails_once_and_keeps_its_reason(
    bundles: BundleLeaseRepository, mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 1)
    runs.insert_many(made)
    ref = at_store(mongo, leases, made[0])
    assert not fail(runs, ref.model_copy(update={"attempt": 2}))
    assert fail(runs, ref)
    assert not fail(runs, ref)
    assert not bundles.complete({ref: StoredDocument(chunks=5, milliseconds=1)}, owner="me")
    run = runs.of_task(made[0].task_id)[0]
    assert (run.status, run.error_stage, run.error_code) == (RunStatus.FAILED, Stage.STORE, "5003")
    assert (run.retryable, run.error_message) == (True, "存储失败: 向量数据写入失败")


def test_who_lost_the_lease_fails_nothing(
    mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 1)
    runs.insert_many(made)
    ref = at_store(mongo, leases, made[0])
    assert not fail(runs, ref, owner="former")
    assert fail(runs, ref, owner="me")


def test_cancel_leaves_what_commits_until_it_ends(
    bundles: BundleLeaseRepository, mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 3)
    runs.insert_many(made)
    ref = at_store(mongo, leases, made[0])
    assert bundles.begin_commits([ref], owner="me", until=clock.seconds_from_now(60))
    assert not runs.cancel_active(ref.task_id)
    statuses = [run.status for run in runs.of_task(ref.task_id)]
    assert statuses == [RunStatus.PROCESSING, RunStatus.CANCELLED, RunStatus.CANCELLED]
    assert bundles.complete({ref: StoredDocument(chunks=5, milliseconds=1)}, owner="me")
    assert runs.cancel_active(ref.task_id)
    assert runs.of_task(ref.task_id)[0].status is RunStatus.COMPLETED


def test_cancel_does_not_wait_for_a_commit_that_died(
    bundles: BundleLeaseRepository, mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 1)
    runs.insert_many(made)
    ref = at_store(mongo, leases, made[0])
    assert bundles.begin_commits([ref], owner="me", until=clock.now() - timedelta(seconds=1))
    assert runs.cancel_active(ref.task_id)
    assert not bundles.complete({ref: StoredDocument(chunks=5, milliseconds=1)}, owner="me")


def test_a_cancelled_record_commits_no_more(
    bundles: BundleLeaseRepository, mongo: Database[Record], runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 1)
    runs.insert_many(made)
    ref = at_store(mongo, leases, made[0])
    assert runs.cancel_active(ref.task_id)
    assert not bundles.begin_commits([ref], owner="me", until=clock.seconds_from_now(10))


def test_unchanged_ends_only_what_nobody_works_on(runs: DocumentRunRepository, leases: StageLeaseRepository) -> None:
    made = make_runs("kb-1", 2)
    runs.insert_many(made)
    leases.claim_stage(ref_of(made[0]), Stage.DOWNLOAD, owner="me")
    runs.complete_unchanged(made[0].task_id, [run.document_id for run in made])
    ended = runs.of_task(made[0].task_id)
    assert [(run.status, run.unchanged) for run in ended] == [
        (RunStatus.PROCESSING, False),
        (RunStatus.COMPLETED, True),
    ]


def test_the_newest_in_work_is_the_one_whose_stage_began_last_or_the_next_in_line(
    runs: DocumentRunRepository, leases: StageLeaseRepository
) -> None:
    made = make_runs("kb-1", 3)
    runs.insert_many(made)
    task_id = made[0].task_id

    def newest() -> int | None:
        run = runs.newest_in_work(task_id)
        return run.ordinal if run else None

    assert newest() == 1
    leases.claim_stage(ref_of(made[1]), Stage.DOWNLOAD, owner="me")
    assert newest() == 2
    assert fail(runs, ref_of(made[1]))
    assert newest() == 1
    runs.cancel_active(task_id)
    assert newest() is None


def test_orphans_are_active_records_of_some_age_without_an_active_task(runs: DocumentRunRepository) -> None:
    old, known, ended = make_runs("kb-1", 2), make_runs("kb-1", 1), make_runs("kb-1", 1)
    runs.insert_many([*old, *known, *ended])
    runs.cancel_active(ended[0].task_id)
    known_ids = [known[0].task_id]
    soon = clock.seconds_from_now(5)
    assert runs.orphaned_task_ids(known=known_ids, created_before=soon) == [old[0].task_id]
    assert runs.orphaned_task_ids(known=known_ids, created_before=clock.now() - timedelta(seconds=60)) == []


def test_pages_are_in_order_and_filtered(runs: DocumentRunRepository) -> None:
    made = make_runs("kb-1", 7)
    runs.insert_many(made)
    task_id = made[0].task_id
    assert fail(runs, ref_of(made[4]))
    page, total = runs.page(task_id, status=None, skip=5, limit=5)
    assert ([run.ordinal for run in page], total) == ([6, 7], 7)
    page, total = runs.page(task_id, status=RunStatus.FAILED, skip=0, limit=5)
    assert ([run.ordinal for run in page], total) == ([5], 1)
