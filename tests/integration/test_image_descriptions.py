"""Pictures described by a vision model, beside OCR: found by its words, and never the reason that a document fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.chunking.model import ChunkType
from shared.models import Document, KnowledgeBase
from shared.states import RunStatus, TaskStatus
from tests.integration.embedding_server import EmbeddingServer, embedding_server
from tests.integration.sync_world import World, settings_for
from tests.samples.illustrated_pdfs import illustrated
from worker.stages.chunk import read_chunks

PICTURES = 5
SAID = "harbour crane that lifts a blue container"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with embedding_server() as running:
        yield running


@pytest.fixture(params=[2, 16], ids=["in batches", "at once"])
def world(  # noqa: PLR0917
    request: pytest.FixtureRequest,
    server: EmbeddingServer,
    mongodb_url: str,
    redis_url: str,
    database_name: str,
    tmp_path: Path,
) -> Iterator[World]:
    settings = settings_for(
        mongodb_url,
        redis_url,
        database_name,
        tmp_path,
        ocr_engine="ink",
        image_batch_pictures=request.param,
        image_descriptions="bedrock",
        bedrock_endpoint_url=server.url,
        bedrock_region="us-east-1",
    )
    opened = World.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def kb(world: World) -> KnowledgeBase:
    return world.knowledge_base()


def synced(world: World, kb: KnowledgeBase) -> tuple[Document, list[str]]:
    """Sync a document with pictures; return it and the texts of its image chunks."""
    document = world.upload(kb.id, "a.pdf", illustrated(PICTURES))
    task = world.finish(world.sync(kb.id).id)
    assert task.status is TaskStatus.COMPLETED
    [run] = world.runs(task)
    assert run.status is RunStatus.COMPLETED
    assert run.outputs.chunk is not None
    listed = read_chunks(world.resources.object_store, run.outputs.chunk.artifact_key)
    texts = [chunk.content for chunk in listed.chunks if chunk.chunk_type is ChunkType.IMAGE]
    return world.document(document.id), texts


def test_what_the_model_says_stands_beside_caption_and_writing(world: World, kb: KnowledgeBase) -> None:
    document, texts = synced(world, kb)
    assert len(texts) == PICTURES
    for number, text in enumerate(texts, start=1):
        assert f"Figure {number}. Bands of ink." in text
        assert SAID in text
        assert f"line {number}" in text
    assert document.notes == ()


def test_a_picture_is_described_once(world: World, kb: KnowledgeBase, server: EmbeddingServer) -> None:
    document, _ = synced(world, kb)
    assert server.statistics.answered == PICTURES
    for path in world.resources.settings.objects_path.rglob("images-*"):
        path.unlink()
    for path in world.resources.settings.objects_path.rglob("chunks-*"):
        path.unlink()
    world.resources.vector_store.delete_documents(kb.id, [document.id])
    assert world.finish(world.sync(kb.id, document.id).id).status is TaskStatus.COMPLETED
    assert server.statistics.answered == PICTURES


@pytest.mark.parametrize("fault", ["denied", "server_error", "wrong_count", "unknown_model"])
def test_a_model_that_fails_costs_a_note_and_nothing_more(
    fault: str, world: World, kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    server.behave(fault=fault)
    document, texts = synced(world, kb)
    assert len(texts) == PICTURES
    assert not any(SAID in text for text in texts)
    assert "Figure 1. Bands of ink." in texts[0]
    assert any("a picture was not described" in note for note in document.notes)


def test_a_model_that_is_not_to_be_used_is_asked_once_in_a_batch(
    world: World, kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    server.behave(fault="denied")
    synced(world, kb)
    batches = -(-PICTURES // world.resources.settings.image_batch_pictures)
    assert server.statistics.failed == batches
