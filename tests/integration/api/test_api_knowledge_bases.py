"""Knowledge bases over HTTP."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from shared.resources import Resources

API = "/api/v1"
FIELDS = [
    "id",
    "name",
    "description",
    "s3_bucket",
    "s3_prefix",
    "chunking",
    "embedding",
    "document_count",
    "chunk_count",
    "status",
    "created_at",
    "updated_at",
]


def test_everything_given_is_kept(api_client: TestClient) -> None:
    body = {
        "name": "产品文档",
        "description": "需求与设计",
        "s3_bucket": "company-documents",
        "s3_prefix": "prd/",
        "chunking": {"max_tokens": 128, "overlap_tokens": 16},
        "embedding": {"provider": "hashing", "model": "words-64"},
    }
    response = api_client.post(f"{API}/knowledge-bases", json=body)
    assert response.status_code == 201
    data = response.json()["data"]
    assert list(data) == FIELDS
    assert {name: data[name] for name in body} == body
    assert (data["document_count"], data["chunk_count"], data["status"]) == (0, 0, "active")


def test_what_is_left_out_is_the_default_or_absent(api_client: TestClient) -> None:
    data = api_client.post(f"{API}/knowledge-bases", json={"name": "ab"}).json()["data"]
    assert list(data) == [name for name in FIELDS if not name.startswith("s3_")]
    assert data["chunking"] == {"max_tokens": 256, "overlap_tokens": 32}
    assert data["embedding"] == {"provider": "hashing", "model": "words-64"}


def test_small_chunks_have_a_small_overlap_by_default(api_client: TestClient) -> None:
    body = {"name": "small", "chunking": {"max_tokens": 32}}
    data = api_client.post(f"{API}/knowledge-bases", json=body).json()["data"]
    assert data["chunking"] == {"max_tokens": 32, "overlap_tokens": 16}


@pytest.mark.parametrize("name", ["名字", "n" * 50, "  spaced  "])
def test_names_of_2_to_50_characters_are_taken(api_client: TestClient, name: str) -> None:
    response = api_client.post(f"{API}/knowledge-bases", json={"name": name, "description": "d" * 500})
    assert response.status_code == 201
    assert response.json()["data"]["name"] == name.strip()


def test_taken_name_is_2002_for_creating_and_renaming(api_client: TestClient) -> None:
    api_client.post(f"{API}/knowledge-bases", json={"name": "first"})
    other = api_client.post(f"{API}/knowledge-bases", json={"name": "other"}).json()["data"]["id"]
    created = api_client.post(f"{API}/knowledge-bases", json={"name": "first"})
    renamed = api_client.patch(f"{API}/knowledge-bases/{other}", json={"name": "first"})
    for response in (created, renamed):
        assert (response.status_code, response.json()["error"]["code"]) == (400, "2002")
        assert response.json()["error"]["details"] == {"name": "first"}


def test_list_is_paged_newest_first(api_client: TestClient) -> None:
    ids = [api_client.post(f"{API}/knowledge-bases", json={"name": f"kb {n}"}).json()["data"]["id"] for n in range(5)]
    page = api_client.get(f"{API}/knowledge-bases?page=2&page_size=2").json()
    assert page["pagination"] == {"page": 2, "page_size": 2, "total": 5, "total_pages": 3}
    assert [each["id"] for each in page["data"]] == [ids[2], ids[1]]
    assert api_client.get(f"{API}/knowledge-bases?page=99").json()["data"] == []


def test_detail_has_statistics(api_client: TestClient, knowledge_base_id: str, upload: Callable[[str], str]) -> None:
    upload("a.pdf")
    data = api_client.get(f"{API}/knowledge-bases/{knowledge_base_id}/").json()["data"]
    assert data["document_count"] == 1
    assert data["stats"] == {
        "text_chunks": 0,
        "image_chunks": 0,
        "total_tokens": 0,
        "documents_by_status": {"uploaded": 1, "processing": 0, "completed": 0, "failed": 0},
    }


def test_patch_changes_what_is_given(api_client: TestClient, knowledge_base_id: str) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}"
    assert api_client.patch(path, json={"description": "new"}).json()["data"]["description"] == "new"
    data = api_client.patch(path, json={"name": "renamed", "description": None}).json()["data"]
    assert (data["name"], data["description"]) == ("renamed", "new")
    assert api_client.patch(path, json={"description": ""}).json()["data"]["description"] == ""


def test_delete_cancels_the_sync_and_removes_everything(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, upload: Callable[[str], str]
) -> None:
    document_id = upload("a.pdf")
    base = f"{API}/knowledge-bases/{knowledge_base_id}"
    task_id = api_client.post(f"{base}/sync", json={"task_type": "full_sync"}).json()["data"]["task_id"]
    response = api_client.delete(base)
    assert response.status_code == 200
    assert response.json() == {
        "message": "知识库删除成功",
        "data": {"kb_id": knowledge_base_id, "deleted_documents": 1, "deleted_chunks": 0, "deleted_objects": 1},
    }
    assert api_client.get(base).json()["error"]["code"] == "2001"
    assert api_client.get(f"{API}/documents/{document_id}").json()["error"]["code"] == "3001"
    assert api_client.get(f"{API}/sync-tasks/{task_id}").json()["error"]["code"] == "7001"
    assert not any(path.is_file() for path in resources.settings.objects_path.rglob("*"))
    assert api_client.post(f"{API}/knowledge-bases", json={"name": "产品文档"}).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "new name"}),
        ("DELETE", "", None),
        ("GET", "/documents", None),
        ("DELETE", "/documents", {"document_ids": ["doc-1"]}),
        ("GET", "/sync-tasks", None),
        ("POST", "/sync", {"task_type": "full_sync"}),
        ("POST", "/search", {"query": "x"}),
    ],
)
def test_unknown_knowledge_base_is_2001(
    api_client: TestClient, method: str, path: str, body: dict[str, object] | None
) -> None:
    response = api_client.request(method, f"{API}/knowledge-bases/kb-unknown{path}", json=body)
    assert response.status_code == 404
    error = response.json()["error"]
    assert (error["code"], error["message"], error["details"]) == ("2001", "知识库不存在", {"kb_id": "kb-unknown"})


def test_stats_are_totals_or_of_one(
    api_client: TestClient, knowledge_base_id: str, upload: Callable[[str], str]
) -> None:
    upload("a.pdf")
    api_client.post(f"{API}/knowledge-bases", json={"name": "empty"})
    everything = api_client.get(f"{API}/stats").json()["data"]
    assert (everything["knowledge_bases"], everything["documents"], everything["sync_tasks"]) == (2, 1, 0)
    one = api_client.get(f"{API}/stats?kb_id={knowledge_base_id}").json()["data"]
    assert (one["knowledge_bases"], one["documents_by_status"]["uploaded"]) == (1, 1)
    assert api_client.get(f"{API}/stats?kb_id=kb-no").json()["error"]["code"] == "2001"


def test_patch_of_the_model_lets_the_next_full_sync_embed_anew(
    api_client: TestClient, knowledge_base_id: str, resources: Resources
) -> None:
    path = f"{API}/knowledge-bases/{knowledge_base_id}"
    unknown = api_client.patch(path, json={"embedding": {"provider": "openai", "model": "no such"}})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "1002")
    chosen = {"provider": "bedrock", "model": "amazon.titan-embed-text-v2:0"}
    assert api_client.patch(path, json={"embedding": chosen}).json()["data"]["embedding"] == chosen
    assert resources.table(resources.knowledge_bases.get(knowledge_base_id)).dimensions == 1024
