"""Two tenants, and every route of the application: neither sees, changes or hears of what the other has."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.testclient import WebSocketDenialResponse

from api.access import OPEN_PATHS
from api.main import create_app
from shared.access.keys import Role
from shared.resources import Resources
from shared.settings import Settings
from tests.integration.api.tenants import (
    API,
    HUMAN_TASK_ID,
    UNKNOWN,
    Call,
    Tenant,
    body_of,
    every_call,
    make_key,
    make_tenant,
)

NOT_FOUND = {"2001", "3001", "7001", "9001"}
GUARDED = [call for call in every_call() if call.path not in OPEN_PATHS]
NAMED = [call for call in GUARDED if "{" in call.path and not call.path.startswith("/docs/")]
WRITING = [call for call in GUARDED if call.method != "GET" and not call.path.endswith(("/search", "/stream-tickets"))]


def call_id(call: Call) -> str:
    return call.id


@pytest.fixture(scope="module")
def guarded(api_settings: Settings) -> Iterator[TestClient]:
    settings = api_settings.model_copy(update={"api_keys_required": True})
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def client(guarded: TestClient, resources: Resources) -> TestClient:
    resources.create_indexes()
    return guarded


@pytest.fixture
def alice(client: TestClient, resources: Resources) -> Tenant:
    return make_tenant(resources, "alice")


@pytest.fixture
def bob(client: TestClient, resources: Resources) -> Tenant:
    return make_tenant(resources, "bob")


def ask(client: TestClient, call: Call, *, url: str, header: dict[str, str], **arguments: Any) -> tuple[int, str]:
    """Make a call and return the status and the text of its answer."""
    if call.websocket:
        return ask_websocket(client, url, header)
    response: Response = client.request(call.method, url, headers=header, **arguments)
    return response.status_code, response.text


def ask_websocket(client: TestClient, url: str, header: dict[str, str]) -> tuple[int, str]:
    """Return 101 and the first message, or how the connection was refused: at the handshake, or by a failure in it."""
    try:
        with client.websocket_connect(url, headers=header) as socket:
            message = socket.receive_json()
            if message["event"] != "failure":
                return 101, json.dumps(message)
            return socket.receive()["code"] - 4000, json.dumps(message["data"])
    except WebSocketDenialResponse as denial:
        return denial.status_code, denial.text


def code_of(text: str) -> str:
    try:
        return str(json.loads(text)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def without_request_id(text: str, known: dict[str, str]) -> Any:
    """Return an error as it is for any id: two such answers are equal where they tell nothing apart."""
    for name, value in known.items():
        text = text.replace(value, f"<{name}>")
    body = json.loads(text)
    body["error"].pop("request_id", None)
    return body


def stored(resources: Resources) -> dict[str, list[str]]:
    """Return everything that is kept, save the notes of when a key was used."""
    database = resources.database
    kept = {name: [str(each) for each in database[name].find()] for name in database.list_collection_names()}
    kept.pop("api_keys", None)
    kept["objects"] = [str(path) for path in resources.settings.objects_path.rglob("*")]
    return kept


def test_the_walk_finds_the_routes() -> None:
    assert {"GET /api/v1/stats", "POST /api/v1/humanloop/tasks/sync", "GET /metrics"} <= {call.id for call in GUARDED}
    assert {"DELETE /api/v1/knowledge-bases/{kb_id}", "GET /api/v1/chunks/{chunk_id}/image"} <= {
        call.id for call in NAMED
    }
    assert {call.path for call in every_call()} - {call.path for call in GUARDED} == {
        "/livez",
        "/docs",
        "/docs/openapi.json",
        "/docs/start.js",
    }


@pytest.mark.parametrize("call", GUARDED, ids=call_id)
def test_without_a_key_every_route_is_1005(client: TestClient, alice: Tenant, resources: Resources, call: Call) -> None:
    url, before = call.url({**alice.values(call.path), "name": "x"}), stored(resources)
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {alice.keys[Role.WRITER]}"}):
        status, text = ask(client, call, url=url, header=header, **body_of(call, alice))
        assert (status, code_of(text)) == (401, "1005")
    assert stored(resources) == before


@pytest.mark.parametrize("call", NAMED, ids=call_id)
def test_what_another_has_is_not_found(client: TestClient, resources: Resources, call: Call) -> None:
    alice, stranger = make_tenant(resources, "alice"), make_key(resources, "bob", Role.WRITER)[1]
    header = {"Authorization": f"Bearer {stranger}"}
    known, before = alice.values(call.path), stored(resources)
    status, text = ask(client, call, url=call.url(known), header=header, **body_of(call, alice))
    unknown_status, unknown_text = ask(client, call, url=call.url(UNKNOWN), header=header, **body_of(call, alice))
    assert (status, unknown_status) == (404, 404)
    assert code_of(text) in NOT_FOUND
    assert without_request_id(text, known) == without_request_id(unknown_text, UNKNOWN)
    assert stored(resources) == before
    # The same call reaches its owner, so that the answer above was not that of a wrong address.
    status, text = ask(client, call, url=call.url(known), header=alice.header(), **body_of(call, alice))
    assert code_of(text) not in NOT_FOUND | {"1003", "1004", "1005", "1006"}, text


@pytest.mark.parametrize("call", [call for call in GUARDED if "{" not in call.path], ids=call_id)
def test_nothing_of_another_is_listed_or_counted(
    client: TestClient, alice: Tenant, bob: Tenant, resources: Resources, call: Call
) -> None:
    _, text = ask(client, call, url=call.path, header=bob.header(), **body_of(call, bob))
    assert not [mark for mark in (*alice.marks, alice.user_id, *alice.token_ids.values()) if mark in text]


@pytest.mark.parametrize("call", WRITING, ids=call_id)
def test_reader_may_not_write(client: TestClient, alice: Tenant, resources: Resources, call: Call) -> None:
    before = stored(resources)
    status, text = ask(
        client, call, url=call.url(alice.values(call.path)), header=alice.header(Role.READER), **body_of(call, alice)
    )
    assert (status, code_of(text)) == (403, "1006")
    assert stored(resources) == before


@pytest.mark.parametrize(
    "call", [call for call in GUARDED if call not in WRITING and not call.path.startswith("/docs/")], ids=call_id
)
def test_reader_reads_what_is_its_own(client: TestClient, alice: Tenant, call: Call) -> None:
    status, text = ask(
        client, call, url=call.url(alice.values(call.path)), header=alice.header(Role.READER), **body_of(call, alice)
    )
    assert status in (200, 201, 101, 503), text  # 503: no worker lives here, as /health says
    assert code_of(text) == ""


def test_totals_are_those_of_the_caller(client: TestClient, alice: Tenant, bob: Tenant, resources: Resources) -> None:
    assert client.get(f"{API}/stats", headers=alice.header()).json()["data"]["knowledge_bases"] == 1
    own = client.get(f"{API}/stats", headers=alice.header()).json()["data"]
    assert (own["documents"], own["chunks"], own["sync_tasks"]) == (1, 2, 1)
    _, admin = make_key(resources, "root", Role.ADMIN)
    everything = client.get(f"{API}/stats", headers={"Authorization": f"Bearer {admin}"}).json()["data"]
    assert (everything["knowledge_bases"], everything["documents"], everything["sync_tasks"]) == (2, 2, 2)


def test_documents_of_another_are_unknown_in_ones_own_knowledge_base(
    client: TestClient, alice: Tenant, bob: Tenant
) -> None:
    base = f"{API}/knowledge-bases/{bob.knowledge_base.id}"
    asked = {"query": "secret word", "document_ids": [alice.document.id]}
    found = client.post(f"{base}/search", json=asked, headers=bob.header())
    removed = client.request(
        "DELETE", f"{base}/documents", json={"document_ids": [alice.document.id]}, headers=bob.header()
    )
    started = client.post(
        f"{base}/sync", json={"task_type": "incremental", "document_ids": [alice.document.id]}, headers=bob.header()
    )
    for response in (found, removed, started):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "3001")
        assert response.json()["error"]["details"] == {"not_found": [alice.document.id]}
    assert client.get(f"{API}/stats?kb_id={alice.knowledge_base.id}", headers=bob.header()).status_code == 404


def test_the_same_bytes_and_the_same_idempotency_key_meet_nobody_elses(
    client: TestClient, alice: Tenant, bob: Tenant
) -> None:
    made = []
    for tenant in (alice, bob):
        base = f"{API}/knowledge-bases/{tenant.knowledge_base.id}"
        sent = client.post(
            f"{base}/documents/upload", files={"file": ("same.pdf", b"%PDF-1.7\nsame")}, headers=tenant.header()
        )
        assert sent.status_code == 201
        header = {**tenant.header(), "Idempotency-Key": "the same"}
        task = client.post(f"{base}/sync", json={"task_type": "full_sync"}, headers=header)
        assert task.status_code == 201
        made.append((sent.json()["data"]["id"], task.json()["data"]["task_id"]))
    assert made[0][0] != made[1][0]
    assert made[0][1] != made[1][1]


def test_names_are_unique_to_each_owner(client: TestClient, alice: Tenant, bob: Tenant) -> None:
    for tenant in (alice, bob):
        body = {"name": "手册"}
        assert client.post(f"{API}/knowledge-bases", json=body, headers=tenant.header()).status_code == 201
        taken = client.post(f"{API}/knowledge-bases", json=body, headers=tenant.header())
        assert (taken.status_code, taken.json()["error"]["code"]) == (400, "2002")


def test_only_an_admin_names_a_bucket_or_prefix(client: TestClient, alice: Tenant, resources: Resources) -> None:
    _, admin = make_key(resources, "root", Role.ADMIN)
    for place in ({"s3_bucket": "company"}, {"s3_prefix": f"{alice.knowledge_base.id}/"}):
        body = {"name": f"from {next(iter(place))}", **place}
        refused = client.post(f"{API}/knowledge-bases", json=body, headers=alice.header())
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "1006")
        made = client.post(f"{API}/knowledge-bases", json=body, headers={"Authorization": f"Bearer {admin}"})
        assert (made.status_code, made.json()["data"]["user_id"]) == (201, "root")


def test_what_was_made_before_access_is_seen_by_admins_until_it_is_given_away(
    client: TestClient, api_client: TestClient, alice: Tenant, resources: Resources
) -> None:
    kb_id = api_client.post(f"{API}/knowledge-bases", json={"name": "earlier"}).json()["data"]["id"]
    _, admin = make_key(resources, "root", Role.ADMIN)
    path = f"{API}/knowledge-bases/{kb_id}"
    assert client.get(path, headers={"Authorization": f"Bearer {admin}"}).status_code == 200
    assert client.get(path, headers=alice.header()).status_code == 404
    resources.knowledge_bases.give(kb_id, user_id="alice")
    assert client.get(path, headers=alice.header()).json()["data"]["user_id"] == "alice"


HUMAN_TASK = {
    "task_id": HUMAN_TASK_ID,
    "timestamp": "2024-01-20T10:00:00Z",
    "conversations": [],
    "metadata": {"source": "test"},
}


@pytest.mark.parametrize("path", ["/tasks", "/humanloop/tasks", "/tasks/sync", "/humanloop/tasks/sync"])
def test_owner_ids_come_from_the_key(client: TestClient, resources: Resources, path: str) -> None:
    key, text = make_key(resources, "carol", Role.WRITER)
    header = {"Authorization": f"Bearer {text}"}
    for body in (HUMAN_TASK, {**HUMAN_TASK, "user_id": None, "token_id": None}):
        assert client.post(f"{API}{path}", json=body, headers=header).status_code in (200, 201)
        task = client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=header).json()
        assert (task["user_id"], task["token_id"]) == ("carol", key.id)
    # What was read can be sent back.
    assert client.post(f"{API}{path}", json=task, headers=header).status_code == 200


def test_owner_ids_of_a_log_come_from_the_key(client: TestClient, resources: Resources) -> None:
    key, text = make_key(resources, "carol", Role.WRITER)
    header = {"Authorization": f"Bearer {text}"}
    sent = client.post(f"{API}/tasks/sync", json={"task_id": "t", "sync_status": "FAILED"}, headers=header)
    assert sent.status_code == 201
    [log] = client.get(f"{API}/tasks/sync/logs", headers=header).json()
    assert (log["user_id"], log["token_id"], log["sync_status"]) == ("carol", key.id, "FAILED")


@pytest.mark.parametrize("path", ["/tasks", "/tasks/sync", "/humanloop/tasks/sync"])
def test_a_body_that_names_another_owner_is_1006(
    client: TestClient, alice: Tenant, bob: Tenant, resources: Resources, path: str
) -> None:
    before = stored(resources)
    log = {"task_id": HUMAN_TASK_ID, "sync_status": "SUCCESS"}
    for owner in ({"user_id": "alice"}, {"token_id": alice.token_ids[Role.WRITER]}, {"user_id": "nobody"}):
        for body in (HUMAN_TASK, log) if path.endswith("sync") else (HUMAN_TASK,):
            refused = client.post(f"{API}{path}", json={**body, **owner}, headers=bob.header())
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "1006")
    assert stored(resources) == before


def test_each_owner_has_a_task_of_the_same_id(client: TestClient, alice: Tenant, bob: Tenant) -> None:
    changed = client.post(
        f"{API}/tasks", json={"task_id": HUMAN_TASK_ID, "metadata": {"by": "bob"}}, headers=bob.header()
    )
    assert changed.json()["updated"] is True
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=bob.header()).json()["metadata"] == {"by": "bob"}
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=alice.header()).json()["metadata"] != {"by": "bob"}
    assert client.delete(f"{API}/tasks/{HUMAN_TASK_ID}", headers=bob.header()).status_code == 200
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=bob.header()).status_code == 404
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=alice.header()).status_code == 200


@pytest.mark.parametrize("path", ["/tasks", "/tasks/sync/logs"])
def test_a_filter_by_another_user_finds_nothing(client: TestClient, alice: Tenant, bob: Tenant, path: str) -> None:
    found = client.get(f"{API}{path}", params={"user_id": "alice"}, headers=bob.header())
    assert (found.status_code, found.json()) == (200, [])
    assert len(client.get(f"{API}{path}", params={"user_id": "alice"}, headers=alice.header()).json()) == 1


def test_an_admin_acts_for_others(client: TestClient, alice: Tenant, resources: Resources) -> None:
    _, admin = make_key(resources, "root", Role.ADMIN)
    header = {"Authorization": f"Bearer {admin}"}
    body = {"task_id": HUMAN_TASK_ID, "user_id": "alice", "metadata": {"by": "root"}}
    assert client.post(f"{API}/tasks", json=body, headers=header).json()["updated"] is True
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=alice.header()).json()["metadata"] == {"by": "root"}
    assert client.post(f"{API}/tasks", json=HUMAN_TASK, headers=header).status_code == 201
    assert len(client.get(f"{API}/tasks", params={"task_id": HUMAN_TASK_ID}, headers=header).json()) == 2
    asked = {"user_id": "alice"}
    assert client.delete(f"{API}/tasks/{HUMAN_TASK_ID}", params=asked, headers=header).status_code == 200
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=alice.header()).status_code == 404
    assert client.get(f"{API}/tasks/{HUMAN_TASK_ID}", headers=header).json()["user_id"] == "root"
