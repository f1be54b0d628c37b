"""Starting, cancelling and retrying syncs over HTTP."""

from collections.abc import Callable
from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from shared import clock
from shared.models import RunRef
from shared.resources import Resources
from shared.states import Stage, TaskStatus

API = "/api/v1"
Upload = Callable[[str], str]
FULL_SYNC: dict[str, object] = {"task_type": "full_sync", "document_ids": []}


def start(client: TestClient, kb_id: str, body: object = FULL_SYNC, **headers: str) -> Response:
    response = client.post(f"{API}/knowledge-bases/{kb_id}/sync", json=body, headers=headers)
    assert isinstance(response, Response)
    return response


def error_of(response: Response) -> tuple[int, str, object]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["details"]


def started(client: TestClient, kb_id: str) -> str:
    response = start(client, kb_id)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["task_id"])


def fail_all(resources: Resources, task_id: str) -> list[str]:
    """End a task the way workers do when nothing works."""
    runs = resources.runs.of_task(task_id)
    resources.sync_tasks.start(task_id)
    for run in runs:
        resources.runs.fail(
            RunRef(task_id=task_id, document_id=run.document_id, attempt=run.attempt),
            stage=Stage.CONVERT,
            error_message="PDF转换失败: 文件损坏",
            error_message_en="PDF conversion failed: The file is damaged",
            error_code="3010",
            retryable=False,
            milliseconds=320,
        )
    assert resources.sync_tasks.end(task_id, TaskStatus.FAILED, at=clock.now())
    return [run.document_id for run in runs]


def test_creation_answers_as_published(
    api_client: TestClient, knowledge_base_id: str, upload: Upload, published: dict[str, dict[str, object]]
) -> None:
    upload("a.pdf")
    response = start(api_client, knowledge_base_id, published["sync_request"])
    assert response.status_code == 201
    data = response.json()["data"]
    example = published["sync_created"]["data"]
    assert isinstance(example, dict)
    assert set(response.json()) == {"data"}
    assert list(data) == list(example)
    assert [type(value) for value in data.values()] == [type(value) for value in example.values()]
    assert (data["status"], data["total_documents"], data["kb_id"]) == ("pending", 1, knowledge_base_id)
    assert response.headers["Location"] == f"{API}/sync-tasks/{data['task_id']}"
    assert datetime.fromisoformat(data["created_at"]).utcoffset() is not None
    assert data["created_at"].endswith("Z")


def test_second_sync_is_7002_with_the_running_one(
    api_client: TestClient, knowledge_base_id: str, upload: Upload, published: dict[str, dict[str, object]]
) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    response = start(api_client, knowledge_base_id)
    assert error_of(response) == (400, "7002", {"running_task_id": task_id})
    example = published["sync_already_running"]["error"]
    assert isinstance(example, dict)
    assert response.json()["error"]["message"] == example["message"]


def test_unknown_documents_are_all_listed_and_nothing_starts(
    api_client: TestClient, knowledge_base_id: str, upload: Upload, published: dict[str, dict[str, object]]
) -> None:
    known = upload("a.pdf")
    body = {"task_type": "incremental", "document_ids": ["doc-invalid-id", known, "doc-other", "doc-other"]}
    response = start(api_client, knowledge_base_id, body)
    assert error_of(response) == (404, "3001", {"not_found": ["doc-invalid-id", "doc-other"]})
    example = published["documents_not_found"]["error"]
    assert isinstance(example, dict)
    assert response.json()["error"]["message"] == example["message"]
    assert api_client.get(f"{API}/knowledge-bases/{knowledge_base_id}/sync-tasks").json() == {"data": []}


def test_document_of_another_knowledge_base_is_not_found(api_client: TestClient, upload: Upload) -> None:
    document_id = upload("a.pdf")
    other = api_client.post(f"{API}/knowledge-bases", json={"name": "other"}).json()["data"]["id"]
    response = start(api_client, other, {"task_type": "incremental", "document_ids": [document_id]})
    assert error_of(response) == (404, "3001", {"not_found": [document_id]})


