"""Human-in-the-loop tasks over HTTP: the published examples, creating and updating, lists, deletion."""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.human_task_examples import NEW_TASK
from shared import clock
from shared.human_tasks import HumanTaskChanges, NewSyncLog
from shared.resources import Resources

API = "/api/v1"
PREFIXES = [f"{API}/tasks", f"{API}/humanloop/tasks"]
TASKS = PREFIXES[0]
OBJECT_ID = re.compile(r"[0-9a-f]{24}")
EXACT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")

Json = dict[str, Any]


@pytest.fixture
def create(api_client: TestClient) -> Callable[..., Json]:
    """Create the published task with other values, and return the answer."""

    def send(task_id: str = "task123", **fields: object) -> Json:
        response = api_client.post(TASKS, json={**NEW_TASK, "task_id": task_id, **fields})
        assert response.status_code == 201, response.text
        answer: Json = response.json()
        return answer

    return send


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_route_stands_under_both_prefixes_with_and_without_slash(
    api_client: TestClient, prefix: str, slash: str
) -> None:
    answers = [
        api_client.post(f"{prefix}{slash}", json=NEW_TASK),
        api_client.get(f"{prefix}{slash}"),
        api_client.get(f"{prefix}/task123{slash}"),
        api_client.post(f"{prefix}/sync{slash}", json={"task_id": "task123", "sync_status": "SUCCESS"}),
        api_client.get(f"{prefix}/sync/logs{slash}"),
        api_client.delete(f"{prefix}/task123{slash}"),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 201, 200, 200]
    assert not any(answer.history for answer in answers)


def test_created_task_answers_its_ids(create: Callable[..., Json]) -> None:
    answer = create()
    assert list(answer) == ["id", "task_id", "updated"]
    assert OBJECT_ID.fullmatch(answer["id"])
    assert (answer["task_id"], answer["updated"]) == ("task123", False)


def test_task_is_read_as_the_published_example_shows(api_client: TestClient, create: Callable[..., Json]) -> None:
    created = create()
    task = api_client.get(f"{TASKS}/task123").json()
    assert list(task) == ["_id", *NEW_TASK, "created_at", "updated_at"]
    assert {field: task[field] for field in NEW_TASK} == NEW_TASK
    assert task["_id"] == created["id"]
    assert list(task["conversations"][0]["requests"][0])[-1] == "error"
    assert task["conversations"][0]["requests"][0]["error"] is None
    assert EXACT_TIME.fullmatch(task["created_at"])
    assert task["updated_at"] == task["created_at"]
    assert api_client.get(TASKS).json() == [task]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2024-01-20T10:00:00Z", "2024-01-20T10:00:00Z"),
        ("2024-01-20T10:00:00", "2024-01-20T10:00:00Z"),
        ("2024-01-20 10:00:00", "2024-01-20T10:00:00Z"),
        ("2024-01-20T18:00:00.123456+08:00", "2024-01-20T10:00:00.123Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_kept_in_utc_to_the_millisecond(
    api_client: TestClient, create: Callable[..., Json], sent: str, kept: str
) -> None:
    create(timestamp=sent)
    assert api_client.get(f"{TASKS}/task123").json()["timestamp"] == kept


def test_fields_that_are_sent_replace_and_others_stay(api_client: TestClient, create: Callable[..., Json]) -> None:
    created = create()
    before = api_client.get(f"{TASKS}/task123").json()
    time.sleep(0.002)
    response = api_client.post(TASKS, json={"task_id": "task123", "metadata": {"source": "mobile"}})
    assert response.status_code == 200
    assert response.json() == {**created, "updated": True}
    after = api_client.get(f"{TASKS}/task123").json()
    assert after == {**before, "metadata": {"source": "mobile"}, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]


