"""Watchers while Redis or MongoDB is away, and while the API stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from api.progress_reader import POLL_SECONDS
from shared.embedded.health import http_answers, wait_until
from shared.embedded.ports import free_port
from shared.models import SyncTask
from shared.settings import Settings
from shared.states import Stage
from tests.integration.servers_of_their_own import Servers, running_servers
from tests.integration.sync_world import World, eventually, pdf, ref_of, settings_for
from tests.integration.watching import LiveApi, Watching, live_api
from tests.integration.worker_processes import REPOSITORY, environment

WITHOUT_WORD_SECONDS = 2 * POLL_SECONDS + 3
"""The longest that a change may take to be told when no word of it comes; the machine may be slow."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    return settings_for(servers.mongodb_url, servers.redis_url, f"test_{tmp_path.name}"[:60], tmp_path)


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    opened = World.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def api(settings: Settings) -> Iterator[LiveApi]:
    with live_api(settings) as running:
        yield running


@pytest.fixture
def started(world: World) -> SyncTask:
    """A running sync of two documents, with nobody at work on it."""
    kb = world.knowledge_base()
    for name in ("a", "b"):
        world.upload(kb.id, f"{name}.pdf", pdf(name))
    task = world.sync(kb.id)
    world.start(task.id)
    return task


def watch_both(api: LiveApi, task_id: str) -> list[Watching]:
    watched = [Watching(lambda: api.over_sse(task_id)), Watching(lambda: api.over_websocket(task_id))]
    eventually(lambda: all(each.tasks for each in watched), what="no first event")
    return watched


def completed(watched: Watching) -> int:
    return max(int(task["processed_documents"]) for task in watched.tasks)


@pytest.mark.parametrize("hung", [False, True], ids=["killed", "hung"])
def test_every_state_is_told_while_redis_is_away(
    api: LiveApi, world: World, servers: Servers, started: SyncTask, hung: bool
) -> None:
    """The records are written as a worker writes them that cannot publish: MongoDB tells the watchers."""
    watched = watch_both(api, started.id)
    first, second = (ref_of(run) for run in world.runs(started))
    world.run_until(first, Stage.EMBED)
    with servers.away("redis", hung=hung):
        record = world.resources.database["document_runs"]
        record.update_one(
            {"_id": first.run_id}, {"$set": {"status": "completed"}, "$currentDate": {"updated_at": True}}
        )
        for each in watched:
            eventually(lambda each=each: completed(each) == 1, what="not told", seconds=WITHOUT_WORD_SECONDS)  # type: ignore[misc]
        record.update_one(
            {"_id": second.run_id}, {"$set": {"status": "completed"}, "$currentDate": {"updated_at": True}}
        )
        world.resources.database["sync_tasks"].update_one(
            {"_id": started.id}, {"$set": {"status": "completed"}, "$unset": {"active": ""}}
        )
        for each in watched:
            told = each.result()
            assert told[-1].is_end
            assert {document["document_id"] for document in each.documents if document["status"] == "completed"} == {
                first.document_id,
                second.document_id,
            }


def test_a_redis_that_is_wiped_in_the_middle_changes_nothing(
    api: LiveApi, world: World, servers: Servers, started: SyncTask
) -> None:
    watched = watch_both(api, started.id)
    for run in world.runs(started):
        with Redis.from_url(servers.redis_url) as client:
            client.flushall()
        world.run_until(ref_of(run), Stage.STORE)
    assert all(each.result()[-1].is_end for each in watched)


def test_a_sync_is_told_by_word_as_soon_as_redis_is_back(
    api: LiveApi, world: World, servers: Servers, started: SyncTask
) -> None:
    watched = watch_both(api, started.id)
    with servers.away("redis", hung=False):
        time.sleep(3.0)
    for run in world.runs(started):
        world.run_until(ref_of(run), Stage.STORE)
    assert all(each.result()[-1].is_end for each in watched)


@pytest.mark.parametrize("hung", [False, True], ids=["killed", "hung"])
def test_streams_outlast_a_mongodb_that_is_away(
    api: LiveApi, world: World, servers: Servers, started: SyncTask, hung: bool
) -> None:
    watched = watch_both(api, started.id)
    with servers.away("mongodb", hung=hung):
        refused = httpx.get(api.events_url("task-other"), trust_env=False, timeout=30)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "1001")
        with connect(api.websocket_url("task-other"), proxy=None) as websocket:
            assert '"1001"' in str(websocket.recv())
        time.sleep(2 * POLL_SECONDS)
        assert not any(each.told[-1].name == "failure" for each in watched)
    for run in world.runs(started):
        world.run_until(ref_of(run), Stage.STORE)
    assert all(each.result()[-1].is_end for each in watched)


@contextmanager
def api_process(settings: Settings, log: Path, *, processes: int) -> Iterator[tuple[psutil.Popen, str]]:
    port = free_port()
    variables = environment(settings) | {"KBSYNC_API_PORT": str(port), "KBSYNC_API_PROCESSES": str(processes)}
    with log.open("wb") as output:
        process = psutil.Popen(
            [sys.executable, "-m", "api"], cwd=REPOSITORY, env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: http_answers(f"http://127.0.0.1:{port}/livez"), seconds=60, what="the API did not start")
        yield process, f"127.0.0.1:{port}/api/v1/sync-tasks"
    finally:
        if process.is_running():
            process.kill()
        process.wait()


@pytest.mark.parametrize("processes", [1, 2])
def test_open_streams_do_not_hold_up_a_stop(
    settings: Settings, world: World, started: SyncTask, tmp_path: Path, processes: int
) -> None:
    log = tmp_path / "api.log"
    with api_process(settings, log, processes=processes) as (process, base):
        with (
            httpx.stream("GET", f"http://{base}/{started.id}/events", trust_env=False, timeout=30) as events,
            connect(f"ws://{base}/{started.id}/ws", proxy=None) as websocket,
        ):
            websocket.recv()
            lines = events.iter_lines()
            assert any(line.startswith("data: ") for line in lines)
            began = time.monotonic()
            os.kill(process.pid, signal.SIGTERM)
            assert [line for line in lines if line.startswith("data: ")] == []
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(timeout=30)
            process.wait(30)
        assert time.monotonic() - began < 5
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    assert "Traceback" not in log.read_text(encoding="utf-8")
    assert "timeout graceful shutdown exceeded" not in log.read_text(encoding="utf-8")
