"""The API on real servers, and the records that only workers write."""

import json
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from pymongo import MongoClient
from starlette.routing import BaseRoute

from api.main import create_app
from shared.embedded.health import wait_until
from shared.embedded.ports import free_port
from shared.models import SyncTask
from shared.queue import celery_app
from shared.resources import Resources
from shared.settings import Settings
from tests.integration.sync_world import DAMAGED_PDF, World
from tests.integration.sync_world import pdf as drawn_pdf
from tests.integration.watching import LiveApi, live_api

API = "/api/v1"
MAX_UPLOAD_BYTES = 40 << 20


@pytest.fixture(scope="session")
def api_settings(
    mongodb_url: str, redis_server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of one application for the whole run; every test finds it empty (`api_client`)."""
    name = f"test_api_{uuid.uuid4().hex[:12]}"
    yield Settings(
        mongodb_url=mongodb_url,
        mongodb_database=name,
        redis_url=redis_server_url,
        data_dir=tmp_path_factory.mktemp("api"),
        embedding_provider="hashing",
        embedding_model="words-64",
        max_upload_bytes=MAX_UPLOAD_BYTES,
    )
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture(scope="session")
def shared_client(api_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(api_settings)) as client:
        yield client


@pytest.fixture(scope="session")
def shared_resources(api_settings: Settings) -> Iterator[Resources]:
    opened = Resources(api_settings, timeout_seconds=10)
    yield opened
    opened.close()


@pytest.fixture
def resources(shared_resources: Resources, redis_url: str) -> Resources:
    """The open clients, with nothing in MongoDB, Redis and the object store."""
    for collection in shared_resources.database.list_collection_names():
        shared_resources.database[collection].delete_many({})
    shutil.rmtree(shared_resources.settings.objects_path, ignore_errors=True)
    return shared_resources


@pytest.fixture
def api_client(shared_client: TestClient, resources: Resources) -> TestClient:
    return shared_client


@pytest.fixture
def knowledge_base_id(api_client: TestClient) -> str:
    response = api_client.post(f"{API}/knowledge-bases", json={"name": "产品文档"})
    assert response.status_code == 201
    return str(response.json()["data"]["id"])


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """Make what is taken for a PDF by its content; nothing here converts it."""

    def make(text: str, *, size: int = 0) -> bytes:
        body = b"%PDF-1.7\n" + text.encode(errors="replace")
        return body + b"\r\n" * max(0, (size - len(body)) // 2)

    return make


@pytest.fixture
def upload(api_client: TestClient, knowledge_base_id: str, pdf: Callable[..., bytes]) -> Callable[[str], str]:
    """Upload a small PDF whose bytes are its name, and return its document's id."""

    def send(name: str) -> str:
        response = api_client.post(
            f"{API}/knowledge-bases/{knowledge_base_id}/documents/upload",
            files={"file": (name, pdf(name))},
        )
        assert response.status_code == 201, response.text
        return str(response.json()["data"]["id"])

    return send


@pytest.fixture
def live_servers(api_settings: Settings, resources: Resources) -> Iterator[Callable[..., str]]:
    """Start real HTTP servers, each with an application of its own, that share MongoDB, Redis and the object store.

    Settings that are given go before those of the run; `routes` stand in front of those of the application.
    """
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(routes: Sequence[BaseRoute] = (), **changes: object) -> str:
        port = free_port()
        app = create_app(api_settings.model_copy(update=changes))
        app.router.routes[:0] = routes
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        wait_until(lambda: server.started, seconds=60, what="the API did not start")
        return f"http://127.0.0.1:{port}{API}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(timeout=30)


@pytest.fixture(scope="session")
def published() -> dict[str, dict[str, object]]:
    """The examples of the published API document, by name."""
    path = Path(__file__).parent / "published_examples.json"
    loaded: dict[str, dict[str, object]] = json.loads(path.read_text())
    return loaded


@pytest.fixture(scope="session")
def api(api_settings: Settings) -> Iterator[LiveApi]:
    with live_api(api_settings) as running:
        yield running


@pytest.fixture
def world(api_settings: Settings, resources: Resources) -> Iterator[World]:
    app = celery_app(api_settings)
    yield World(resources=resources, app=app)
    app.close()


@pytest.fixture
def started(world: World) -> SyncTask:
    """A running sync of two documents and a damaged one, with nobody at work on it."""
    kb = world.knowledge_base()
    for name, data in (("a.pdf", drawn_pdf("A")), ("b.pdf", drawn_pdf("B")), ("damaged.pdf", DAMAGED_PDF)):
        world.upload(kb.id, name, data)
    task = world.sync(kb.id)
    world.start(task.id)
    return task
