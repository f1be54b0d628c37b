"""What MongoDB cannot keep, or would take for an operator, is refused with 1002; the rest is plain data."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.human_task_examples import NEW_SYNC_LOG, NEW_TASK
from shared.settings import Settings

API = "/api/v1"
TASKS = f"{API}/tasks"
SYNC = f"{API}/humanloop/tasks/sync"
MIB = 1 << 20


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def refused(response: Any) -> str:
    """Check that it is 1002, and return the first reason."""
    assert response.status_code == 400, response.text[:500]
    error = response.json()["error"]
    assert error["code"] == "1002"
    return str(error["details"]["errors"][0]["reason"])


BAD_VALUES = [
    ({"$set": {"user_id": "x"}}, "字段名不能以$开头"),
    ({"a": [{"$where": "sleep(9000)"}]}, "字段名不能以$开头"),
    ({"a\0b": 1}, "不能包含空字符或无效的Unicode"),
    ({"a": "\0"}, "不能包含空字符或无效的Unicode"),
    ({"a": "\ud800"}, None),
    ({"\udfff": 1}, None),
    (nested(40), "嵌套层数过多"),
    ({"a": 2**63}, "数值超出范围"),
    ({"a": -(2**64)}, "数值超出范围"),
    ({"a": float("nan")}, "数值超出范围"),
    ({"a": [float("-inf")]}, "数值超出范围"),
]


@pytest.mark.parametrize(("value", "reason"), BAD_VALUES)
def test_value_that_cannot_be_kept_is_refused_everywhere(
    api_client: TestClient, value: object, reason: str | None
) -> None:
    request = {"request_id": "r", "status": "s"}
    bodies: list[tuple[str, dict[str, object]]] = [
        (TASKS, {**NEW_TASK, "metadata": {"extra": value}}),
        (SYNC, {**NEW_SYNC_LOG, "request_details": {"extra": value}}),
    ]
    for field in ("response", "feedback", "error"):
        conversation = {"conversation_id": "c", "requests": [{**request, field: value}]}
        bodies += [(path, {**NEW_TASK, "conversations": [conversation]}) for path in (TASKS, SYNC)]
    for path, body in bodies:
        told = refused(api_client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"}))
        assert reason is None or told == reason
    assert api_client.get(TASKS).json() == []
    assert api_client.get(f"{TASKS}/sync/logs").json() == []


@pytest.mark.parametrize("field", ["task_id", "user_id", "token_id"])
@pytest.mark.parametrize("value", [{"$ne": None}, ["a"], 5, True, "a\0b", "\ud800"])
def test_ids_are_text(api_client: TestClient, field: str, value: object) -> None:
    body = json.dumps({**NEW_TASK, field: value})
    refused(api_client.post(TASKS, content=body, headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("task_id", ["", "x" * 513])
def test_task_id_has_one_to_512_characters(api_client: TestClient, task_id: str) -> None:
    refused(api_client.post(TASKS, json={**NEW_TASK, "task_id": task_id}))


BAD_TIMES = [
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "2024-02-30T00:00:00Z"),
    *("2024-01-20", "1705744800", "10:00:00", "now", "", "2024-01-20T25:00:00Z", "2024-01-20T10:00:00+99:00"),
    *("２０２４-01-20T10:00:00Z", "2024-01-20T10:00:00Z\n", "P1D", "Infinity"),
    *(1705744800, 1e300, True, [], {"$date": 0}),
]


@pytest.mark.parametrize("moment", BAD_TIMES)
def test_time_that_is_no_moment_is_refused(api_client: TestClient, moment: object) -> None:
    assert refused(api_client.post(TASKS, json={**NEW_TASK, "timestamp": moment})) == "必须是ISO 8601时间"
    assert refused(api_client.post(SYNC, json={**NEW_SYNC_LOG, "synced_at": moment})) == "必须是ISO 8601时间"


def as_task(metadata: str) -> str:
    return json.dumps({**NEW_TASK, "metadata": 0}).replace('"metadata": 0', f'"metadata": {metadata}')


BAD_BODIES: dict[str, str | bytes] = {
    "empty": "",
    "cut off": '{"task_id": "t"',
    "array": "[]",
    "text": '"task"',
    "number beyond floats": as_task('{"a": 1e400}'),
    "number of 5,000 digits": as_task('{"a": ' + "9" * 5_000 + "}"),
    "100,000 brackets": "[" * 100_000,
    "100,000 levels": as_task('{"a": ' * 100_000 + "0" + "}" * 100_000),
    "900 levels": as_task('{"a": ' * 900 + "0" + "}" * 900),
    "200 levels": as_task('{"a": ' * 200 + "0" + "}" * 200),
    "no UTF-8": b'{"task_id": "\xff"}',
    "UTF-16": '{"task_id": "t"}'.encode("utf-16"),
    "NUL": "\0",
}


@pytest.mark.parametrize("path", [TASKS, SYNC])
@pytest.mark.parametrize("name", BAD_BODIES)
def test_body_that_is_no_object_is_refused(api_client: TestClient, path: str, name: str) -> None:
    headers = {"Content-Type": "application/json"}
    refused(api_client.post(path, content=BAD_BODIES[name], headers=headers))


@pytest.mark.parametrize("path", [TASKS, SYNC])
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "\xff"]
)
def test_body_that_is_not_called_json_is_refused(api_client: TestClient, path: str, media_type: str) -> None:
    content = json.dumps(NEW_TASK)
    refused(api_client.post(path, content=content, headers={b"Content-Type": media_type.encode("latin-1")}))


def test_last_of_two_equal_keys_counts(api_client: TestClient) -> None:
    body = json.dumps(NEW_TASK)[:-1] + ', "task_id": "second"}'
    for path in (TASKS, SYNC):
        api_client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert [task["task_id"] for task in api_client.get(TASKS).json()] == ["second"]


def test_body_above_the_limit_is_refused_unread(api_client: TestClient, api_settings: Settings) -> None:
    body = json.dumps({**NEW_TASK, "metadata": {"text": "x" * api_settings.max_body_bytes}})
    for path in (TASKS, SYNC):
        assert (
            refused(api_client.post(path, content=body, headers={"Content-Type": "application/json"})) == "请求体过大"
        )


def test_largest_task_is_kept_and_a_larger_record_is_refused(api_client: TestClient) -> None:
    large = {**NEW_TASK, "metadata": {"text": "x" * (15 * MIB)}}
    assert api_client.post(TASKS, json=large).status_code == 201
    conversation = {"conversation_id": "y" * (2 * MIB), "requests": []}
    response = api_client.post(TASKS, json={"task_id": "task123", "conversations": [conversation]})
    assert refused(response) == "过大，无法保存"
    kept = api_client.get(f"{TASKS}/task123").json()
    assert (len(kept["metadata"]["text"]), len(kept["conversations"])) == (15 * MIB, 1)


@pytest.mark.parametrize("path", [TASKS, SYNC])
def test_body_that_grows_above_the_records_limit_is_refused(api_client: TestClient, path: str) -> None:
    """A number takes two bytes in JSON and more than eight in BSON."""
    numbers = as_task('{"numbers": [' + "1," * (2 * MIB) + "1]}")
    headers = {"Content-Type": "application/json"}
    assert refused(api_client.post(path, content=numbers, headers=headers)) == "过大，无法保存"
    assert api_client.get(TASKS).json() == []
    log = json.dumps(NEW_SYNC_LOG).replace('"response_code": 200', '"numbers": [' + "1," * (2 * MIB) + "1]")
    assert refused(api_client.post(SYNC, content=log, headers=headers)) == "过大，无法保存"


@pytest.mark.parametrize("host", ["[::", "a b", "\xff", "", "x" * 10_000, "evil.example/%2e%2e"])
def test_no_host_header_breaks_an_error(api_client: TestClient, host: str) -> None:
    for path, status in (("/nothing", 404), (f"{TASKS}/none", 404), (f"{TASKS}?limit=0", 400)):
        assert api_client.get(path, headers={b"Host": host.encode("latin-1")}).status_code == status
    assert api_client.put(TASKS, headers={b"Host": host.encode("latin-1")}).status_code == 405


def test_filter_is_text_whatever_it_looks_like(api_client: TestClient) -> None:
    api_client.post(TASKS, json=NEW_TASK)
    for query in ("user_id[$ne]=x", "user_id[]=x"):
        assert len(api_client.get(f"{TASKS}?{query}").json()) == 1  # a parameter of another name, passed over
    for value in ('{"$gt": ""}', "$where", ".*", "user123\n"):
        assert api_client.get(TASKS, params={"user_id": value}).json() == []
