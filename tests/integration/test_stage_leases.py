"""Claims, leases and ends on a real MongoDB: who may work, and whose work counts."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pymongo.database import Database

from shared import clock
from shared.models import ChunkOutput, DocumentRun, ImagesOutput, RunRef
from shared.repositories import database
from shared.repositories.bundle_leases import BundleLeaseRepository
from shared.repositories.database import Record
from shared.repositories.document_runs import DocumentRunRepository
from shared.repositories.lease_queries import batch_lease
from shared.repositories.stage_leases import StageLeaseRepository, StageOutput
from shared.states import RunStatus, Stage
from tests.integration.sync_world import make_runs, ref_of

LEASE_SECONDS = 20.0
OUTPUTS: dict[Stage, StageOutput] = {
    Stage.IMAGES: ImagesOutput(artifact_key="images", image_count=0),
    Stage.CHUNK: ChunkOutput(artifact_key="chunks", chunk_count=9, batch_count=3, batch_chunks=3),
}


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


def open_leases(mongo: Database[Record], *, lease_seconds: float = LEASE_SECONDS) -> StageLeaseRepository:
    return StageLeaseRepository(mongo, lease_seconds=lease_seconds, queue_wait_seconds=30, max_attempts=4)


@pytest.fixture
def leases(mongo: Database[Record]) -> StageLeaseRepository:
    return open_leases(mongo)


@pytest.fixture
def ref(runs: DocumentRunRepository) -> RunRef:
    """A record that no stage has touched."""
    made = make_runs("kb-1", 1)
    runs.insert_many(made)
    return ref_of(made[0])


@pytest.fixture
def chunked(leases: StageLeaseRepository, ref: RunRef) -> RunRef:
    """A record whose chunks are known: three batches wait to be embedded."""
    for stage in (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK):
        output = OUTPUTS.get(stage)
        assert leases.claim_stage(ref, stage, owner="first") is not None
        assert leases.end_stage(ref, stage, owner="first", milliseconds=1, output=output)
    return ref


def found(runs: DocumentRunRepository, ref: RunRef) -> DocumentRun:
    run = runs.get(ref.run_id)
    assert run is not None
    return run


def let_expire(mongo: Database[Record], ref: RunRef, lease: str) -> None:
    """Move a lease and the record's waking into the past, as if the time had gone by."""
    past = clock.now() - timedelta(seconds=5)
    mongo["document_runs"].update_one({"_id": ref.run_id}, {"$set": {f"leases.{lease}.until": past, "wake_at": past}})


def end_batch(leases: StageLeaseRepository, ref: RunRef, batch: int, *, owner: str = "me") -> bool:
    return leases.end_batch(ref, batch, owner=owner, milliseconds=5, chunks=3, reused=1)


def test_one_of_32_threads_gets_a_stage(leases: StageLeaseRepository, ref: RunRef) -> None:
    at_once = threading.Barrier(32)

    def claim(number: int) -> bool:
        at_once.wait()
        return leases.claim_stage(ref, Stage.DOWNLOAD, owner=str(number)) is not None

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(claim, range(32))) == 1


def test_one_of_32_threads_gets_a_stage_whose_lease_ran_out(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="dead")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    at_once = threading.Barrier(32)

    def claim(number: int) -> bool:
        at_once.wait()
        return leases.claim_stage(ref, Stage.DOWNLOAD, owner=str(number)) is not None

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(claim, range(32))) == 1
    assert found(runs, ref).crashes == 1