def test_what_was_read_can_be_sent_back(api_client: TestClient, create: Callable[..., Json]) -> None:
    create(user_id=None)
    task = api_client.get(f"{TASKS}/task123").json()
    forged = {**task, "_id": "f" * 24, "created_at": "2000-01-01T00:00:00Z", "updated_at": 5}
    assert api_client.post(TASKS, json=forged).status_code == 200
    after = api_client.get(f"{TASKS}/task123").json()
    assert after == {**task, "updated_at": after["updated_at"]}
    assert after["updated_at"] >= task["updated_at"]


def test_owner_is_cleared_by_null_and_kept_when_left_out(api_client: TestClient, create: Callable[..., Json]) -> None:
    create()
    api_client.post(TASKS, json={"task_id": "task123", "user_id": None})
    task = api_client.get(f"{TASKS}/task123").json()
    assert (task["user_id"], task["token_id"]) == (None, "token123")


@pytest.mark.parametrize("field", ["conversations", "metadata", "timestamp"])
def test_task_is_not_created_without_what_it_needs(api_client: TestClient, field: str) -> None:
    body = {name: value for name, value in NEW_TASK.items() if name != field}
    response = api_client.post(TASKS, json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "1002")
    assert error["details"]["errors"] == [{"field": field, "reason": "必填"}]
    english = api_client.post(TASKS, json=body, headers={"Accept-Language": "en"}).json()["error"]
    assert english["details"]["errors"] == [{"field": field, "reason": "is required"}]
    assert api_client.get(TASKS).json() == []


@pytest.mark.parametrize("field", ["task_id", "conversations", "metadata", "timestamp"])
def test_null_does_not_take_away_what_a_task_needs(
    api_client: TestClient, create: Callable[..., Json], field: str
) -> None:
    create()
    before = api_client.get(f"{TASKS}/task123").json()
    response = api_client.post(TASKS, json={"task_id": "task123", field: None})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "1002")
    assert [each["field"] for each in response.json()["error"]["details"]["errors"]] == [field]
    assert api_client.get(f"{TASKS}/task123").json() == before


@pytest.mark.parametrize("value", [None, "回复内容", {"answer": {"text": "好", "score": 0.5}}, {}, ""])
def test_response_and_feedback_are_text_an_object_or_null(
    api_client: TestClient, create: Callable[..., Json], value: object
) -> None:
    request = {"request_id": "r", "status": "pending", "response": value, "feedback": value}
    create(conversations=[{"conversation_id": "c", "requests": [request]}])
    kept = api_client.get(f"{TASKS}/task123").json()["conversations"]
    full = {"loop_type": None, "responded_by": None, "responded_at": None, "error": None}
    assert kept == [{"conversation_id": "c", "provider_id": None, "requests": [{**request, **full}]}]


def test_unknown_metadata_is_kept_in_its_order(api_client: TestClient, create: Callable[..., Json]) -> None:
    metadata = {"zeta": [1, {"a.b": None}], "source": 7, "": True, "client_ip": "::1", "大": 2**62, "x": -1.5e300}
    create(metadata=metadata)
    kept = api_client.get(f"{TASKS}/task123").json()["metadata"]
    assert kept == metadata
    assert list(kept) == list(metadata)


@pytest.mark.parametrize("task_id", ["sync", "a/b", "a/", "/", "..a", "任务 7", "a?b#c", "$where", "a\\b", "x" * 512])
def test_any_id_is_found_and_deleted_by_its_quoted_path(
    api_client: TestClient, create: Callable[..., Json], task_id: str
) -> None:
    create(task_id)
    path = f"{TASKS}/{quote(task_id, safe='')}"
    assert api_client.get(path).json()["task_id"] == task_id
    assert api_client.delete(path).status_code == 200
    assert api_client.get(path).json()["error"]["details"] == {"task_id": task_id}


def test_deletion_leaves_a_task_alone_whose_id_only_lacks_the_slash(
    api_client: TestClient, create: Callable[..., Json]
) -> None:
    create("a")
    assert api_client.delete(f"{TASKS}/a%2F").status_code == 404
    assert api_client.get(f"{TASKS}/a").status_code == 200


