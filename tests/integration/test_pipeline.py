"""The stages of real documents, one after the other in this process, against real servers and real stores."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared import clock
from shared.counters import Counter
from shared.models import KnowledgeBase, SyncTask
from shared.services import search, sync_tasks
from shared.services.ranking import SearchMode, SearchQuery
from shared.states import STAGES, DocumentStatus, RunStatus, Stage, TaskStatus
from tests.integration.sync_world import DAMAGED_PDF, World, facts, pdf, ref_of, settings_for
from worker.reconciler import reconcile
from worker.stages.chunk import read_chunks


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    settings = settings_for(mongodb_url, redis_url, database_name, tmp_path, embedding_batch_chunks=2)
    opened = World.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def counters(world: World, *names: Counter) -> list[int]:
    values = world.resources.counters.read()
    return [values[name] for name in names]


def found(world: World, kb: KnowledgeBase, text: str) -> set[str]:
    """Return the documents that a search shows for some words."""
    results = search.search(world.resources, kb.id, SearchQuery(text=text, top_k=50, mode=SearchMode.TEXT))
    return {result.chunk.document_id for result in results}


def begin(world: World, kb: KnowledgeBase) -> SyncTask:
    task = world.sync(kb.id)
    world.start(task.id)
    return task


def test_documents_go_from_bytes_to_search(world: World, kb: KnowledgeBase) -> None:
    gearbox = world.upload(kb.id, "gearbox.pdf", pdf("Gearbox", pages=3))
    turbine = world.upload(kb.id, "turbine.pdf", pdf("Turbine", pages=2))
    task = world.finish(world.sync(kb.id).id)
    assert task.status is TaskStatus.COMPLETED
    runs = world.runs(task)
    assert {run.status for run in runs} == {RunStatus.COMPLETED}
    assert {run.stages_done for run in runs} == {STAGES}
    assert all(set(run.stage_ms) == set(Stage) for run in runs)
    assert set(world.document(gearbox.id).processing_info) == set(Stage)
    assert world.resources.kb_lock.holder(kb.id) is None
    document = world.document(gearbox.id)
    assert (document.status, document.page_count) == (DocumentStatus.COMPLETED, 3)
    assert document.chunk_count == runs[0].chunks_created > 1
    assert found(world, kb, "Gearbox") == {gearbox.id}
    assert found(world, kb, "Turbine") == {turbine.id}


def test_unchanged_documents_cost_nothing_the_second_time(world: World, kb: KnowledgeBase) -> None:
    documents = [world.upload(kb.id, f"{name}.pdf", pdf(name)) for name in ("Alpha", "Beta")]
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
    before = counters(world, Counter.CONVERSIONS, Counter.EMBED_CALLS, Counter.DOCUMENTS_STORED)
    again = world.sync(kb.id, *(document.id for document in documents))
    world.start(again.id)
    assert world.resources.sync_tasks.get(again.id).status is TaskStatus.COMPLETED
    counts = world.resources.runs.counts([again.id])[again.id]
    assert (counts.unchanged, counts.completed, counts.chunks_created) == (2, 2, 0)
    assert counters(world, Counter.CONVERSIONS, Counter.EMBED_CALLS, Counter.DOCUMENTS_STORED) == before
    assert world.document(documents[0].id).status is DocumentStatus.COMPLETED


def test_a_document_whose_rows_are_gone_is_stored_again_without_conversion(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    world.finish(world.sync(kb.id).id)
    before = counters(world, Counter.CONVERSIONS, Counter.EMBED_CALLS)
    world.resources.vector_store.delete_documents(kb.id, [document.id])
    task = world.finish(world.sync(kb.id, document.id).id)
    assert task.status is TaskStatus.COMPLETED
    assert counters(world, Counter.CONVERSIONS, Counter.EMBED_CALLS) == before
    assert found(world, kb, "Alpha") == {document.id}


def test_equal_texts_are_embedded_once_in_a_knowledge_base(world: World, kb: KnowledgeBase) -> None:
    first = world.upload(kb.id, "first.pdf", pdf("Manual", pages=2))
    world.finish(world.sync(kb.id).id)
    embedded = counters(world, Counter.CHUNKS_EMBEDDED, Counter.EMBED_CALLS)
    copy = world.upload(kb.id, "copy.pdf", pdf("Manual", pages=2) + b"% other bytes, the same text\n")
    assert copy.id != first.id
    task = world.finish(world.sync(kb.id).id)
    assert task.status is TaskStatus.COMPLETED
    [run] = world.runs(task)
    assert run.embeddings_reused == run.chunks_created == world.document(first.id).chunk_count
    assert counters(world, Counter.CHUNKS_EMBEDDED, Counter.EMBED_CALLS) == embedded
    assert found(world, kb, "Manual") == {first.id, copy.id}


def test_a_failing_document_harms_only_itself(world: World, kb: KnowledgeBase) -> None:
    good = world.upload(kb.id, "good.pdf", pdf("Good"))
    bad = world.upload(kb.id, "bad.pdf", DAMAGED_PDF)
    gone = world.upload(kb.id, "gone.pdf", pdf("Gone"))
    world.resources.object_store.delete(gone.object_key)
    task = world.finish(world.sync(kb.id).id)
    assert task.status is TaskStatus.PARTIAL_SUCCESS
    messages = {run.document_id: run.error_message for run in world.runs(task)}
    assert messages == {good.id: None, bad.id: "PDF转换失败: 文件损坏", gone.id: "下载失败: 文件不存在"}
    statuses = [world.document(document.id).status for document in (good, bad, gone)]
    assert statuses == [DocumentStatus.COMPLETED, DocumentStatus.FAILED, DocumentStatus.FAILED]
    assert world.document(bad.id).error_code == "3010"


def test_a_sync_of_failures_has_failed_and_can_be_retried(world: World, kb: KnowledgeBase) -> None:
    bad = world.upload(kb.id, "bad.pdf", DAMAGED_PDF)
    failed = world.finish(world.sync(kb.id).id)
    assert failed.status is TaskStatus.FAILED
    retry = sync_tasks.retry_failed(world.resources, failed.id)
    assert retry.document_ids == (bad.id,)
    assert world.finish(retry.task.id).status is TaskStatus.FAILED


@pytest.mark.parametrize("stage", [Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK, Stage.EMBED])
def test_after_a_cancel_no_stage_starts_and_nothing_becomes_visible(
    world: World, kb: KnowledgeBase, stage: Stage
) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    [run] = world.runs(task)
    world.run_until(ref_of(run), stage)
    assert stage in world.run(ref_of(run)).stages_done or stage is Stage.EMBED
    assert world.document(document.id).status is DocumentStatus.PROCESSING
    sync_tasks.cancel(world.resources, task.id)
    cancelled = world.run(ref_of(run))
    assert cancelled.status is RunStatus.CANCELLED
    for later in (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK):
        assert not world.stage(ref_of(run), later)
    world.batch(ref_of(run), 0)
    world.store(ref_of(run))
    reconcile(world.resources, world.app)
    assert world.run(ref_of(run)) == cancelled
    assert world.document(document.id).status is DocumentStatus.UPLOADED
    assert found(world, kb, "Alpha") == set()
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.CANCELLED


def test_what_a_cancelled_sync_made_is_used_by_the_next(world: World, kb: KnowledgeBase) -> None:
    world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    world.run_until(ref_of(world.runs(task)[0]), Stage.EMBED)
    sync_tasks.cancel(world.resources, task.id)
    before = counters(world, Counter.CONVERSIONS, Counter.EMBED_CALLS)
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
    assert counters(world, Counter.CONVERSIONS, Counter.EMBED_CALLS) == before


def lose(world: World, key: str) -> None:
    world.resources.object_store.delete(key)


def cut_off(world: World, key: str) -> None:
    """Leave what a power cut may leave of an artifact."""
    content = world.resources.object_store.get(key)
    world.resources.object_store.put(key, [content[: len(content) // 2]])


def empty(world: World, key: str) -> None:
    world.resources.object_store.put(key, [])


@pytest.mark.parametrize("spoil", [lose, cut_off, empty])
@pytest.mark.parametrize("lost", ["converted", "chunks", "vectors"])
def test_an_artifact_that_is_missing_or_damaged_starts_the_document_over(
    world: World, kb: KnowledgeBase, lost: str, spoil: Callable[[World, str], None]
) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    [run] = world.runs(task)
    last = {"converted": Stage.CONVERT, "chunks": Stage.CHUNK, "vectors": Stage.EMBED}[lost]
    world.run_until(ref_of(run), last)
    names = world.resources.artifact_names(document, kb)
    run = world.run(ref_of(run))
    if lost == "converted":
        spoil(world, names.converted)
        assert world.stage(ref_of(run), Stage.IMAGES)
        assert not world.stage(ref_of(run), Stage.CHUNK)
    elif lost == "chunks":
        spoil(world, names.chunks)
        world.batch(ref_of(run), 0)
    else:
        hashes = read_chunks(world.resources.object_store, names.chunks).batches(2)
        spoil(world, names.vectors(hashes[-1]))
        world.store(ref_of(run))
    again = world.run(ref_of(run))
    assert (again.attempt, again.crashes, again.stages_done) == (2, 1, ())
    world.run_until(ref_of(again), Stage.STORE)
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED
    assert found(world, kb, "Alpha") == {document.id}


def test_an_artifact_that_is_always_missing_does_not_loop(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    names = world.resources.artifact_names(document, kb)
    [run] = world.runs(task)
    for _ in range(10):
        run = world.run(ref_of(run))
        if run.finished_at is not None:
            break
        world.run_until(ref_of(run), Stage.IMAGES)
        world.resources.object_store.delete(names.converted)
        world.stage(ref_of(run), Stage.CHUNK)
    assert (run.status, run.attempt) == (RunStatus.FAILED, 4)
    assert run.error_message == "分块失败: 文件不存在"
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.FAILED


def test_a_store_that_a_newer_sync_overtook_takes_no_effect(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    [run] = world.runs(task)
    world.run_until(ref_of(run), Stage.EMBED)
    newer = task.fence + 1
    announced = facts("newer")
    assert world.resources.documents.begin_store(
        document.id, fence=newer, facts=announced, owner="newer", until=clock.now()
    )
    world.store(ref_of(run))
    assert world.run(ref_of(run)).status is RunStatus.PROCESSING
    assert world.document(document.id).fence == newer
    assert world.resources.vector_store.document_chunks(world.resources.table(kb), [document.id]) == {}


def test_a_store_waits_its_turn_without_blame_while_another_holds_the_document(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    [run] = world.runs(task)
    world.run_until(ref_of(run), Stage.EMBED)
    until = clock.seconds_from_now(600)
    assert world.resources.documents.begin_store(
        document.id, fence=task.fence, facts=facts("same"), owner="died while it stored", until=until
    )
    world.store(ref_of(run))
    waiting = world.run(ref_of(run))
    assert (waiting.status, waiting.leases, waiting.crashes) == (RunStatus.PROCESSING, {}, 0)
    assert waiting.committing_until is None
    world.resources.database["documents"].update_one({"_id": document.id}, {"$set": {"store_lock.until": clock.now()}})
    world.store(ref_of(waiting))
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED


def test_a_worker_that_died_between_commit_and_record_leaves_nothing_twice(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    [run] = world.runs(task)
    world.run_until(ref_of(run), Stage.STORE)
    chunks = world.document(document.id).chunk_count
    # As if the record had not been ended, nor the sync.
    database = world.resources.database
    database["document_runs"].update_one(
        {"_id": run.id}, {"$set": {"status": "processing", "leases": {}}, "$pull": {"stages_done": "store"}}
    )
    database["sync_tasks"].update_one({"_id": task.id}, {"$set": {"status": "running", "active": True}})
    world.store(ref_of(run))
    assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED
    held = world.resources.vector_store.document_chunks(world.resources.table(kb), [document.id])[document.id]
    assert held.text_chunks + held.image_chunks == chunks


def test_a_late_download_of_a_cancelled_sync_does_not_hold_the_document(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "a.pdf", pdf("Alpha"))
    task = begin(world, kb)
    [run] = world.runs(task)
    world.run_until(ref_of(run), Stage.DOWNLOAD)
    sync_tasks.cancel(world.resources, task.id)
    world.resources.documents.mark_processing([document.id], task_id=task.id, fence=task.fence)
    assert world.document(document.id).status is DocumentStatus.UPLOADED


def test_progress_never_falls_on_the_way(world: World, kb: KnowledgeBase) -> None:
    from shared.services.sync_progress import get_task

    for name in ("Alpha", "Beta"):
        world.upload(kb.id, f"{name}.pdf", pdf(name))
    task = world.sync(kb.id)
    seen: list[tuple[int, str]] = []

    def look() -> None:
        progress = get_task(world.resources, task.id, language="zh").progress
        seen.append((progress.percent, progress.current_step))

    look()
    world.start(task.id)
    for run in world.runs(task):
        for stage in (*STAGES[:4], Stage.STORE):
            world.run_until(ref_of(run), stage)
            look()
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert percents[-1] == 100
    assert max(percents[:-1]) < 100
    assert seen[0][1] == "等待执行"
    assert seen[1][1] == "正在下载文档 Alpha.pdf (1/2)"
    assert seen[5][1] == "正在下载文档 Beta.pdf (2/2)"
    assert seen[-1][1] == "完成"
