"""A search while a document gets new chunks: all old or all new, never none and never both."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from shared.embedders.base import Vectors
from shared.models import KnowledgeBase, RunRef, StoreFacts
from shared.services.ranking import SearchMode, SearchQuery
from shared.services.search import search
from shared.states import Stage
from shared.vector_stores.base import EVERY_CHUNK, ChunkFilter, ChunkHit, TableName, VectorStore
from tests.integration.sync_world import World, pdf, ref_of, settings_for


class Interrupted:
    """A vector store in which something happens once, right after a search by vector."""

    def __init__(self, store: VectorStore, happens: Callable[[], None]) -> None:
        self._store = store
        self._happens: list[Callable[[], None]] = [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def search_vector(
        self, table: TableName, vector: Vectors, *, limit: int, only: ChunkFilter = EVERY_CHUNK
    ) -> list[ChunkHit]:
        hits = self._store.search_vector(table, vector, limit=limit, only=only)
        if self._happens:
            self._happens.pop()()
        return hits


@pytest.fixture
def world(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Iterator[World]:
    opened = World.open(settings_for(mongodb_url, redis_url, database_name, tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def ready_to_store(world: World, kb: KnowledgeBase) -> RunRef:
    """Sync a document, and again with smaller chunks up to the last stage."""
    document = world.upload(kb.id, "manual.pdf", pdf("Pump", pages=3))
    world.finish(world.sync(kb.id).id)
    world.resources.database["knowledge_bases"].update_one({"_id": kb.id}, {"$set": {"chunking.max_tokens": 64}})
    task = world.sync(kb.id, document.id)
    world.start(task.id)
    ref = ref_of(world.runs(task)[0])
    world.run_until(ref, Stage.EMBED)
    return ref


def stored_chunks(world: World, kb: KnowledgeBase, document_id: str) -> set[str]:
    table = world.resources.table(kb)
    rows, _ = world.resources.vector_store.list_chunks(table, document_id, chunk_type=None, offset=0, limit=999)
    return {row.chunk_id for row in rows}


@pytest.mark.parametrize("mode", [SearchMode.VECTOR, SearchMode.HYBRID])
def test_a_search_during_a_store_finds_one_make_of_a_document(
    world: World, kb: KnowledgeBase, mode: SearchMode
) -> None:
    ref = ready_to_store(world, kb)
    before = stored_chunks(world, kb, ref.document_id)
    interrupted = Interrupted(world.resources.vector_store, lambda: world.store(ref))
    world.resources.vector_store = cast(VectorStore, interrupted)

    found = search(world.resources, kb.id, SearchQuery(text="Pump", top_k=50, mode=mode))

    after = stored_chunks(world, kb, ref.document_id)
    assert {result.chunk.chunk_id for result in found} == after
    assert before.isdisjoint(after)


def test_a_search_between_commit_and_note_takes_no_old_chunk(world: World, kb: KnowledgeBase) -> None:
    ref = ready_to_store(world, kb)
    old = stored_chunks(world, kb, ref.document_id)
    documents = world.resources.database["documents"]
    noted = documents.find_one({"_id": ref.document_id})
    assert noted is not None

    def commit_without_note() -> None:
        world.store(ref)
        stored = documents.find_one({"_id": ref.document_id})
        assert stored is not None
        facts = {name: stored[name] for name in StoreFacts.model_fields}
        documents.replace_one({"_id": ref.document_id}, {**noted, "storing": facts})

    world.resources.vector_store = cast(VectorStore, Interrupted(world.resources.vector_store, commit_without_note))

    found = search(world.resources, kb.id, SearchQuery(text="Pump", top_k=50, mode=SearchMode.HYBRID))

    assert {result.chunk.chunk_id for result in found} == stored_chunks(world, kb, ref.document_id)
    assert old.isdisjoint(result.chunk.chunk_id for result in found)