def test_tasks_are_listed_newest_first_and_filtered_exactly(
    api_client: TestClient, create: Callable[..., Json]
) -> None:
    for number in range(6):
        create(f"t{number}", user_id=f"user{number % 2}", token_id=f"token{number % 3}")

    def listed(**query: object) -> list[str]:
        answer = api_client.get(TASKS, params={name: str(value) for name, value in query.items()})
        assert answer.status_code == 200
        return [task["task_id"] for task in answer.json()]

    assert listed() == ["t5", "t4", "t3", "t2", "t1", "t0"]
    assert listed(user_id="user1") == ["t5", "t3", "t1"]
    assert listed(token_id="token2") == ["t5", "t2"]
    assert listed(user_id="user1", token_id="token2") == ["t5"]
    assert listed(task_id="t3") == ["t3"]
    assert listed(task_id="t3", user_id="user0") == []
    assert listed(task_id="t3", skip=1) == []
    assert listed(limit=2, skip=1) == ["t4", "t3"]
    assert listed(skip=6) == []
    assert listed(skip=2**31 - 1) == []
    for inexact in ("user", "USER1", "user1 ", "/user1/", '{"$ne":null}', ""):
        assert listed(user_id=inexact) == []


def test_list_answers_a_hundred_unless_told_otherwise(api_client: TestClient, resources: Resources) -> None:
    at = clock.now()
    for number in range(1003):
        log = NewSyncLog(task_id=str(number), sync_status="SUCCESS", synced_at=at)
        resources.human_sync_logs.insert(log)
    for number in range(103):
        changes = HumanTaskChanges(task_id=str(number), timestamp=at, conversations=(), metadata={})
        resources.human_tasks.insert(changes)
    assert len(api_client.get(TASKS).json()) == 100
    assert len(api_client.get(f"{TASKS}?limit=1000").json()) == 103
    assert len(api_client.get(f"{TASKS}/sync/logs").json()) == 100
    assert len(api_client.get(f"{TASKS}/sync/logs?limit=1000").json()) == 1000


@pytest.mark.parametrize("path", [TASKS, f"{TASKS}/sync/logs"])
@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=1e2", "limit=9" + "9" * 5000, "limit=1.5"),
        *("skip=-1", "skip=2147483648", "skip=9999999999999999999", "skip=nan", "skip=1&skip=x", "task_id=%00"),
    ],
)
def test_bad_list_query_is_1002(api_client: TestClient, path: str, query: str) -> None:
    response = api_client.get(f"{path}?{query}")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "1002")
    assert [each["field"] for each in response.json()["error"]["details"]["errors"]] == [query.partition("=")[0]]


def test_unknown_task_is_9001(api_client: TestClient) -> None:
    for answer in (api_client.get(f"{TASKS}/none"), api_client.delete(f"{TASKS}/none")):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["message"]) == (404, "9001", "任务不存在")
        assert error["details"] == {"task_id": "none"}


def test_deletion_answers_as_published_and_happens_once(api_client: TestClient, create: Callable[..., Json]) -> None:
    create()
    assert api_client.delete(f"{TASKS}/task123").json() == {"success": True, "message": "任务删除成功"}
    assert api_client.delete(f"{TASKS}/task123").status_code == 404
    create()
    english = api_client.delete(f"{TASKS}/task123", headers={"Accept-Language": "en"})
    assert english.json() == {"success": True, "message": "Task deleted"}


def test_other_methods_are_1004_with_what_is_allowed(api_client: TestClient) -> None:
    for method, path, allowed in (
        ("PUT", TASKS, "GET, POST"),
        ("POST", f"{TASKS}/task123", "GET, DELETE"),
        ("DELETE", f"{TASKS}/sync/logs", "GET"),
    ):
        response = api_client.request(method, path)
        assert (response.status_code, response.json()["error"]["code"]) == (405, "1004")
        assert response.headers["Allow"] == allowed