def test_incremental_takes_the_named_documents_once(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    first, _, third = upload("1.pdf"), upload("2.pdf"), upload("3.pdf")
    body = {"task_type": "incremental", "document_ids": [third, first, third]}
    task = start(api_client, knowledge_base_id, body).json()["data"]
    detail = api_client.get(f"{API}/sync-tasks/{task['task_id']}").json()["data"]
    assert [document["document_id"] for document in detail["documents"]] == [third, first]


def test_incremental_without_ids_takes_every_uploaded_document(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    upload("1.pdf")
    upload("2.pdf")
    task = start(api_client, knowledge_base_id, {"task_type": "incremental"}).json()["data"]
    assert (task["task_type"], task["total_documents"]) == ("incremental", 2)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b"{}", "task_type"),
        (b'{"task_type": null}', "task_type"),
        (b'{"task_type": "everything"}', "task_type"),
        (b'{"task_type": "incremental", "document_ids": null}', "document_ids"),
        (b'{"task_type": "incremental", "document_ids": "doc-1"}', "document_ids"),
        (b'{"task_type": "incremental", "document_ids": [1]}', "document_ids[0]"),
        (b'{"task_type": "incremental", "document_ids": ["a\\u0000"]}', "document_ids[0]"),
        (b'{"task_type": "incremental", "document_ids": ["a\\ud800"]}', "body"),
        (b'{"task_type": "full_sync", "document_ids": ["doc-1"]}', "document_ids"),
        (b'{"task_type": "incremental", "document_ids": [' + b'"d",' * 10_000 + b'"d"]}', "document_ids"),
    ],
)
def test_invalid_body_is_1002_and_a_missing_knowledge_base_comes_first(
    api_client: TestClient, knowledge_base_id: str, body: bytes, field: str
) -> None:
    json_type = {"Content-Type": "application/json"}
    response = api_client.post(f"{API}/knowledge-bases/{knowledge_base_id}/sync", content=body, headers=json_type)
    status, code, details = error_of(response)
    assert (status, code) == (400, "1002")
    assert isinstance(details, dict)
    assert details["errors"][0]["field"] == field
    unknown = api_client.post(f"{API}/knowledge-bases/kb-no/sync", content=body, headers=json_type)
    assert error_of(unknown) == (404, "2001", {"kb_id": "kb-no"})


def test_nothing_to_sync_is_7004(api_client: TestClient, knowledge_base_id: str) -> None:
    assert error_of(start(api_client, knowledge_base_id)) == (400, "7004", {})


