"""The whole canvas under a real Celery worker with beat, in processes of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.models import KnowledgeBase, SyncTask
from shared.queue import QueueName
from shared.services import sync_tasks
from shared.settings import Settings
from shared.states import STAGES, RunStatus, TaskStatus
from tests.integration.sync_world import DAMAGED_PDF, World, eventually, pdf, settings_for
from tests.integration.worker_processes import kill, worker
from tests.samples.illustrated_pdfs import illustrated

DONE = (TaskStatus.COMPLETED, TaskStatus.PARTIAL_SUCCESS, TaskStatus.FAILED, TaskStatus.CANCELLED)
PACE = {
    "lease_seconds": 2.0,
    "reconcile_seconds": 1.0,
    "queue_wait_seconds": 2.0,
    "embedding_batch_chunks": 4,
    "ocr_engine": "ink",
    "image_batch_pictures": 2,
}


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


def await_end(world: World, task: SyncTask, directory: Path) -> SyncTask:
    eventually(
        lambda: world.resources.sync_tasks.get(task.id).status in DONE,
        what=f"the sync did not end; logs in {directory}: {[run.model_dump() for run in world.runs(task)]}",
        seconds=120,
    )
    return world.resources.sync_tasks.get(task.id)


def assert_at_rest(world: World, kb: KnowledgeBase, task: SyncTask) -> None:
    """Check what must hold when a sync has ended, whatever happened on the way."""
    runs = world.runs(task)
    assert all(run.finished_at is not None and run.leases == {} and run.wake_at is None for run in runs)
    counts = world.resources.runs.counts([task.id])[task.id]
    assert counts.completed + counts.failed + counts.cancelled == task.total_documents
    eventually(lambda: world.resources.kb_lock.holder(kb.id) is None, what="the lock was not released")
    documents = {run.document_id: world.document(run.document_id) for run in runs}
    assert {documents[run.document_id].status.value for run in runs} == {run.status.value for run in runs}
    held = world.resources.vector_store.document_chunks(world.resources.table(kb))
    stored = {name: document for name, document in documents.items() if document.revision is not None}
    assert {name: chunks.text_chunks + chunks.image_chunks for name, chunks in held.items()} == {
        name: document.chunk_count for name, document in stored.items()
    }
    assert all(held[name].revision == document.revision for name, document in stored.items())


def upload_six(world: World, kb: KnowledgeBase, *, damaged: int) -> None:
    for number in range(6 - damaged):
        world.upload(kb.id, f"part-{number}.pdf", pdf(f"Part {number}", pages=2 + number))
    for number in range(damaged):
        world.upload(kb.id, f"damaged-{number}.pdf", DAMAGED_PDF + bytes([number]))


def test_a_worker_syncs_documents_to_partial_success_and_retries_what_failed(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    upload_six(world, kb, damaged=1)
    with worker(settings, tmp_path, "worker"):
        task = await_end(world, world.sync(kb.id), tmp_path)
        assert task.status is TaskStatus.PARTIAL_SUCCESS
        assert_at_rest(world, kb, task)
        failed = [run for run in world.runs(task) if run.status is RunStatus.FAILED]
        assert [run.error_message for run in failed] == ["PDF转换失败: 文件损坏"]
        assert all(run.outputs.chunk and run.outputs.chunk.batch_count > 1 for run in world.runs(task)[:5])
        assert all((run.attempt, run.crashes) == (1, 0) for run in world.runs(task))

        retry = sync_tasks.retry_failed(world.resources, task.id)
        assert await_end(world, retry.task, tmp_path).status is TaskStatus.FAILED
        consumers = world.resources.presence.consumers()
        assert consumers == dict.fromkeys(QueueName, 1)
        eventually(lambda: not any(world.resources.queue.depths().values()), what="the queues did not drain")
        eventually(lambda: world.resources.redis.hlen("unacked") == 0, what="messages stayed unacknowledged")
    log = (tmp_path / "worker.log").read_text()
    assert "Traceback" not in log, log


def test_a_worker_reads_the_pictures_of_a_document_in_a_chord_of_their_own(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    document = world.upload(kb.id, "figures.pdf", illustrated(5))
    with worker(settings, tmp_path, "worker"):
        task = await_end(world, world.sync(kb.id), tmp_path)
        assert task.status is TaskStatus.COMPLETED
        assert_at_rest(world, kb, task)
    [run] = world.runs(task)
    assert run.outputs.images is not None
    assert run.outputs.images.batch_count == 3
    assert sorted(run.image_batches_done) == [0, 1, 2]
    assert (run.attempt, run.crashes, run.images_done) == (1, 0, 5)
    assert world.document(document.id).image_chunks == 5
    assert "Traceback" not in (tmp_path / "worker.log").read_text()


def test_a_sync_survives_the_death_of_its_workers_and_the_loss_of_redis(
    world: World, kb: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    upload_six(world, kb, damaged=0)
    task = world.sync(kb.id)

    def stages_done() -> int:
        counts = world.resources.runs.counts([task.id])[task.id]
        return counts.stages_done + len(STAGES) * counts.completed

    for name, far_enough in (("first", 3), ("second", 14)):
        with worker(settings, tmp_path, name) as process:
            eventually(lambda enough=far_enough: stages_done() >= enough, what=f"the {name} worker did nothing")  # type: ignore[misc]
            kill(process)
    assert world.resources.sync_tasks.get(task.id).active
    world.resources.redis.flushall()
    with worker(settings, tmp_path, "third"):
        ended = await_end(world, task, tmp_path)
        assert ended.status is TaskStatus.COMPLETED
        assert_at_rest(world, kb, ended)
    assert all(run.crashes <= 2 for run in world.runs(task))
