"""A knowledge base whose embedding model is changed: embedded anew, searched by the new one, nothing mixed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import InvalidRequest, SyncAlreadyRunning
from shared.models import EmbeddingChoice, KnowledgeBase
from shared.services import knowledge_bases
from shared.services.ranking import SearchMode, SearchQuery
from shared.services.search import search
from shared.states import DocumentStatus, TaskStatus
from tests.integration.embedding_server import EmbeddingServer, embedding_server
from tests.integration.sync_world import World, pdf, settings_for

OTHER = EmbeddingChoice(provider="openai", model="words")


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


@pytest.fixture
def world(
    server: EmbeddingServer, mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path
) -> Iterator[World]:
    opened = World.open(
        settings_for(
            mongodb_url,
            redis_url,
            database_name,
            tmp_path,
            openai_base_url=server.openai_url,
            openai_models="words=64",  # as long as the vectors of the first model
        )
    )
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    made = world.knowledge_base()
    world.upload(made.id, "a.pdf", pdf("Pumps"))
    assert world.finish(world.sync(made.id).id).status is TaskStatus.COMPLETED
    return made


def change(world: World, kb: KnowledgeBase, choice: EmbeddingChoice) -> KnowledgeBase:
    changed = knowledge_bases.update(world.resources, kb.id, name=None, description=None, embedding=choice)
    return changed.knowledge_base


def found(world: World, kb: KnowledgeBase) -> int:
    return len(search(world.resources, kb.id, SearchQuery("how pumps are set up", mode=SearchMode.VECTOR)))


def test_the_next_sync_embeds_everything_with_the_new_model(
    world: World, server: EmbeddingServer, kb: KnowledgeBase
) -> None:
    before = found(world, kb)
    assert before
    changed = change(world, kb, OTHER)
    assert changed.embedding == OTHER
    assert world.resources.table(changed) != world.resources.table(kb)
    assert found(world, kb) == 0, "vectors of two models are not compared"
    task = world.finish(world.sync(kb.id).id)
    [run] = world.runs(task)
    assert (task.status, run.unchanged, run.embeddings_reused) == (TaskStatus.COMPLETED, False, 0)
    assert sum(server.statistics.texts.values()) == run.chunks_created + 1, "and the query before"
    assert found(world, kb) == before


def test_the_same_model_changes_nothing(world: World, kb: KnowledgeBase) -> None:
    change(world, kb, kb.embedding)
    [document] = world.resources.documents.with_status(kb.id, DocumentStatus.COMPLETED)
    assert document.filename == "a.pdf"
    assert found(world, kb)


def test_an_unknown_model_is_refused(world: World, kb: KnowledgeBase) -> None:
    with pytest.raises(InvalidRequest):
        change(world, kb, EmbeddingChoice(provider="openai", model="no such"))
    assert world.resources.knowledge_bases.get(kb.id).embedding == kb.embedding


def test_it_is_not_changed_under_a_running_sync(world: World, kb: KnowledgeBase) -> None:
    world.upload(kb.id, "b.pdf", pdf("Valves"))
    task = world.sync(kb.id)
    with pytest.raises(SyncAlreadyRunning) as refused:
        change(world, kb, OTHER)
    assert refused.value.details == {"running_task_id": task.id}
    assert world.resources.knowledge_bases.get(kb.id).embedding == kb.embedding