def test_a_claim_puts_the_record_to_work(
    leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    claimed = leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    assert claimed is not None
    assert claimed == found(runs, ref)
    assert (claimed.status, claimed.stage) == (RunStatus.PROCESSING, Stage.DOWNLOAD)
    assert claimed.leases["download"].owner == "me"
    assert claimed.wake_at == claimed.leases["download"].until
    assert claimed.started_at is not None


def test_later_stages_keep_the_time_of_the_start(
    leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    began = found(runs, ref).started_at
    leases.end_stage(ref, Stage.DOWNLOAD, owner="me", milliseconds=1, output=None)
    time.sleep(0.01)
    leases.claim_stage(ref, Stage.CONVERT, owner="me")
    assert found(runs, ref).started_at == began


@pytest.mark.parametrize("attempt", [1, 3])
def test_a_message_of_another_attempt_loses(
    mongo: Database[Record], leases: StageLeaseRepository, ref: RunRef, attempt: int
) -> None:
    mongo["document_runs"].update_one({"_id": ref.run_id}, {"$set": {"attempt": 2}})
    other = ref.model_copy(update={"attempt": attempt})
    assert leases.claim_stage(other, Stage.DOWNLOAD, owner="me") is None


def test_a_stage_at_work_is_not_claimed_twice(leases: StageLeaseRepository, ref: RunRef) -> None:
    assert leases.claim_stage(ref, Stage.DOWNLOAD, owner="me") is not None
    assert leases.claim_stage(ref, Stage.DOWNLOAD, owner="me") is None


def test_expired_lease_is_claimed_again_and_counts_as_a_crash(
    mongo: Database[Record], leases: StageLeaseRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="dead")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    claimed = leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    assert claimed is not None
    assert claimed.leases["download"].owner == "me"
    assert claimed.crashes == 1


def test_duplicate_deliveries_never_start_a_crashing_stage_more_than_four_times(
    mongo: Database[Record], leases: StageLeaseRepository, ref: RunRef
) -> None:
    starts = 0
    for number in range(10):
        starts += leases.claim_stage(ref, Stage.CONVERT, owner=str(number)) is not None
        let_expire(mongo, ref, Stage.CONVERT)
    assert starts == 4


def test_a_done_stage_is_not_claimed(leases: StageLeaseRepository, ref: RunRef) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    assert leases.end_stage(ref, Stage.DOWNLOAD, owner="me", milliseconds=1, output=None)
    assert leases.claim_stage(ref, Stage.DOWNLOAD, owner="me") is None


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_an_ended_record_is_not_claimed(
    mongo: Database[Record], leases: StageLeaseRepository, chunked: RunRef, status: RunStatus
) -> None:
    mongo["document_runs"].update_one({"_id": chunked.run_id}, {"$set": {"status": status}})
    assert leases.claim_batch(chunked, 0, owner="me") is None
    assert leases.claim_stage(chunked, Stage.STORE, owner="me") is None


def test_store_waits_for_every_batch(leases: StageLeaseRepository, chunked: RunRef) -> None:
    for batch in range(3):
        assert leases.claim_stage(chunked, Stage.STORE, owner="me") is None
        assert leases.claim_batch(chunked, batch, owner="me") is not None
        assert leases.claim_stage(chunked, Stage.STORE, owner="me") is None
        assert end_batch(leases, chunked, batch)
    claimed = leases.claim_stage(chunked, Stage.STORE, owner="me")
    assert claimed is not None
    assert Stage.EMBED in claimed.stages_done


def test_store_and_batches_wait_for_chunks(leases: StageLeaseRepository, ref: RunRef) -> None:
    assert leases.claim_stage(ref, Stage.STORE, owner="me") is None
    assert leases.claim_batch(ref, 0, owner="me") is None


def test_batches_are_claimed_side_by_side(leases: StageLeaseRepository, chunked: RunRef) -> None:
    claims = [leases.claim_batch(chunked, batch, owner=f"worker-{batch}") for batch in range(3)]
    assert all(claims)
    assert claims[2] is not None
    assert set(claims[2].leases) == {"embed-0", "embed-1", "embed-2"}


def test_a_duplicate_batch_never_counts_twice(
    leases: StageLeaseRepository, runs: DocumentRunRepository, chunked: RunRef
) -> None:
    leases.claim_batch(chunked, 0, owner="me")
    assert end_batch(leases, chunked, 0)
    assert not end_batch(leases, chunked, 0)
    assert leases.claim_batch(chunked, 0, owner="again") is None
    run = found(runs, chunked)
    assert (run.chunks_created, run.embeddings_reused, run.batches_done) == (3, 1, (0,))
    assert run.stage_ms[Stage.EMBED] == 5


def test_the_owner_renews_even_after_expiry_as_long_as_nobody_took_over(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="slow")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    assert leases.renew(ref, Stage.DOWNLOAD, owner="slow")
    run = found(runs, ref)
    assert run.leases["download"].until > clock.now()
    assert run.wake_at == run.leases["download"].until


def test_renewing_fails_after_a_takeover(mongo: Database[Record], leases: StageLeaseRepository, ref: RunRef) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="slow")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="next")
    assert not leases.renew(ref, Stage.DOWNLOAD, owner="slow")
    assert not leases.is_held(ref, Stage.DOWNLOAD, owner="slow")
    assert leases.is_held(ref, Stage.DOWNLOAD, owner="next")


def test_renewing_never_brings_the_waking_nearer(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    later = clock.seconds_from_now(3600)
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    mongo["document_runs"].update_one({"_id": ref.run_id}, {"$set": {"wake_at": later}})
    assert leases.renew(ref, Stage.DOWNLOAD, owner="me")
    assert found(runs, ref).wake_at == later


def test_a_former_owner_ends_nothing(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="slow")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="next")
    before = found(runs, ref)
    wake_at = clock.seconds_from_now(1)
    assert not leases.end_stage(ref, Stage.DOWNLOAD, owner="slow", milliseconds=1, output=None)
    assert not leases.release(ref, Stage.DOWNLOAD, owner="slow", wake_at=wake_at)
    assert not leases.rest(ref, Stage.DOWNLOAD, owner="slow", wake_at=wake_at)
    assert not leases.forget_outputs(ref, lease=Stage.DOWNLOAD, owner="slow", stages_done=0, wake_at=wake_at)
    assert found(runs, ref) == before


