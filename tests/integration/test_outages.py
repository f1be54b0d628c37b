"""MongoDB or Redis away for a while: killed, or hung."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.human_task_examples import NEW_TASK
from api.main import create_app
from shared import ids as made_ids
from shared.settings import Settings
from shared.states import Stage, TaskStatus
from tests.integration.servers_of_their_own import Servers, running_servers
from tests.integration.sync_world import World, eventually, pdf, settings_for
from tests.integration.worker_processes import worker
from tests.samples.marked_pdfs import waiting

API = "/api/v1"
LEASE_SECONDS = 3.0
OUTAGES = [("mongodb", False), ("mongodb", True), ("redis", False), ("redis", True)]
OUTAGE_NAMES = ["mongodb killed", "mongodb hung", "redis killed", "redis hung"]
TICKETS = f"{API}/stream-tickets"
NEED_NOTHING = {"/livez", "/metrics"}
HEALTH = f"{API}/health"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    pace = {"lease_seconds": LEASE_SECONDS, "reconcile_seconds": 1.0, "queue_wait_seconds": 3.0}
    return settings_for(servers.mongodb_url, servers.redis_url, f"test_{tmp_path.name}"[:60], tmp_path, **pace)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as opened:
        yield opened


@dataclass(frozen=True)
class Call:
    """One call of each route; `path` is the one of the OpenAPI description."""

    method: str
    path: str
    json: object = None
    upload: bool = False

    def send(self, client: TestClient, ids: dict[str, str]) -> Response:
        files = {"file": ("later.pdf", pdf("Later"))} if self.upload else None
        return client.request(self.method, self.path.format(**ids), json=self.json, files=files)


CALLS = [
    Call("POST", f"{API}/knowledge-bases", {"name": "another one"}),
    Call("GET", f"{API}/knowledge-bases"),
    Call("GET", f"{API}/knowledge-bases/{{kb_id}}"),
    Call("PATCH", f"{API}/knowledge-bases/{{kb_id}}", {"description": "new"}),
    Call("POST", f"{API}/knowledge-bases/{{kb_id}}/documents/upload", upload=True),
    Call("POST", f"{API}/knowledge-bases/{{kb_id}}/documents/import"),
    Call("GET", f"{API}/knowledge-bases/{{kb_id}}/documents"),
    Call("DELETE", f"{API}/knowledge-bases/{{kb_id}}/documents", {"document_ids": ["doc-none"]}),
    Call("GET", f"{API}/documents/{{doc_id}}"),
    Call("GET", f"{API}/documents/{{doc_id}}/chunks"),
    Call("GET", f"{API}/documents/{{doc_id}}/markdown"),
    Call("GET", f"{API}/documents/{{doc_id}}/file"),
    Call("GET", f"{API}/chunks/{{chunk_id}}/image"),
    Call("POST", f"{API}/knowledge-bases/{{kb_id}}/search", {"query": "pump", "top_k": 3}),
    Call("GET", f"{API}/knowledge-bases/{{kb_id}}/sync-tasks"),
    Call("GET", f"{API}/sync-tasks/{{task_id}}"),
    Call("GET", f"{API}/sync-tasks/{{task_id}}/documents"),
    Call("POST", f"{API}/sync-tasks/{{task_id}}/cancel"),
    Call("GET", f"{API}/sync-tasks/{{task_id}}/events"),  # where the task was cancelled before, it ends at once
    Call("POST", f"{API}/sync-tasks/{{task_id}}/retry-failed"),
    Call("POST", f"{API}/knowledge-bases/{{kb_id}}/sync", {"task_type": "full_sync", "document_ids": []}),
    Call("GET", f"{API}/stats"),
    Call("POST", TICKETS),
    Call("POST", f"{API}/tasks", NEW_TASK),
    Call("GET", f"{API}/tasks"),
    Call("POST", f"{API}/tasks/sync", NEW_TASK),
    Call("GET", f"{API}/tasks/sync/logs"),
    Call("GET", f"{API}/tasks/{{task_id}}"),
    Call("DELETE", f"{API}/tasks/{{task_id}}"),
    Call("GET", HEALTH),
    Call("GET", "/livez"),
    Call("GET", "/metrics"),
    Call("DELETE", f"{API}/knowledge-bases/{{kb_id}}"),
]


def prepare(client: TestClient) -> dict[str, str]:
    """Make a knowledge base with a document and a sync task, and return the ids of what there is."""
    kb_id = client.post(f"{API}/knowledge-bases", json={"name": "outages"}).json()["data"]["id"]
    path = f"{API}/knowledge-bases/{kb_id}"
    uploaded = client.post(f"{path}/documents/upload", files={"file": ("one.pdf", pdf("One"))})
    started = client.post(f"{path}/sync", json={"task_type": "full_sync", "document_ids": []})
    document_id = uploaded.json()["data"]["id"]
    return {
        "kb_id": kb_id,
        "doc_id": document_id,
        "task_id": started.json()["data"]["task_id"],
        "chunk_id": made_ids.chunk_id(kb_id, document_id, "revision", 0),
    }


def test_every_route_is_called(client: TestClient) -> None:
    paths: dict[str, dict[str, object]] = client.get("/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {(call.method, call.path) for call in CALLS} == described


def timed(call: Call, client: TestClient, ids: dict[str, str]) -> tuple[Call, Response, float]:
    began = time.monotonic()
    answer = call.send(client, ids)
    return call, answer, time.monotonic() - began


def check_answer(call: Call, answer: Response, service: str) -> None:
    if call.path == HEALTH:
        assert answer.status_code == 503
        assert answer.json()["services"][service]["status"] == "unhealthy"
    elif call.path in NEED_NOTHING:
        assert answer.status_code == 200
    elif call.path == TICKETS and service == "mongodb":  # they lie in Redis
        assert answer.status_code == 201
    elif service == "mongodb" or answer.status_code >= 500:
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "1001"), call
        assert answer.json()["error"]["details"] == {"service": service}
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("service", "hung"), OUTAGES, ids=OUTAGE_NAMES)
def test_the_api_says_what_is_away_and_comes_back_by_itself(
    client: TestClient, servers: Servers, service: str, hung: bool
) -> None:
    ids = prepare(client)
    # Without MongoDB no call changes anything, so that their order means nothing.
    at_once = 8 if service == "mongodb" else 1
    with servers.away(service, hung=hung), ThreadPoolExecutor(at_once) as threads:
        for call, answer, seconds in threads.map(lambda call: timed(call, client, ids), CALLS):
            print(f"{service:8} {'hung' if hung else 'killed':7} {answer.status_code} {seconds:5.2f} s  {call}")
            check_answer(call, answer, service)
    eventually(lambda: client.get(f"{API}/stats").status_code == 200, what="the API did not come back")
    created = client.post(f"{API}/knowledge-bases", json={"name": "after the outage"})
    assert created.status_code == 201


@pytest.mark.parametrize(("service", "hung"), OUTAGES, ids=OUTAGE_NAMES)
def test_an_outage_longer_than_a_lease_costs_no_attempt(
    settings: Settings, servers: Servers, tmp_path: Path, service: str, hung: bool
) -> None:
    gate = tmp_path / "gate"
    world = World.open(settings)
    try:
        kb = world.knowledge_base()
        for number in range(3):
            world.upload(kb.id, f"long-{number}.pdf", waiting(pdf(f"Long {number}"), gate))
        for number in range(9):
            world.upload(kb.id, f"note-{number}.pdf", pdf(f"Note {number}"))
        with worker(settings, tmp_path, "worker", app="tests.samples.faulty_worker", processes=4) as process:
            task = world.sync(kb.id)
            eventually(
                lambda: sum(str(Stage.CONVERT) in run.leases for run in world.runs(task)) >= 3,
                what="the long ones did not begin",
            )
            with servers.away(service, hung=hung):
                time.sleep(LEASE_SECONDS)
                gate.touch()  # the long ones end while nothing of them can be recorded
                time.sleep(LEASE_SECONDS)
            eventually(
                lambda: not world.resources.sync_tasks.get(task.id).active,
                what=f"the sync did not end, log in {tmp_path}",
                seconds=120,
            )
            assert process.is_running()
        assert world.resources.sync_tasks.get(task.id).status is TaskStatus.COMPLETED
        assert [(run.crashes, run.failures) for run in world.runs(task)] == [(0, 0)] * 12
    finally:
        world.close()
