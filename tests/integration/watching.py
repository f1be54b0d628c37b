"""Watching syncs over both protocols, as clients do, and an API to watch them on."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from api.main import create_app
from api.progress_hub import ProgressHub
from shared.embedded.health import wait_until
from shared.embedded.ports import free_port
from shared.settings import Settings

API = "/api/v1"
PATIENCE_SECONDS = 60.0
ENDED = ("completed", "partial_success", "failed", "cancelled")


@dataclass(frozen=True)
class Told:
    """One event as a client gets it."""

    name: str
    data: Any
    id: str | None = None

    @property
    def is_end(self) -> bool:
        return self.name == "task" and self.data["status"] in ENDED


@dataclass(frozen=True)
class LiveApi:
    """A real server of the API in this process."""

    base: str
    app: FastAPI

    @property
    def hub(self) -> ProgressHub:
        hub = self.app.state.progress
        assert isinstance(hub, ProgressHub)
        return hub

    def events_url(self, task_id: str) -> str:
        return f"{self.base}/sync-tasks/{task_id}/events"

    def websocket_url(self, task_id: str, query: str = "") -> str:
        return f"{self.base.replace('http', 'ws', 1)}/sync-tasks/{task_id}/ws{query}"

    def over_sse(self, task_id: str, **headers: str) -> Iterator[Told]:
        """Yield the events of a task until the server ends the stream."""
        url = self.events_url(task_id)
        with httpx.stream("GET", url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False) as answer:
            assert answer.status_code == 200, answer.read()
            yield from events_in(answer.iter_lines())

    def over_websocket(self, task_id: str, query: str = "") -> Iterator[Told]:
        """Yield the messages of a task until the server closes."""
        with connect(self.websocket_url(task_id, query), proxy=None, open_timeout=PATIENCE_SECONDS) as websocket:
            try:
                while True:
                    message = json.loads(websocket.recv(timeout=PATIENCE_SECONDS))
                    yield Told(message["event"], message["data"], message.get("id"))
            except ConnectionClosed:
                return


def events_in(lines: Iterator[str]) -> Iterator[Told]:
    """Read Server-Sent Events as the HTML standard says (9.2.6), as far as it matters here."""
    name, event_id, data = "", None, ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data += value
        elif line == "" and data:
            yield Told(name, json.loads(data), event_id)
            name, event_id, data = "", None, ""


@contextmanager
def live_api(settings: Settings) -> Iterator[LiveApi]:
    port = free_port()
    app = create_app(settings)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=60, what="the API did not start")
    try:
        yield LiveApi(f"http://127.0.0.1:{port}{API}", app)
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()


class Watching:
    """Watches in the background; what was told so far can be looked at meanwhile."""

    def __init__(self, source: Callable[[], Iterator[Told]]) -> None:
        self.told: list[Told] = []
        self._threads = ThreadPoolExecutor(1)
        self._done: Future[None] = self._threads.submit(self._watch, source)

    @property
    def tasks(self) -> list[Any]:
        return [told.data for told in self.told if told.name == "task"]

    @property
    def documents(self) -> list[Any]:
        return [told.data for told in self.told if told.name == "document"]

    def result(self) -> list[Told]:
        """Wait for the end of the stream and return all that was told."""
        self._done.result(PATIENCE_SECONDS)
        self._threads.shutdown()
        return self.told

    def _watch(self, source: Callable[[], Iterator[Told]]) -> None:
        for told in source():
            self.told.append(told)
