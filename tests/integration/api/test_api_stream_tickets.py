"""Tickets open live streams, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import requests
from fastapi import WebSocket
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from api.callers import caller_of
from api.main import create_app
from shared.access.keys import Role
from shared.resources import Resources
from shared.services import api_keys
from shared.settings import Settings

API = "/api/v1"
EVENTS, SOCKET = f"{API}/sync-tasks/task-1/events", f"{API}/sync-tasks/task-1/ws"


async def _stream(request: Request) -> JSONResponse:
    """Stands for a stream: says who asks, and what is left of the query."""
    return JSONResponse({"user": caller_of(request.scope).scope.user_id, "query": request.url.query})


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(caller_of(websocket.scope).scope.user_id))
    await websocket.close()


@pytest.fixture(scope="module")
def guarded(api_settings: Settings) -> Iterator[TestClient]:
    app = create_app(api_settings.model_copy(update={"api_keys_required": True}))
    # In front of what the application has there.
    app.router.routes[:0] = [Route(EVENTS, _stream), WebSocketRoute(SOCKET, _socket)]
    with TestClient(app) as client:
        yield client


@pytest.fixture
def client(guarded: TestClient, resources: Resources) -> TestClient:
    return guarded


@pytest.fixture
def ticket(client: TestClient, resources: Resources) -> str:
    key = api_keys.create(resources, user_id="alice", role=Role.READER)[1]
    made = client.post(f"{API}/stream-tickets", headers={"Authorization": f"Bearer {key}"})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    return str(made.json()["data"]["ticket"])


def test_ticket_opens_a_stream_more_than_once_and_is_taken_out_of_the_query(client: TestClient, ticket: str) -> None:
    for _ in range(2):
        answer = client.get(f"{EVENTS}?a=1&ticket={ticket}&b=%26")
        assert answer.json() == {"user": "alice", "query": "a=1&b=%26"}


def test_ticket_opens_a_websocket(client: TestClient, ticket: str) -> None:
    with client.websocket_connect(f"{SOCKET}?ticket={ticket}") as socket:
        assert socket.receive_text() == "alice"


def test_websocket_without_one_is_refused_before_it_is_accepted(client: TestClient) -> None:
    with pytest.raises(WebSocketDenialResponse) as denial, client.websocket_connect(SOCKET):
        pass
    assert (denial.value.status_code, denial.value.json()["error"]["code"]) == (401, "1005")


def test_ticket_opens_nothing_else(client: TestClient, ticket: str) -> None:
    for path in (f"{API}/sync-tasks/task-1", f"{API}/knowledge-bases", "/metrics", f"{EVENTS}/more"):
        assert client.get(f"{path}?ticket={ticket}").status_code == 401
    assert client.get(f"{EVENTS}?ticket=wrong").status_code == 401
    assert client.get(EVENTS, headers={"Authorization": f"Bearer {ticket}"}).status_code == 401


def test_ticket_lives_no_longer_than_its_key(client: TestClient, ticket: str, resources: Resources) -> None:
    [key] = api_keys.list_keys(resources)
    api_keys.revoke(resources, key.id)
    assert client.get(f"{EVENTS}?ticket={ticket}").status_code == 401


def test_with_access_off_a_ticket_is_passed_over(api_client: TestClient) -> None:
    ticket = api_client.post(f"{API}/stream-tickets").json()["data"]["ticket"]
    assert api_client.get(f"{API}/stats?ticket={ticket}").status_code == 200


async def _endless(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text("on")
            await asyncio.sleep(0.2)


def test_an_open_stream_ends_when_its_key_is_revoked(api_settings: Settings, resources: Resources) -> None:
    app = create_app(api_settings.model_copy(update={"api_keys_required": True}))
    app.router.routes.insert(0, WebSocketRoute(SOCKET, _endless))
    key, text = api_keys.create(resources, user_id="alice", role=Role.READER)
    with (
        TestClient(app) as client,
        client.websocket_connect(SOCKET, headers={"Authorization": f"Bearer {text}"}) as socket,
    ):
        assert socket.receive_text() == "on"
        api_keys.revoke(resources, key.id)
        with pytest.raises(WebSocketDisconnect) as end:
            receive_many(socket)
        assert end.value.code == 1008


def receive_many(socket: WebSocketTestSession) -> None:
    """Receive for twenty seconds."""
    for _ in range(100):
        socket.receive_text()


async def _endless_events(request: Request) -> StreamingResponse:
    async def events() -> AsyncIterator[bytes]:
        while True:
            yield b"data: on\n\n"
            await asyncio.sleep(0.2)

    return StreamingResponse(events(), media_type="text/event-stream")


def test_an_open_answer_ends_when_its_key_is_revoked(
    live_servers: Callable[..., str], resources: Resources, caplog: pytest.LogCaptureFixture
) -> None:
    base = live_servers([Route(EVENTS, _endless_events)], api_keys_required=True)
    key, text = api_keys.create(resources, user_id="alice", role=Role.READER)
    url = f"{base.removesuffix(API)}{EVENTS}"
    with requests.get(url, headers={"Authorization": f"Bearer {text}"}, stream=True, timeout=30) as stream:
        pieces = stream.iter_content(None)
        assert next(pieces) == b"data: on\n\n"
        api_keys.revoke(resources, key.id)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):  # cut off, so that it is not taken for whole
            take_many(pieces)
    assert text not in caplog.text
    assert requests.get(url, headers={"Authorization": f"Bearer {text}"}, timeout=30).status_code == 401


def take_many(pieces: Iterator[bytes]) -> None:
    """Take pieces for twenty seconds, or until there is none."""
    for _ in range(100):
        next(pieces)
