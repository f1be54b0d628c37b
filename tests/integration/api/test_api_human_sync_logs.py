"""Sync logs over HTTP: logs, whole tasks that are synced, lists."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.human_task_examples import NEW_SYNC_LOG, NEW_TASK

API = "/api/v1"
TASKS = f"{API}/tasks"
SYNC = f"{API}/humanloop/tasks/sync"
LOGS = f"{TASKS}/sync/logs"
OBJECT_ID = re.compile(r"[0-9a-f]{24}")
EXACT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


def errors_of(response: Any) -> list[dict[str, str]]:
    assert (response.status_code, response.json()["error"]["code"]) == (400, "1002")
    listed: list[dict[str, str]] = response.json()["error"]["details"]["errors"]
    return listed


def test_log_is_written_and_read_as_published(api_client: TestClient) -> None:
    response = api_client.post(f"{TASKS}/sync", json=NEW_SYNC_LOG)
    assert response.status_code == 201
    assert list(response.json()) == ["id", "task_id"]
    assert response.json()["task_id"] == "task123"
    (log,) = api_client.get(LOGS).json()
    assert list(log) == ["_id", *NEW_SYNC_LOG]
    assert log == {"_id": response.json()["id"], **NEW_SYNC_LOG}
    assert OBJECT_ID.fullmatch(log["_id"])


def test_log_needs_only_its_task_and_status(api_client: TestClient) -> None:
    assert api_client.post(f"{TASKS}/sync", json={"task_id": "none", "sync_status": "FAILED"}).status_code == 201
    (log,) = api_client.get(LOGS).json()
    absent = {"user_id": None, "token_id": None, "error_message": None, "request_details": None}
    assert {field: log[field] for field in absent} == absent
    assert EXACT_TIME.fullmatch(log["synced_at"])


def test_whole_task_is_saved_with_a_log_of_it(api_client: TestClient) -> None:
    first = api_client.post(SYNC, json=NEW_TASK)
    second = api_client.post(SYNC, json={"task_id": "task123", "conversations": []})
    assert (first.status_code, second.status_code) == (201, 200)
    saved = first.json()["data"]
    assert first.json() == {"success": True, "data": {"id": saved["id"], "task_id": "task123", "updated": False}}
    assert second.json() == {"success": True, "data": {**saved, "updated": True}}
    task = api_client.get(f"{TASKS}/task123").json()
    assert (task["_id"], task["conversations"], task["metadata"]) == (saved["id"], [], NEW_TASK["metadata"])
    later, earlier = api_client.get(LOGS).json()
    assert [log["sync_status"] for log in (later, earlier)] == ["SUCCESS", "SUCCESS"]
    assert (earlier["task_id"], earlier["user_id"], earlier["token_id"]) == ("task123", "user123", "token123")


def test_whole_task_that_lacks_something_leaves_no_log(api_client: TestClient) -> None:
    response = api_client.post(SYNC, json={"task_id": "new", "conversations": [], "sync_status": "SUCCESS"})
    assert [each["field"] for each in errors_of(response)] == ["metadata", "timestamp"]
    assert api_client.get(LOGS).json() == []
    assert api_client.get(TASKS).json() == []


def test_body_that_is_neither_task_nor_log_is_told_what_a_log_needs(api_client: TestClient) -> None:
    assert errors_of(api_client.post(SYNC, json={"task_id": "t"})) == [{"field": "sync_status", "reason": "必填"}]
    assert [each["field"] for each in errors_of(api_client.post(SYNC, json={}))] == ["task_id", "sync_status"]
    for body in ("[]", '"text"', "5", "null", "true"):
        response = api_client.post(SYNC, content=body, headers={"Content-Type": "application/json"})
        assert errors_of(response) == [{"field": "body", "reason": "必须是JSON对象"}]


def test_errors_in_a_task_name_the_place(api_client: TestClient) -> None:
    conversations = [{"conversation_id": "c", "requests": [{"request_id": "r", "status": 5, "responded_at": "soon"}]}]
    expected = [
        {"field": "conversations[0].requests[0].status", "reason": "必须是字符串"},
        {"field": "conversations[0].requests[0].responded_at", "reason": "必须是ISO 8601时间"},
    ]
    for path in (SYNC, TASKS):
        assert errors_of(api_client.post(path, json={**NEW_TASK, "conversations": conversations})) == expected


def test_logs_outlive_their_task(api_client: TestClient) -> None:
    api_client.post(SYNC, json=NEW_TASK)
    assert api_client.delete(f"{TASKS}/task123").status_code == 200
    assert [log["task_id"] for log in api_client.get(LOGS).json()] == ["task123"]


def test_logs_are_listed_newest_first_and_filtered_exactly(api_client: TestClient) -> None:
    for number in range(6):
        log = {
            "task_id": f"t{number % 2}",
            "user_id": f"user{number % 3}",
            "sync_status": "FAILED" if number == 3 else "SUCCESS",
            "synced_at": f"2024-01-{(number * 7) % 6 + 1:02}T10:00:00Z",  # not in the order of writing
        }
        assert api_client.post(f"{TASKS}/sync", json=log).status_code == 201

    def listed(**query: object) -> list[str]:
        answer = api_client.get(LOGS, params={name: str(value) for name, value in query.items()})
        assert answer.status_code == 200
        return [f"{log['task_id']} {log['user_id']} {log['synced_at'][8:10]}" for log in answer.json()]

    newest_first = ["t1 user2 06", "t0 user1 05", "t1 user0 04", "t0 user2 03", "t1 user1 02", "t0 user0 01"]
    assert listed() == newest_first
    assert listed(task_id="t1") == newest_first[::2]
    assert listed(user_id="user1") == [newest_first[1], newest_first[4]]
    assert listed(sync_status="FAILED") == [newest_first[2]]
    assert listed(sync_status="SUCCESS", task_id="t1", user_id="user0") == []
    assert listed(limit=2, skip=1) == newest_first[1:3]
    for inexact in ("success", "SUCC", "SUCCESS ", "null"):
        assert listed(sync_status=inexact) == []


@pytest.mark.parametrize("details", [{"url": "x", "headers": {"a.b": [None, 1.5]}}, {}, None])
def test_request_details_are_kept_as_they_are(api_client: TestClient, details: object) -> None:
    api_client.post(f"{TASKS}/sync", json={**NEW_SYNC_LOG, "request_details": details})
    assert api_client.get(LOGS).json()[0]["request_details"] == details