def test_idempotency_key_answers_the_same_task(api_client: TestClient, knowledge_base_id: str, upload: Upload) -> None:
    upload("a.pdf")
    first = start(api_client, knowledge_base_id, **{"Idempotency-Key": "k1"})
    again = start(api_client, knowledge_base_id, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["Location"] == again.headers["Location"]
    assert error_of(start(api_client, knowledge_base_id, **{"Idempotency-Key": "k2"}))[1] == "7002"


def test_idempotency_key_with_another_body_is_1008(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    document_id = upload("a.pdf")
    start(api_client, knowledge_base_id, **{"Idempotency-Key": "k"})
    other = {"task_type": "incremental", "document_ids": [document_id]}
    assert error_of(start(api_client, knowledge_base_id, other, **{"Idempotency-Key": "k"})) == (409, "1008", {})


def test_refused_request_leaves_its_idempotency_key_free(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    assert error_of(start(api_client, knowledge_base_id, **{"Idempotency-Key": "k"}))[1] == "7004"
    upload("a.pdf")
    assert start(api_client, knowledge_base_id, **{"Idempotency-Key": "k"}).status_code == 201


def test_overlong_idempotency_key_is_1002(api_client: TestClient, knowledge_base_id: str) -> None:
    assert error_of(start(api_client, knowledge_base_id, **{"Idempotency-Key": "k" * 256}))[1] == "1002"


def test_cancel_answers_as_published_and_only_once(
    api_client: TestClient, knowledge_base_id: str, upload: Upload, published: dict[str, dict[str, object]]
) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    response = api_client.post(f"{API}/sync-tasks/{task_id}/cancel")
    example = published["task_cancelled"]
    assert response.status_code == 200
    assert list(response.json()) == list(example)
    assert response.json()["message"] == example["message"]
    data, example_data = response.json()["data"], example["data"]
    assert isinstance(example_data, dict)
    assert list(data) == list(example_data)
    assert (data["task_id"], data["status"], data["processed_documents"]) == (task_id, "cancelled", 0)
    again = api_client.post(f"{API}/sync-tasks/{task_id}/cancel")
    assert error_of(again) == (400, "7003", {"task_id": task_id, "current_status": "cancelled"})
    refusal = published["task_not_running"]["error"]
    assert isinstance(refusal, dict)
    assert again.json()["error"]["message"] == refusal["message"]


def test_new_sync_may_start_once_the_cancel_has_answered(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    upload("a.pdf")
    api_client.post(f"{API}/sync-tasks/{started(api_client, knowledge_base_id)}/cancel")
    assert start(api_client, knowledge_base_id).status_code == 201


def test_cancelled_task_shows_it(api_client: TestClient, knowledge_base_id: str, upload: Upload) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    api_client.post(f"{API}/sync-tasks/{task_id}/cancel")
    task = api_client.get(f"{API}/sync-tasks/{task_id}").json()["data"]
    assert (task["status"], task["current_step"], task["progress"]) == ("cancelled", "已取消", 0)
    assert [document["status"] for document in task["documents"]] == ["cancelled"]
    assert "completed_at" not in task


def test_retry_of_a_running_task_is_7005(api_client: TestClient, knowledge_base_id: str, upload: Upload) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    response = api_client.post(f"{API}/sync-tasks/{task_id}/retry-failed")
    assert error_of(response) == (400, "7005", {"task_id": task_id, "current_status": "pending"})


def test_retry_without_a_failed_document_is_7004(
    api_client: TestClient, knowledge_base_id: str, upload: Upload
) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    api_client.post(f"{API}/sync-tasks/{task_id}/cancel")
    response = api_client.post(f"{API}/sync-tasks/{task_id}/retry-failed")
    assert error_of(response) == (400, "7004", {})
    assert response.json()["error"]["message"] == "没有需要重试的文档"


def test_retry_answers_as_published(
    api_client: TestClient,
    resources: Resources,
    knowledge_base_id: str,
    upload: Upload,
    published: dict[str, dict[str, object]],
) -> None:
    upload("1.pdf")
    upload("2.pdf")
    task_id = started(api_client, knowledge_base_id)
    failed = fail_all(resources, task_id)
    response = api_client.post(f"{API}/sync-tasks/{task_id}/retry-failed")
    example = published["retry_created"]
    assert response.status_code == 201
    assert list(response.json()) == list(example)
    assert response.json()["message"] == example["message"]
    data, example_data = response.json()["data"], example["data"]
    assert isinstance(example_data, dict)
    assert list(data) == list(example_data)
    assert (data["retry_document_count"], data["document_ids"]) == (2, failed)
    assert response.headers["Location"] == f"{API}/sync-tasks/{data['new_task_id']}"
    retry = api_client.get(response.headers["Location"]).json()["data"]
    assert (retry["retry_of"], retry["task_type"], retry["total_documents"]) == (task_id, "incremental", 2)


def test_retry_while_another_sync_runs_is_7002(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, upload: Upload
) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    fail_all(resources, task_id)
    running = started(api_client, knowledge_base_id)
    response = api_client.post(f"{API}/sync-tasks/{task_id}/retry-failed")
    assert error_of(response) == (400, "7002", {"running_task_id": running})


@pytest.mark.parametrize("call", ["", "/documents", "/cancel", "/retry-failed"])
@pytest.mark.parametrize("task_id", ["task-unknown", "nonsense", "a%00b"])
def test_unknown_task_is_7001(api_client: TestClient, call: str, task_id: str) -> None:
    method = "GET" if call in ("", "/documents") else "POST"
    response = api_client.request(method, f"{API}/sync-tasks/{task_id}{call}")
    assert error_of(response)[:2] == (404, "7001")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=51", "limit"),
        ("limit=x", "limit"),
        ("status=gone", "status"),
        ("status=", "status"),
    ],
)
def test_invalid_list_query_is_1002(api_client: TestClient, knowledge_base_id: str, query: str, field: str) -> None:
    response = api_client.get(f"{API}/knowledge-bases/{knowledge_base_id}/sync-tasks?{query}")
    status, code, details = error_of(response)
    assert (status, code) == (400, "1002")
    assert isinstance(details, dict)
    assert [each["field"] for each in details["errors"]] == [field]


def test_english_messages(api_client: TestClient, knowledge_base_id: str, upload: Upload) -> None:
    upload("a.pdf")
    task_id = started(api_client, knowledge_base_id)
    english = {"Accept-Language": "en"}
    task = api_client.get(f"{API}/sync-tasks/{task_id}", headers=english).json()["data"]
    assert task["current_step"] == "Waiting to start"
    assert api_client.post(f"{API}/sync-tasks/{task_id}/cancel", headers=english).json()["message"] == "Task cancelled"


def test_request_id_reaches_the_task(
    api_client: TestClient, resources: Resources, knowledge_base_id: str, upload: Upload
) -> None:
    upload("a.pdf")
    response = start(api_client, knowledge_base_id, **{"X-Request-ID": "trace-7"})
    assert resources.sync_tasks.get(response.json()["data"]["task_id"]).request_id == "trace-7"
