"""Documents whose embedding service throttles: parked without an attempt, gone on with, given up, and tried again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared import clock
from shared.counters import Counter
from shared.models import DocumentRun, KnowledgeBase, RunRef, SyncTask
from shared.queue import QueueName
from shared.services import sync_tasks
from shared.states import RunStatus, Stage, TaskStatus
from tests.integration.embedding_server import EmbeddingServer, embedding_server
from tests.integration.sync_world import World, eventually, pdf, ref_of, settings_for
from tests.integration.worker_processes import worker
from worker.reconciler import EPOCH_KEY, reconcile
from worker.stages.chunk import read_chunks


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with embedding_server() as running:
        yield running


@pytest.fixture
def world(
    server: EmbeddingServer, mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path
) -> Iterator[World]:
    settings = settings_for(
        mongodb_url,
        redis_url,
        database_name,
        tmp_path,
        embedding_provider="bedrock",
        embedding_model="amazon.titan-embed-text-v2:0",
        bedrock_endpoint_url=server.url,
        bedrock_region="us-east-1",
        embedding_batch_chunks=8,
        embedding_throttle_wait_seconds=30.0,
        reconcile_seconds=1.0,
    )
    opened = World.open(settings)
    opened.resources.redis.set(EPOCH_KEY, "known")
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


@pytest.fixture
def chunked(world: World, kb: KnowledgeBase) -> RunRef:
    """A document with two batches of chunks, of which none is embedded."""
    world.upload(kb.id, "a.pdf", pdf("Pumps", pages=4))
    task = world.sync(kb.id)
    world.start(task.id)
    ref = ref_of(world.runs(task)[0])
    for stage in (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK):
        assert world.stage(ref, stage)
    output = world.run(ref).outputs.chunk
    assert output is not None
    assert output.batch_count == 2
    return ref


def throttle_after(server: EmbeddingServer, calls: int) -> None:
    """Answer so many calls and then ask for a pause that no turn waits for."""
    fault = "throttle" if calls == 0 else None
    server.behave(requests_per_second=0.0001, burst=float(calls), fault=fault, retry_after="100")


def answer_again(world: World, server: EmbeddingServer) -> None:
    """Let the service answer, and forget that it did not."""
    server.behave(requests_per_second=None, fault=None)
    for key in world.resources.redis.scan_iter(match="kbsync:rate:*"):
        world.resources.redis.delete(key)


def set_on_record(world: World, ref: RunRef, **fields: object) -> None:
    world.resources.database["document_runs"].update_one({"_id": ref.run_id}, {"$set": fields})


def time_passes(world: World, ref: RunRef, *, minutes: float) -> None:
    """Put every time of a record back."""
    run = world.run(ref)
    times = {"wake_at": run.wake_at, "parked_until": run.parked_until, "throttled_since": run.throttled_since}
    ago = timedelta(minutes=minutes)
    set_on_record(world, ref, **{name: at - ago for name, at in times.items() if at is not None})


def chunk_total(run: DocumentRun) -> int:
    assert run.outputs.chunk is not None
    return run.outputs.chunk.chunk_count


def kept_parts(world: World) -> list[Path]:
    return list(world.resources.settings.objects_path.rglob("*.part"))


def waiting_batches(world: World) -> int:
    return int(world.resources.redis.llen(QueueName.EMBED))


def test_a_parked_document_uses_no_attempt_and_frees_its_worker(
    world: World, server: EmbeddingServer, chunked: RunRef
) -> None:
    throttle_after(server, 3)
    world.batch(chunked, 0)
    run = world.run(chunked)
    assert (run.status, run.attempt, run.crashes, run.failures) == (RunStatus.PROCESSING, 1, 0, 0)
    assert run.leases == {}
    assert run.parked_until is not None
    assert run.parked_until > clock.now()
    assert run.wake_at == run.parked_until
    assert run.chunks_created == 3, "what was embedded stands"
    assert len(kept_parts(world)) == 1
    assert world.resources.counters.read()[Counter.DOCUMENTS_PARKED] == 1


def test_messages_of_a_parked_document_do_nothing(world: World, server: EmbeddingServer, chunked: RunRef) -> None:
    throttle_after(server, 0)
    world.batch(chunked, 0)
    asked = server.statistics.throttled
    before = world.run(chunked)
    world.batch(chunked, 1)
    world.batch(chunked, 0)
    assert world.run(chunked) == before
    assert server.statistics.throttled == asked


def test_it_is_left_alone_until_its_time_and_then_sent_again_as_the_same_attempt(
    world: World, server: EmbeddingServer, chunked: RunRef
) -> None:
    throttle_after(server, 0)
    world.batch(chunked, 0)
    world.resources.redis.delete(str(QueueName.EMBED))
    set_on_record(world, chunked, wake_at=clock.now() - timedelta(minutes=1))  # as another batch leaves it
    reconcile(world.resources, world.app)
    assert waiting_batches(world) == 0
    time_passes(world, chunked, minutes=5)
    reconcile(world.resources, world.app)
    assert waiting_batches(world) == 2
    run = world.run(chunked)
    assert (run.attempt, run.crashes, run.failures) == (1, 0, 0)


def test_it_goes_on_where_it_was_and_embeds_no_text_twice(
    world: World, server: EmbeddingServer, chunked: RunRef
) -> None:
    throttle_after(server, 3)
    world.batch(chunked, 0)
    answer_again(world, server)
    time_passes(world, chunked, minutes=5)
    for batch in (0, 1):
        world.batch(chunked, batch)
    run = world.run(chunked)
    assert run.batches_done == (0, 1)
    assert run.chunks_created == chunk_total(run)
    assert (run.throttled_since, run.partly_embedded) == (None, {})
    world.store(chunked)
    assert world.run(chunked).status is RunStatus.COMPLETED
    assert set(server.statistics.texts.values()) == {1}
    assert kept_parts(world) == []


def test_a_document_that_gains_nothing_for_too_long_fails_and_keeps_what_it_has(
    world: World, server: EmbeddingServer, chunked: RunRef
) -> None:
    throttle_after(server, 3)
    world.batch(chunked, 0)
    time_passes(world, chunked, minutes=29)
    world.batch(chunked, 0)
    assert world.run(chunked).status is RunStatus.PROCESSING
    time_passes(world, chunked, minutes=2)
    world.batch(chunked, 0)
    run = world.run(chunked)
    assert run.status is RunStatus.FAILED
    assert (run.error_message, run.error_code, run.error_stage) == ("向量化失败: Bedrock限流", "6005", Stage.EMBED)
    assert run.retryable
    assert run.chunks_created == 3
    assert (run.attempt, run.crashes, run.failures) == (1, 0, 0)
    assert world.resources.sync_tasks.get(chunked.task_id).status is TaskStatus.FAILED


def test_a_document_that_gains_a_little_each_time_is_not_given_up(
    world: World, server: EmbeddingServer, chunked: RunRef
) -> None:
    for _ in range(3):
        answer_again(world, server)
        throttle_after(server, 1)
        world.batch(chunked, 0)
        time_passes(world, chunked, minutes=20)
    run = world.run(chunked)
    assert run.status is RunStatus.PROCESSING
    assert run.chunks_created == 3


def test_retrying_a_failed_document_embeds_only_what_is_missing(
    world: World, server: EmbeddingServer, kb: KnowledgeBase, chunked: RunRef
) -> None:
    world.batch(chunked, 1)
    throttle_after(server, 3)
    world.batch(chunked, 0)
    time_passes(world, chunked, minutes=31)
    set_on_record(world, chunked, throttled_since=clock.now() - timedelta(hours=1))
    world.batch(chunked, 0)
    failed = world.run(chunked)
    assert failed.status is RunStatus.FAILED
    kept = failed.chunks_created
    assert 3 < kept < chunk_total(failed)
    answer_again(world, server)
    server.forget()
    retry = sync_tasks.retry_failed(world.resources, chunked.task_id).task
    assert world.finish(retry.id).status is TaskStatus.COMPLETED
    assert sum(server.statistics.texts.values()) == chunk_total(failed) - kept
    assert failed.outputs.chunk is not None
    listed = read_chunks(world.resources.object_store, failed.outputs.chunk.artifact_key)
    [run] = world.runs(retry)
    assert run.chunks_created == len(listed.chunks)
    assert run.embeddings_reused == kept


def test_a_cancel_ends_a_parked_document(world: World, server: EmbeddingServer, chunked: RunRef) -> None:
    throttle_after(server, 0)
    world.batch(chunked, 0)
    sync_tasks.cancel(world.resources, chunked.task_id)
    answer_again(world, server)
    time_passes(world, chunked, minutes=5)
    world.batch(chunked, 0)
    run = world.run(chunked)
    assert (run.status, run.wake_at, run.parked_until) == (RunStatus.CANCELLED, None, None)
    assert server.statistics.answered == 0


def test_credentials_that_are_refused_fail_the_document_at_once(
    world: World, server: EmbeddingServer, chunked: RunRef
) -> None:
    server.behave(fault="denied")
    world.batch(chunked, 0)
    run = world.run(chunked)
    assert run.status is RunStatus.FAILED
    assert (run.error_message, run.error_code) == ("向量化失败: Bedrock认证失败", "6001")


def ended(world: World, task: SyncTask) -> bool:
    return not world.resources.sync_tasks.get(task.id).active


def test_a_throttled_sync_of_many_documents_completes_by_real_workers(
    world: World, server: EmbeddingServer, kb: KnowledgeBase, tmp_path: Path
) -> None:
    server.behave(requests_per_second=10.0, retry_after=None)
    documents = 12
    for number in range(documents):
        world.upload(kb.id, f"{number}.pdf", pdf(f"Pump {number}"))
    task = world.sync(kb.id)

    with worker(world.resources.settings, tmp_path, "throttled"):
        eventually(lambda: ended(world, task), what="the sync did not end", seconds=240)
    runs = world.runs(task)
    assert [run.status for run in runs] == [RunStatus.COMPLETED] * documents
    assert {(run.attempt, run.crashes, run.failures) for run in runs} == {(1, 0, 0)}
    assert set(server.statistics.texts.values()) == {1}
