"""Small documents of a large sync travel together, against real servers; each keeps its own record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import clock
from shared.counters import Counter
from shared.models import DocumentRun, KnowledgeBase, RunRef, SyncTask
from shared.queue import QueueName, TaskName, queue_lists
from shared.services import search, sync_tasks
from shared.services.ranking import SearchMode, SearchQuery
from shared.states import STAGES, DocumentStatus, RunStatus, Stage, TaskStatus
from tests.integration.sync_world import DAMAGED_PDF, World, facts, pdf, ref_of, settings_for
from worker import bundle_runner
from worker.reconciler import reconcile

WINDOW = 2
NAMES = ("Alpha", "Beta", "Gamma", "Delta")
BATCH_CHUNKS = 4


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    settings = settings_for(
        mongodb_url,
        redis_url,
        database_name,
        tmp_path,
        dispatch_window=WINDOW,
        bundle_documents=len(NAMES),
        embedding_batch_chunks=BATCH_CHUNKS,
        lease_seconds=1.0,
    )
    opened = World.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def begin(world: World, kb: KnowledgeBase, *names: str) -> SyncTask:
    for name in names:
        world.upload(kb.id, f"{name}.pdf", pdf(name))
    task = world.sync(kb.id)
    world.start(task.id)
    return task


def refs(runs: list[DocumentRun]) -> list[RunRef]:
    return [ref_of(run) for run in runs]


def prepare(world: World, of: list[RunRef]) -> None:
    bundle_runner.prepare_bundle(world.resources, world.app, of)


def embed(world: World, of: list[RunRef]) -> None:
    bundle_runner.embed_bundle(world.resources, world.app, of)


def store(world: World, of: list[RunRef]) -> None:
    bundle_runner.store_bundle(world.resources, world.app, of)


def all_the_way(world: World, task: SyncTask) -> None:
    of = refs(world.runs(task))
    prepare(world, of)
    embed(world, of)
    store(world, of)


def found(world: World, kb: KnowledgeBase, text: str) -> set[str]:
    results = search.search(world.resources, kb.id, SearchQuery(text=text, top_k=50, mode=SearchMode.TEXT))
    return {result.chunk.document_id for result in results}


def messages(world: World, queue: str) -> int:
    return world.resources.queue.depths()[QueueName(queue)]


def test_documents_travel_together_and_each_is_found(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    assert (messages(world, "cpu"), messages(world, "io")) == (1, 0)
    of = refs(world.runs(task))
    prepare(world, of)
    assert messages(world, "embed") == 1
    embed(world, of)
    assert messages(world, "io") == 1
    store(world, of)
    runs = world.runs(task)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED
    assert {(run.status, run.stages_done, run.attempt) for run in runs} == {(RunStatus.COMPLETED, STAGES, 1)}
    assert all(set(run.stage_ms) == set(Stage) and run.leases == {} and run.wake_at is None for run in runs)
    documents = [world.document(run.document_id) for run in runs]
    assert {document.status for document in documents} == {DocumentStatus.COMPLETED}
    assert all(set(document.processing_info) == set(Stage) for document in documents)
    for run, name in zip(runs, NAMES, strict=True):
        assert found(world, kb, name) == {run.document_id}
    counted = world.resources.counters.read()
    assert counted[Counter.EMBED_CALLS] == 1
    assert counted[Counter.DOCUMENTS_STORED] == counted[Counter.CONVERSIONS] == len(NAMES)


def test_a_sync_that_fits_into_the_window_sends_each_document_alone(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES[:WINDOW])
    assert [run.bundled for run in world.runs(task)] == [False] * WINDOW
    assert (messages(world, "cpu"), messages(world, "io")) == (0, WINDOW)


def test_a_bad_document_harms_only_itself(world: World, kb: KnowledgeBase) -> None:
    bad = world.upload(kb.id, "bad.pdf", DAMAGED_PDF)
    gone = world.upload(kb.id, "gone.pdf", pdf("Gone"))
    world.resources.object_store.delete(gone.object_key)
    task = begin(world, kb, "Alpha", "Beta")
    all_the_way(world, task)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.PARTIAL_SUCCESS
    messages_of = {run.document_id: run.error_message for run in world.runs(task)}
    assert messages_of[bad.id] == "PDF转换失败: 文件损坏"
    assert messages_of[gone.id] == "下载失败: 文件不存在"
    assert [run.status for run in world.runs(task)][2:] == [RunStatus.COMPLETED] * 2


def test_a_document_with_several_batches_leaves_the_bundle(world: World, kb: KnowledgeBase) -> None:
    large = world.upload(kb.id, "large.pdf", pdf("Large", pages=BATCH_CHUNKS + 1))
    task = begin(world, kb, *NAMES[1:])
    of = refs(world.runs(task))
    prepare(world, of)
    [run] = [run for run in world.runs(task) if run.document_id == large.id]
    assert run.outputs.chunk is not None
    assert run.outputs.chunk.batch_count > 1
    assert messages(world, "embed") == 1 + run.outputs.chunk.batch_count
    embed(world, [ref for ref in of if ref.document_id != large.id])
    store(world, [ref for ref in of if ref.document_id != large.id])
    world.run_until(ref_of(run), Stage.STORE)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED
    assert found(world, kb, "Large") == {large.id}


def test_a_message_that_comes_twice_does_nothing_the_second_time(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    of = refs(world.runs(task))
    for step in (prepare, embed, store):
        step(world, of)
        before = world.runs(task)
        step(world, of)
        assert world.runs(task) == before
    assert world.resources.counters.read()[Counter.CONVERSIONS] == len(NAMES)


@pytest.mark.parametrize("reached", [TaskName.PREPARE_BUNDLE, TaskName.EMBED_BUNDLE])
def test_after_a_cancel_nothing_starts_and_nothing_becomes_visible(
    world: World, kb: KnowledgeBase, reached: TaskName
) -> None:
    task = begin(world, kb, *NAMES)
    of = refs(world.runs(task))
    prepare(world, of)
    if reached is TaskName.EMBED_BUNDLE:
        embed(world, of)
    sync_tasks.cancel(world.resources, task.id)
    cancelled = world.runs(task)
    for step in (prepare, embed, store):
        step(world, of)
    assert world.runs(task) == cancelled
    assert {run.status for run in cancelled} == {RunStatus.CANCELLED}
    assert {world.document(run.document_id).status for run in cancelled} == {DocumentStatus.UPLOADED}
    assert found(world, kb, "Alpha") == set()


def test_a_lost_message_is_sent_again_for_each_document_alone(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    world.resources.redis.delete(*queue_lists(QueueName.CPU))
    world.resources.database["document_runs"].update_many({}, {"$set": {"wake_at": clock.now()}})
    reconcile(world.resources, world.app)
    assert (messages(world, "cpu"), messages(world, "io")) == (0, len(NAMES))
    assert world.finish(task.id).status is TaskStatus.COMPLETED


def test_documents_whose_worker_died_go_on_alone(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    of = refs(world.runs(task))
    assert len(world.resources.bundle_leases.claim_preparation(of, owner="dies")) == len(NAMES)
    prepare(world, of)
    assert {run.stages_done for run in world.runs(task)} == {()}
    past = clock.seconds_from_now(-5)
    ran_out = {"leases.download.until": past, "wake_at": past}
    world.resources.database["document_runs"].update_many({}, {"$set": ran_out})
    world.resources.database["reconciler_rounds"].delete_many({})
    for _ in range(3):
        reconcile(world.resources, world.app)
    again = world.runs(task)
    assert {(run.attempt, run.crashes) for run in again} == {(2, 1)}
    assert messages(world, "io") == len(NAMES)
    prepare(world, of)  # the message of the attempt that counts no more
    assert world.runs(task) == again
    assert world.finish(task.id).status is TaskStatus.COMPLETED


def test_a_document_that_a_newer_sync_overtook_is_not_stored(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    of = refs(world.runs(task))
    prepare(world, of)
    embed(world, of)
    overtaken, *others = (run.document_id for run in world.runs(task))
    assert world.resources.documents.begin_store(
        overtaken, fence=task.fence + 1, facts=facts("newer"), owner="newer", until=clock.seconds_from_now(60)
    )
    store(world, of)
    statuses = {run.document_id: run.status for run in world.runs(task)}
    assert statuses == {overtaken: RunStatus.PROCESSING} | dict.fromkeys(others, RunStatus.COMPLETED)
    assert found(world, kb, "Alpha") == set()
    assert found(world, kb, "Beta") == {others[0]}


def test_a_missing_artifact_starts_only_its_document_over(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    of = refs(world.runs(task))
    prepare(world, of)
    spoiled = world.document(world.runs(task)[0].document_id)
    world.resources.object_store.delete(world.resources.artifact_names(spoiled, kb).chunks)
    embed(world, of)
    store(world, of)
    first, *others = world.runs(task)
    assert (first.attempt, first.crashes, first.stages_done) == (2, 1, ())
    assert {run.status for run in others} == {RunStatus.COMPLETED}
    world.run_until(ref_of(first), Stage.STORE)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED


def test_equal_texts_of_a_bundle_are_embedded_once(world: World, kb: KnowledgeBase) -> None:
    world.upload(kb.id, "copy.pdf", pdf("Alpha") + b"% other bytes, the same text\n")
    task = begin(world, kb, *NAMES[:3])
    all_the_way(world, task)
    runs = world.runs(task)
    assert sum(run.embeddings_reused for run in runs) == runs[0].chunks_created
    embedded = world.resources.counters.read()[Counter.CHUNKS_EMBEDDED]
    assert embedded == sum(run.chunks_created - run.embeddings_reused for run in runs)
    assert found(world, kb, "Alpha") == {runs[0].document_id, runs[1].document_id}


def test_a_bundle_whose_knowledge_base_is_gone_does_nothing(world: World, kb: KnowledgeBase) -> None:
    task = begin(world, kb, *NAMES)
    world.resources.knowledge_bases.mark_deleting(kb.id)
    prepare(world, refs(world.runs(task)))
    assert {run.stages_done for run in world.runs(task)} == {()}
    assert world.resources.counters.read()[Counter.CONVERSIONS] == 0
