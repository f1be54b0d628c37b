"""Pictures of a document, read in batches: planned, lost, run twice, cut off and cancelled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import clock
from shared.chunking.model import ChunkType
from shared.models import DocumentRun, KnowledgeBase, RunRef
from shared.progress import document_step
from shared.queue import QueueName
from shared.repositories.lease_queries import batch_lease
from shared.services import sync_tasks
from shared.states import RunStatus, Stage, TaskStatus
from tests.integration.sync_world import World, ref_of, settings_for
from tests.samples.illustrated_pdfs import illustrated
from worker.stages.chunk import read_chunks
from worker.workflow import publish_document

PICTURES = 5
BATCH = 2
"""So that there are three batches, of 2, 2 and 1 pictures."""


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    opened = World.open(
        settings_for(mongodb_url, redis_url, database_name, tmp_path, ocr_engine="ink", image_batch_pictures=BATCH)
    )
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


@pytest.fixture
def planned(world: World, kb: KnowledgeBase) -> RunRef:
    """A document whose image batches are planned and wait."""
    world.upload(kb.id, "a.pdf", illustrated(PICTURES))
    task = world.sync(kb.id)
    world.start(task.id)
    ref = ref_of(world.runs(task)[0])
    for stage in (Stage.DOWNLOAD, Stage.CONVERT):
        assert world.stage(ref, stage)
    assert not world.stage(ref, Stage.IMAGES), "the chain ends where batches begin"
    return ref


def image_texts(world: World, run: DocumentRun) -> list[str]:
    assert run.outputs.chunk is not None
    listed = read_chunks(world.resources.object_store, run.outputs.chunk.artifact_key)
    return [chunk.content for chunk in listed.chunks if chunk.chunk_type is ChunkType.IMAGE]


def finish(world: World, ref: RunRef) -> DocumentRun:
    assert world.stage(ref, Stage.CHUNK)
    chunked = world.run(ref).outputs.chunk
    assert chunked is not None
    for number in range(chunked.batch_count):
        world.batch(ref, number)
    world.store(ref)
    return world.run(ref)


def test_each_picture_is_found_by_its_caption_and_its_writing(world: World, planned: RunRef) -> None:
    for batch in range(3):
        world.image_batch(planned, batch)
    run = finish(world, planned)
    assert run.status is RunStatus.COMPLETED
    texts = image_texts(world, run)
    assert len(texts) == PICTURES
    for number, text in enumerate(texts, start=1):
        assert f"Figure {number}. Bands of ink." in text
        assert f"line {number}" in text
        assert f"line {number + 1}" not in text


def test_progress_counts_the_pictures_that_are_read(world: World, planned: RunRef) -> None:
    def step() -> str:
        return document_step(world.run(planned), 1)

    assert step() == "正在处理图片 0/5"
    world.image_batch(planned, 2)
    assert step() == "正在处理图片 1/5"
    world.image_batch(planned, 0)
    assert step() == "正在处理图片 3/5"
    world.image_batch(planned, 0)
    assert step() == "正在处理图片 3/5"
    world.image_batch(planned, 1)
    assert step() == "正在处理图片 5/5"


def test_chunks_wait_for_every_batch(world: World, planned: RunRef) -> None:
    world.image_batch(planned, 0)
    world.image_batch(planned, 2)
    assert not world.stage(planned, Stage.CHUNK)
    assert Stage.IMAGES not in world.run(planned).stages_done
    world.image_batch(planned, 1)
    assert world.stage(planned, Stage.CHUNK)
    assert {Stage.IMAGES, Stage.CHUNK} <= set(world.run(planned).stages_done)


def test_the_plan_is_made_once(world: World, planned: RunRef) -> None:
    assert not world.stage(planned, Stage.IMAGES)
    images = world.run(planned).outputs.images
    assert images is not None
    assert (images.image_count, images.batch_count, images.batch_pictures) == (PICTURES, 3, BATCH)


def test_a_batch_that_is_no_part_of_the_plan_does_nothing(world: World, planned: RunRef) -> None:
    world.image_batch(planned, 3)
    assert world.run(planned).image_batches_done == ()


def test_a_lost_batch_alone_is_sent_again(world: World, planned: RunRef) -> None:
    world.image_batch(planned, 0)
    world.image_batch(planned, 2)
    world.resources.redis.flushall()
    publish_document(world.app, world.run(planned))
    assert world.resources.queue.depths()[QueueName.CPU] == 1
    world.resources.redis.flushall()
    world.image_batch(planned, 1)
    publish_document(world.app, world.run(planned))
    assert world.resources.queue.depths()[QueueName.CPU] == 1, "nothing but the chunks is left to do"


def test_a_batch_run_twice_counts_once(world: World, planned: RunRef) -> None:
    world.image_batch(planned, 1)
    spent = world.run(planned).stage_ms[Stage.IMAGES]
    world.image_batch(planned, 1)
    run = world.run(planned)
    assert run.image_batches_done == (1,)
    assert run.stage_ms[Stage.IMAGES] == spent


def test_a_cancel_between_two_batches_ends_the_work(world: World, planned: RunRef) -> None:
    world.image_batch(planned, 0)
    sync_tasks.cancel(world.resources, planned.task_id)
    world.image_batch(planned, 1)
    run = world.run(planned)
    assert run.status is RunStatus.CANCELLED
    assert run.image_batches_done == (0,)


def test_a_batch_that_died_is_done_by_the_next_attempt_from_where_it_was(world: World, planned: RunRef) -> None:
    world.image_batch(planned, 0)
    lease = batch_lease(1, Stage.IMAGES)
    assert world.resources.leases.claim_batch(planned, 1, owner="a worker that dies", stage=Stage.IMAGES) is not None
    record = {"_id": planned.run_id}
    long_ago = {f"leases.{lease}.until": clock.seconds_from_now(-60), "wake_at": clock.seconds_from_now(-60)}
    world.resources.database["document_runs"].update_one(record, {"$set": long_ago})
    renewed = world.resources.leases.begin_attempt(world.run(planned), wake_at=clock.seconds_from_now(30))
    assert renewed is not None
    world.image_batch(planned, 1)
    assert world.run(planned).image_batches_done == (0,), "a message of the attempt that died does nothing"
    again = ref_of(renewed)
    for batch in (1, 2):
        world.image_batch(again, batch)
    assert finish(world, again).status is RunStatus.COMPLETED


def test_what_was_read_is_not_read_again(world: World, planned: RunRef, kb: KnowledgeBase) -> None:
    for batch in range(3):
        world.image_batch(planned, batch)
    finish(world, planned)
    world.resources.page_reader.close()
    document_id = planned.document_id
    [images] = [
        path
        for path in world.resources.settings.objects_path.rglob("images-*")
        if path.is_file() and document_id in str(path)
    ]
    images.unlink()
    for path in world.resources.settings.objects_path.rglob("chunks-*"):
        path.unlink()
    world.resources.vector_store.delete_documents(kb.id, [document_id])
    task = world.finish(world.sync(kb.id, document_id).id)
    assert task.status is TaskStatus.COMPLETED
    assert world.resources.page_reader.child_pid is None, "no picture was read"


def test_few_pictures_are_read_without_a_message_of_their_own(world: World, kb: KnowledgeBase) -> None:
    world.upload(kb.id, "few.pdf", illustrated(BATCH))
    task = world.sync(kb.id)
    world.start(task.id)
    ref = ref_of(world.runs(task)[0])
    for stage in (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES):
        assert world.stage(ref, stage)
    run = world.run(ref)
    assert run.outputs.images is not None
    assert run.outputs.images.batch_count == 0
    assert (run.images_done, run.images_total) == (BATCH, BATCH)
    assert "line 2" in image_texts(world, finish(world, ref))[1]
