"""A document's record and its rows in the vector store, after a commit that was cut off or came too late."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared import clock
from shared.models import Document, KnowledgeBase
from shared.services import search, sync_tasks
from shared.services.ranking import SearchMode, SearchQuery
from shared.states import DocumentStatus, Stage, TaskStatus
from shared.vector_stores.base import DocumentChunks
from tests.integration.sync_world import World, facts, pdf, ref_of, settings_for
from worker.reconciler import reconcile


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    opened = World.open(settings_for(mongodb_url, redis_url, database_name, tmp_path, embedding_batch_chunks=2))
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


@pytest.fixture
def synced(world: World, kb: KnowledgeBase) -> Document:
    document = world.upload(kb.id, "gearbox.pdf", pdf("Gearbox", pages=2))
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
    return world.document(document.id)


def held(world: World, kb: KnowledgeBase, document_id: str) -> DocumentChunks | None:
    return world.resources.vector_store.document_chunks(world.resources.table(kb), [document_id]).get(document_id)


def found(world: World, kb: KnowledgeBase, text: str) -> set[str]:
    query = SearchQuery(text=text, top_k=50, mode=SearchMode.TEXT)
    return {result.chunk.document_id for result in search.search(world.resources, kb.id, query)}


def announce(world: World, document: Document, revision: str) -> None:
    """Leave a document as a worker does that dies after it announced a store, its lock run out."""
    ran_out = clock.now() - timedelta(seconds=1)
    assert world.resources.documents.begin_store(
        document.id, fence=document.fence, facts=facts(revision), owner="dead", until=ran_out
    )


def write_rows(world: World, kb: KnowledgeBase, document: Document, revision: str) -> None:
    """Do what a writer does that was stopped for longer than its locks last."""
    table = world.resources.table(kb)
    chunks, _ = world.resources.vector_store.list_chunks(table, document.id, chunk_type=None, offset=0, limit=1)
    row = chunks[0].model_copy(update={"chunk_id": f"chunk-{revision}", "revision": revision})
    vectors = world.resources.embedder(kb.embedding).embed([row.content])
    world.resources.vector_store.replace_document(table, document.id, [row], vectors)


def test_an_announcement_whose_commit_never_came_is_taken_back(
    world: World, kb: KnowledgeBase, synced: Document
) -> None:
    announce(world, synced, "never came")
    reconcile(world.resources, world.app)
    settled = world.document(synced.id)
    assert settled.storing is None
    assert (settled.revision, settled.status) == (synced.revision, DocumentStatus.COMPLETED)
    assert found(world, kb, "Gearbox") == {synced.id}


def test_a_commit_whose_worker_died_before_noting_it_counts(world: World, kb: KnowledgeBase, synced: Document) -> None:
    announce(world, synced, "new")
    write_rows(world, kb, synced, "new")
    assert found(world, kb, "Gearbox") == {synced.id}
    reconcile(world.resources, world.app)
    settled = world.document(synced.id)
    assert settled.storing is None
    assert (settled.revision, settled.text_chunks) == ("new", 1)
    assert found(world, kb, "Gearbox") == {synced.id}


def test_rows_of_a_late_writer_are_hidden_and_then_replaced(world: World, kb: KnowledgeBase, synced: Document) -> None:
    before = held(world, kb, synced.id)
    write_rows(world, kb, synced, "of an older sync")
    assert found(world, kb, "Gearbox") == set()
    announce(world, synced, "another")
    reconcile(world.resources, world.app)
    assert held(world, kb, synced.id) == before
    assert found(world, kb, "Gearbox") == {synced.id}


def test_rows_of_a_late_writer_that_could_not_be_settled_at_once_are_replaced_later(
    world: World, kb: KnowledgeBase, synced: Document
) -> None:
    before = held(world, kb, synced.id)
    write_rows(world, kb, synced, "of an older sync")
    world.resources.documents.leave_to_settle(synced.id)
    reconcile(world.resources, world.app)
    assert held(world, kb, synced.id) == before
    assert found(world, kb, "Gearbox") == {synced.id}
    reconcile(world.resources, world.app)
    assert "store_lock" not in (world.resources.database["documents"].find_one({"_id": synced.id}) or {})


def test_a_document_whose_artifacts_are_gone_too_is_synced_again(
    world: World, kb: KnowledgeBase, synced: Document
) -> None:
    write_rows(world, kb, synced, "of an older sync")
    announce(world, synced, "another")
    assert synced.chunks_key is not None
    world.resources.object_store.delete(synced.chunks_key)
    reconcile(world.resources, world.app)
    assert world.document(synced.id).status is DocumentStatus.UPLOADED
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
    assert found(world, kb, "Gearbox") == {synced.id}


def test_a_store_in_progress_is_left_alone(world: World, kb: KnowledgeBase, synced: Document) -> None:
    until = clock.seconds_from_now(600)
    assert world.resources.documents.begin_store(
        synced.id, fence=synced.fence, facts=facts("coming"), owner="alive", until=until
    )
    reconcile(world.resources, world.app)
    assert world.document(synced.id).storing is not None


def test_a_cancel_in_the_middle_of_a_commit_that_died_leaves_a_whole_document(world: World, kb: KnowledgeBase) -> None:
    document = world.upload(kb.id, "gearbox.pdf", pdf("Gearbox"))
    task = world.sync(kb.id)
    world.start(task.id)
    [run] = world.runs(task)
    world.run_until(ref_of(run), Stage.EMBED)
    announce(world, world.document(document.id), "never came")
    sync_tasks.cancel(world.resources, task.id)
    reconcile(world.resources, world.app)
    settled = world.document(document.id)
    assert (settled.status, settled.storing, settled.revision) == (DocumentStatus.UPLOADED, None, None)
    assert world.finish(world.sync(kb.id).id).status is TaskStatus.COMPLETED
