"""API keys over HTTP: who is let in, how long, and what is kept of a key."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import verified_keys
from api.main import create_app
from shared import clock
from shared.access.keys import PresentedKey, Role
from shared.embedded.health import wait_until
from shared.resources import Resources
from shared.services import api_keys
from shared.settings import Settings

API = "/api/v1"
REVOKED_WITHIN_SECONDS = verified_keys.FRESH_SECONDS + 2


@pytest.fixture(scope="module")
def guarded_settings(api_settings: Settings) -> Settings:
    return api_settings.model_copy(update={"api_keys_required": True})


@pytest.fixture(scope="module")
def guarded(guarded_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(guarded_settings)) as client:
        yield client


@pytest.fixture
def client(guarded: TestClient, resources: Resources) -> TestClient:
    return guarded


@pytest.fixture
def key(resources: Resources) -> str:
    return api_keys.create(resources, user_id="alice", role=Role.WRITER)[1]


def status(client: TestClient, authorization: str | None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.get(f"{API}/knowledge-bases", headers=headers).status_code


def test_a_key_opens_the_door(client: TestClient, key: str) -> None:
    assert status(client, f"Bearer {key}") == 200
    assert status(client, f"bearer  {key} ") == 200  # RFC 9110: the scheme's case does not matter


def test_what_is_no_key_is_1005_and_says_how_to_send_one(client: TestClient, key: str) -> None:
    presented = PresentedKey.parse(key)
    assert presented is not None
    stranger = PresentedKey(presented.token_id, "A" * 43).text
    for wrong in (
        None,
        "",
        "Bearer",
        f"Basic {key}",
        key,
        f"Bearer {key}x",
        f"Bearer {key[:-1]}",
        f"Bearer {stranger}",
    ):
        headers = {} if wrong is None else {"Authorization": wrong}
        answer = client.get(f"{API}/knowledge-bases", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "1005")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get(f"{API}/knowledge-bases?api_key={key}&ticket={key}").status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/livez/", "/docs", "/docs/openapi.json", "/docs/swagger-ui.js"])
def test_some_routes_need_no_key(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/openapi.json", "/redoc", "/docs/../metrics", "/docs/nothing", "/livez/x", "/LIVEZ"]
)
def test_everything_else_needs_one_even_where_nothing_is(client: TestClient, key: str, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code in (200, 404)


def test_preflight_of_a_stranger_is_no_way_in(client: TestClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    answer = client.options(f"{API}/knowledge-bases", headers=headers)
    assert answer.status_code == 401
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_with_access_off_any_key_is_passed_over(api_client: TestClient) -> None:
    assert status(api_client, "Bearer any key") == 200
    assert status(api_client, "Basic !") == 200


def test_a_revoked_key_is_useless_within_seconds_in_every_process(
    client: TestClient, guarded_settings: Settings, key: str, resources: Resources
) -> None:
    with TestClient(create_app(guarded_settings)) as other:
        for process in (client, other):
            assert status(process, f"Bearer {key}") == 200
        presented = PresentedKey.parse(key)
        assert presented is not None
        revoked = api_keys.revoke(resources, presented.token_id)
        assert revoked.revoked_at is not None
        for process in (client, other):
            wait_until(
                lambda process=process: status(process, f"Bearer {key}") == 401,  # type: ignore[misc]
                seconds=REVOKED_WITHIN_SECONDS,
                what="the key was not refused",
            )
    assert api_keys.revoke(resources, presented.token_id).revoked_at == revoked.revoked_at


def test_use_is_noted_once_a_minute(resources: Resources, key: str) -> None:
    presented = PresentedKey.parse(key)
    assert presented is not None

    def last_used() -> object:
        found = resources.api_keys.find(presented.token_id)
        assert found is not None
        return found.last_used_at

    assert last_used() is None
    api_keys.verify(resources, presented)
    first = last_used()
    assert first is not None
    api_keys.verify(resources, presented)
    assert last_used() == first
    later = clock.now() + timedelta(seconds=61)
    resources.api_keys.note_use(presented.token_id, at=later, interval=api_keys.USE_NOTED_EVERY)
    assert last_used() == later


def test_a_body_is_not_read_before_the_key_is_checked(client: TestClient) -> None:
    sent: list[Any] = []

    async def ask() -> None:
        await client.app(scope, receive, send)

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": f"{API}/knowledge-bases/kb-1/documents/upload",
        "raw_path": b"",
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    assert client.portal is not None
    client.portal.call(ask)
    assert sent[0]["status"] == 401


def test_nothing_of_the_secret_is_kept(
    client: TestClient, key: str, resources: Resources, dump: Callable[[], str]
) -> None:
    assert status(client, f"Bearer {key}") == 200
    client.post(f"{API}/stream-tickets", headers={"Authorization": f"Bearer {key}"})
    presented = PresentedKey.parse(key)
    assert presented is not None
    kept = dump()
    assert presented.token_id in kept
    assert presented.secret not in kept


@pytest.fixture
def dump(resources: Resources) -> Callable[[], str]:
    """Return everything that MongoDB and Redis hold, as text."""

    def everything() -> str:
        database = resources.database
        records = [str(each) for name in database.list_collection_names() for each in database[name].find()]
        values = []
        for name in resources.redis.scan_iter("kbsync:stream_ticket*"):
            values += [str(name), str(resources.redis.get(name))]
        return json.dumps([*records, *values])

    return everything