def test_work_of_an_older_attempt_ends_nothing(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, chunked: RunRef
) -> None:
    leases.claim_batch(chunked, 0, owner="slow")
    let_expire(mongo, chunked, batch_lease(0))
    assert leases.begin_attempt(found(runs, chunked), wake_at=clock.seconds_from_now(5)) is not None
    assert not end_batch(leases, chunked, 0, owner="slow")
    assert found(runs, chunked).batches_done == ()


def test_handing_back_blames_nobody(leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    assert leases.release(ref, Stage.DOWNLOAD, owner="me", wake_at=clock.now())
    run = found(runs, ref)
    assert (run.failures, run.crashes, run.attempt, run.leases) == (0, 0, 1, {})
    assert leases.claim_stage(ref, Stage.DOWNLOAD, owner="other") is not None


def test_a_rest_counts_one_failure_for_all_batches_at_work(
    leases: StageLeaseRepository, runs: DocumentRunRepository, chunked: RunRef
) -> None:
    for batch in range(3):
        leases.claim_batch(chunked, batch, owner=f"worker-{batch}")
    wake_at = clock.seconds_from_now(60)
    outcomes = [
        leases.rest(chunked, batch_lease(batch), owner=f"worker-{batch}", wake_at=wake_at) for batch in range(3)
    ]
    run = found(runs, chunked)
    assert outcomes == [True, False, False]
    assert (run.failures, run.attempt, run.wake_at, run.leases) == (1, 2, wake_at, {})
    assert leases.claim_batch(chunked, 0, owner="late message") is None
    assert leases.due(limit=10) == []


def test_starting_over_forgets_the_outputs_but_not_the_progress(
    leases: StageLeaseRepository, runs: DocumentRunRepository, chunked: RunRef
) -> None:
    claimed = leases.claim_batch(chunked, 0, owner="me")
    assert claimed is not None
    before = runs.counts([chunked.task_id])[chunked.task_id].stages_done
    assert leases.forget_outputs(
        chunked, lease=batch_lease(0), owner="me", stages_done=len(claimed.stages_done), wake_at=clock.now()
    )
    run = found(runs, chunked)
    assert (run.stages_done, run.batches_done, run.outputs.chunk) == ((), (), None)
    assert (run.attempt, run.crashes) == (2, 1)
    assert runs.counts([chunked.task_id])[chunked.task_id].stages_done == before == 4


def test_a_repair_that_comes_too_late_changes_nothing(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="slow")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    seen = leases.due(limit=10)
    assert [run.id for run in seen] == [ref.run_id]
    assert leases.renew(ref, Stage.DOWNLOAD, owner="slow")
    assert leases.begin_attempt(seen[0], wake_at=clock.now()) is None
    assert leases.note_redelivery(seen[0], wake_at=clock.now()) is None
    assert found(runs, ref).attempt == 1


def test_only_one_of_many_repairs_begins_the_next_attempt(
    mongo: Database[Record], leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="dead")
    let_expire(mongo, ref, Stage.DOWNLOAD)
    seen = found(runs, ref)
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda _: leases.begin_attempt(seen, wake_at=clock.seconds_from_now(5)), range(8)))
    assert sum(run is not None for run in begun) == 1
    assert (found(runs, ref).attempt, found(runs, ref).crashes) == (2, 1)


def test_a_claim_starts_the_waits_for_lost_messages_anew(
    leases: StageLeaseRepository, runs: DocumentRunRepository, ref: RunRef
) -> None:
    for _ in range(5):
        leases.note_redelivery(found(runs, ref), wake_at=clock.now())
    assert found(runs, ref).redeliveries == 5
    leases.claim_stage(ref, Stage.DOWNLOAD, owner="me")
    assert found(runs, ref).redeliveries == 0


def test_waiting_records_are_those_that_were_dispatched_and_have_no_worker(
    leases: StageLeaseRepository, runs: DocumentRunRepository
) -> None:
    made = make_runs("kb-1", 4)
    runs.insert_many(made)
    taken = [runs.take_for_dispatch(made[0].task_id, wake_at=clock.seconds_from_now(60)) for _ in range(3)]
    assert taken[0] is not None
    leases.claim_stage(ref_of(taken[0]), Stage.DOWNLOAD, owner="me")
    assert {run.ordinal for run in leases.waiting()} == {2, 3}
    leases.end_stage(ref_of(taken[0]), Stage.DOWNLOAD, owner="me", milliseconds=1, output=None)
    assert {run.ordinal for run in leases.waiting()} == {1, 2, 3}


def test_a_commit_is_announced_by_the_owner_only(
    bundles: BundleLeaseRepository, leases: StageLeaseRepository, chunked: RunRef
) -> None:
    for batch in range(3):
        leases.claim_batch(chunked, batch, owner="me")
        end_batch(leases, chunked, batch)
    leases.claim_stage(chunked, Stage.STORE, owner="me")
    until = clock.seconds_from_now(10)
    assert not bundles.begin_commits([chunked], owner="somebody", until=until)
    assert bundles.begin_commits([chunked], owner="me", until=until)
