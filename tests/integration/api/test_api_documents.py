"""Documents, their chunks and search over HTTP, with chunks as the store stage leaves them."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from shared import clock, ids
from shared.artifacts import document_prefix
from shared.chunking.model import ChunkType
from shared.models import StoreFacts
from shared.resources import Resources
from shared.states import DocumentStatus, Stage
from shared.vector_stores.base import StoredChunk

API = "/api/v1"
Upload = Callable[[str], str]
TEXTS = ("the lease of a worker expires", "a chord never nests", "pictures of cats")
PNG = b"\x89PNG\r\n\x1a\n picture"


@dataclass(frozen=True)
class Synced:
    document_id: str
    chunks: tuple[StoredChunk, ...]


@pytest.fixture
def synced(resources: Resources, knowledge_base_id: str, upload: Upload) -> Synced:
    """A document after its sync: two text chunks, one image chunk, and its Markdown."""
    document_id = upload("PRD_v1.0.pdf")
    prefix = document_prefix(knowledge_base_id, document_id)
    resources.object_store.put(f"{prefix}markdown", [b"# Title\n\n", "正文".encode()])
    resources.object_store.put(f"{prefix}picture", [PNG])
    chunks = tuple(make_chunk(knowledge_base_id, document_id, n, f"{prefix}picture") for n in range(3))
    knowledge_base = resources.knowledge_bases.get(knowledge_base_id)
    vectors = resources.embedder(knowledge_base.embedding).embed([chunk.content for chunk in chunks])
    resources.vector_store.replace_document(resources.table(knowledge_base), document_id, chunks, vectors)
    facts = StoreFacts(
        revision="r1",
        chunks_key=f"{prefix}chunks",
        batch_chunks=128,
        page_count=3,
        text_chunks=2,
        image_chunks=1,
        token_count=30,
        markdown_key=f"{prefix}markdown",
        notes=("page 3: a font is missing",),
        processing_info={Stage.CONVERT: 840, Stage.EMBED: 12},
    )
    until = clock.seconds_from_now(60)
    assert resources.documents.begin_store(document_id, fence=1, facts=facts, owner="test", until=until)
    assert resources.documents.commit_store(document_id, owner="test", facts=facts)
    return Synced(document_id, chunks)


def make_chunk(kb_id: str, document_id: str, ordinal: int, picture_key: str) -> StoredChunk:
    is_image = ordinal == 2
    return StoredChunk(
        chunk_id=ids.chunk_id(kb_id, document_id, "r1", ordinal),
        document_id=document_id,
        revision="r1",
        ordinal=ordinal,
        chunk_type=ChunkType.IMAGE if is_image else ChunkType.TEXT,
        content=TEXTS[ordinal],
        token_count=10,
        page_start=ordinal + 1,
        page_end=ordinal + 1,
        headings=("Title",),
        text_hash=f"hash{ordinal}",
        image_key=picture_key if is_image else None,
        image_content_type="image/png" if is_image else None,
    )


def test_detail_shows_what_was_made_of_it(api_client: TestClient, synced: Synced) -> None:
    data = api_client.get(f"{API}/documents/{synced.document_id}").json()["data"]
    assert data["kb_name"] == "产品文档"
    assert (data["status"], data["page_count"], data["chunk_count"]) == ("completed", 3, 3)
    assert data["chunks"] == {"total": 3, "text_chunks": 2, "image_chunks": 1}
    assert data["processing_info"] == {"convert": 840, "embed": 12}
    assert data["notes"] == ["page 3: a font is missing"]
    assert "error_message" not in data


def test_chunks_are_listed_by_their_place(api_client: TestClient, synced: Synced) -> None:
    page = api_client.get(f"{API}/documents/{synced.document_id}/chunks?page_size=2").json()
    assert page["pagination"] == {"page": 1, "page_size": 2, "total": 3, "total_pages": 2}
    assert page["data"][0] == {
        "chunk_id": synced.chunks[0].chunk_id,
        "document_id": synced.document_id,
        "ordinal": 0,
        "chunk_type": "text",
        "content": TEXTS[0],
        "token_count": 10,
        "page_start": 1,
        "page_end": 1,
        "headings": ["Title"],
    }


def test_image_chunk_leads_to_its_picture(api_client: TestClient, synced: Synced) -> None:
    page = api_client.get(f"{API}/documents/{synced.document_id}/chunks?chunk_type=image").json()
    [chunk] = page["data"]
    assert chunk["image_url"] == f"{API}/chunks/{chunk['chunk_id']}/image"
    picture = api_client.get(chunk["image_url"])
    assert (picture.content, picture.headers["Content-Type"]) == (PNG, "image/png")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"


def test_text_chunk_has_no_picture(api_client: TestClient, synced: Synced) -> None:
    response = api_client.get(f"{API}/chunks/{synced.chunks[0].chunk_id}/image")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "3001")


def test_markdown_is_text_in_utf8(api_client: TestClient, synced: Synced) -> None:
    response = api_client.get(f"{API}/documents/{synced.document_id}/markdown")
    assert response.text == "# Title\n\n正文"
    assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_markdown_before_the_first_sync_is_3001(api_client: TestClient, upload: Upload) -> None:
    response = api_client.get(f"{API}/documents/{upload('a.pdf')}/markdown")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "3001")


def test_file_is_a_download_under_its_name(api_client: TestClient, upload: Upload, pdf: Callable[..., bytes]) -> None:
    response = api_client.get(f"{API}/documents/{upload('报告 1.pdf')}/file")
    assert response.content == pdf("报告 1.pdf")
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].endswith("filename*=UTF-8''%E6%8A%A5%E5%91%8A%201.pdf")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_lost_file_is_503_of_the_object_store(api_client: TestClient, resources: Resources, upload: Upload) -> None:
    document_id = upload("a.pdf")
    resources.object_store.delete(resources.documents.get(document_id).object_key)
    response = api_client.get(f"{API}/documents/{document_id}/file")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "4003")


@pytest.mark.parametrize("part", ["", "/chunks", "/markdown", "/file"])
@pytest.mark.parametrize("document_id", ["doc-unknown", "x", "a%00b", "%F0%9F%98%80"])
def test_unknown_document_is_3001(api_client: TestClient, document_id: str, part: str) -> None:
    response = api_client.get(f"{API}/documents/{document_id}{part}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "3001")


@pytest.mark.parametrize("chunk_id", ["chunk-unknown", "x", "chunk-550e8400-e29b-8f2c-9a3b-5d1e7c0b4a69"])
def test_unknown_chunk_is_3001(api_client: TestClient, chunk_id: str) -> None:
    response = api_client.get(f"{API}/chunks/{chunk_id}/image")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "3001")


def test_documents_are_paged_and_filtered(
    api_client: TestClient, knowledge_base_id: str, synced: Synced, upload: Upload
) -> None:
    newest = upload("2.pdf")
    path = f"{API}/knowledge-bases/{knowledge_base_id}/documents"
    listed = api_client.get(path).json()
    assert [each["id"] for each in listed["data"]] == [newest, synced.document_id]
    assert listed["pagination"] == {"page": 1, "page_size": 20, "total": 2, "total_pages": 1}
    completed = api_client.get(f"{path}?status=completed").json()["data"]
    assert [each["id"] for each in completed] == [synced.document_id]


def test_failed_document_tells_why_in_the_clients_language(
    api_client: TestClient, resources: Resources, upload: Upload
) -> None:
    document_id = upload("a.pdf")
    resources.documents.mark_processing([document_id], task_id="task-1", fence=1)
    resources.documents.mark_failed(
        document_id,
        task_id="task-1",
        error_message="PDF转换失败: 文件已加密",
        error_message_en="PDF conversion failed: The file is encrypted",
        error_code="3010",
    )
    path = f"{API}/documents/{document_id}"
    data = api_client.get(path).json()["data"]
    assert (data["status"], data["error_message"]) == (DocumentStatus.FAILED, "PDF转换失败: 文件已加密")
    english = api_client.get(path, headers={"Accept-Language": "en"}).json()["data"]
    assert english["error_message"] == "PDF conversion failed: The file is encrypted"


def test_deletion_removes_all_that_was_made(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, synced: Synced
) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}/documents"
    response = api_client.request("DELETE", path, json={"document_ids": [synced.document_id] * 2})
    assert response.status_code == 200
    assert response.json() == {
        "data": {
            "deleted_count": 1,
            "deleted_document_ids": [synced.document_id],
            "deleted_chunks": 3,
            "deleted_objects": 3,
        }
    }
    assert not any(each.is_file() for each in resources.settings.objects_path.rglob("*"))


def test_deletion_with_an_unknown_id_deletes_none(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    known = upload("a.pdf")
    path = f"{API}/knowledge-bases/{knowledge_base_id}/documents"
    response = api_client.request("DELETE", path, json={"document_ids": [known, "doc-no"]})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "3001")
    assert response.json()["error"]["details"] == {"not_found": ["doc-no"]}
    assert api_client.get(f"{API}/documents/{known}").status_code == 200


def test_document_of_a_running_sync_is_3005(api_client: TestClient, knowledge_base_id: str, upload: Upload) -> None:
    document_id = upload("a.pdf")
    base = f"{API}/knowledge-bases/{knowledge_base_id}"
    task_id = api_client.post(f"{base}/sync", json={"task_type": "full_sync"}).json()["data"]["task_id"]
    response = api_client.request("DELETE", f"{base}/documents", json={"document_ids": [document_id]})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "3005")
    assert response.json()["error"]["details"] == {"document_ids": [document_id], "running_task_id": task_id}


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_search_finds_the_chunk_that_says_it(
    api_client: TestClient, knowledge_base_id: str, synced: Synced, mode: str
) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}/search"
    results = api_client.post(path, json={"query": "lease of a worker", "mode": mode, "top_k": 1}).json()["data"]
    [best] = results
    assert best.pop("score") > 0
    lit = [best["content"][part["start"] : part["end"]] for part in best.pop("highlights")]
    assert lit == ([] if mode == "vector" else ["lease", "worker"])
    assert best == {
        "chunk_id": synced.chunks[0].chunk_id,
        "document_id": synced.document_id,
        "filename": "PRD_v1.0.pdf",
        "chunk_type": "text",
        "content": TEXTS[0],
        "page_start": 1,
        "page_end": 1,
        "headings": ["Title"],
    }


def test_search_result_of_a_picture_has_its_url(api_client: TestClient, knowledge_base_id: str, synced: Synced) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}/search"
    results = api_client.post(path, json={"query": "pictures of cats", "mode": "text"}).json()["data"]
    assert results[0]["image_url"] == f"{API}/chunks/{synced.chunks[2].chunk_id}/image"


def test_search_among_named_documents(api_client: TestClient, knowledge_base_id: str, synced: Synced) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}/search"
    inside = api_client.post(path, json={"query": "chord", "mode": "text", "document_ids": [synced.document_id]})
    assert [each["content"] for each in inside.json()["data"]] == [TEXTS[1]]
    unknown = api_client.post(path, json={"query": "chord", "document_ids": ["doc-no"]})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "3001")


def test_search_among_pictures_and_pages(api_client: TestClient, knowledge_base_id: str, synced: Synced) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}/search"

    def found(**filters: object) -> set[str]:
        body = {"query": "anything", "mode": "vector", "top_k": 50, **filters}
        return {each["chunk_id"] for each in api_client.post(path, json=body).json()["data"]}

    every = {chunk.chunk_id for chunk in synced.chunks}
    pictures = {chunk.chunk_id for chunk in synced.chunks if chunk.chunk_type is ChunkType.IMAGE}
    first = {chunk.chunk_id for chunk in synced.chunks if chunk.page_start == 1}
    assert found(chunk_types=[], document_ids=[]) == every
    assert found(chunk_types=["image"]) == pictures
    assert found(chunk_types=["image", "text"]) == every
    assert found(page_end=1) == first
    assert found(page_start=1, page_end=1, chunk_types=["text"]) == first - pictures
    assert found(page_start=1000) == set()


def test_statistics_count_the_chunks(api_client: TestClient, knowledge_base_id: str, synced: Synced) -> None:
    stats = api_client.get(f"{API}/knowledge-bases/{knowledge_base_id}").json()["data"]["stats"]
    assert (stats["text_chunks"], stats["image_chunks"], stats["total_tokens"]) == (2, 1, 30)
    totals = api_client.get(f"{API}/stats").json()["data"]
    assert (totals["chunks"], totals["total_pages"]) == (len(synced.chunks), 3)
