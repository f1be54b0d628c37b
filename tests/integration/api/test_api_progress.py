"""Live progress over Server-Sent Events and WebSocket, on real servers, with syncs that are really run."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from api.progress_hub import LINGER_SECONDS
from api.progress_reader import HEARTBEAT_SECONDS
from shared import clock
from shared.models import SyncTask
from shared.resources import Resources
from shared.services import knowledge_bases, sync_tasks
from shared.settings import Settings
from shared.states import RunStatus, Stage, TaskStatus
from tests.integration.sync_world import World, eventually, ref_of
from tests.integration.watching import LiveApi, Told, Watching, live_api

WATCHERS = 60
PROTOCOLS = ["sse", "websocket"]


def source(api: LiveApi, protocol: str, task_id: str, *, last: str | None = None) -> Callable[[], Iterator[Told]]:
    if protocol == "sse":
        return partial(api.over_sse, task_id, **({"Last-Event-ID": last} if last else {}))
    return partial(api.over_websocket, task_id, f"?last_event_id={last}" if last else "")


def watching(api: LiveApi, protocol: str, task_id: str, *, last: str | None = None) -> Watching:
    """Watch a task that has not ended, from before anything happens."""
    watched = Watching(source(api, protocol, task_id, last=last))
    eventually(lambda: bool(watched.tasks), what="no first event")
    return watched


def detail(api: LiveApi, task_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{api.base}/sync-tasks/{task_id}", trust_env=False)
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sync_is_told_to_its_end(api: LiveApi, world: World, started: SyncTask, protocol: str) -> None:
    watched = watching(api, protocol, started.id)
    world.finish(started.id)
    told = watched.result()

    last = detail(api, started.id)
    shown = last.pop("documents")
    assert told[-1].is_end
    assert told[-1].data == last
    assert [event.is_end for event in told].count(True) == 1
    newest = {document["document_id"]: document for document in watched.documents}
    assert [newest[document["document_id"]] for document in shown] == shown
    assert {document["status"] for document in shown} == {"completed", "failed"}
    percents = [task["progress"] for task in watched.tasks]
    assert percents == sorted(percents)


def test_a_task_is_told_as_its_detail_shows_it(api: LiveApi, world: World, started: SyncTask) -> None:
    first = next(api.over_sse(started.id))
    shown = detail(api, started.id)
    del shown["documents"]
    assert (first.name, list(first.data)) == ("task", list(shown))
    assert first.data == shown


def test_headers_keep_proxies_from_holding_events_back(api: LiveApi, started: SyncTask) -> None:
    with httpx.stream("GET", api.events_url(started.id), trust_env=False) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.headers["X-Request-ID"]
        assert "Content-Length" not in answer.headers
        assert next(answer.iter_lines()).startswith("retry: ")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_comes_back_is_sent_what_changed_meanwhile(
    api: LiveApi, world: World, started: SyncTask, resources: Resources, protocol: str
) -> None:
    first = world.runs(started)[0]
    hours_ago = clock.seconds_from_now(-7200)
    others = {"task_id": started.id, "_id": {"$ne": first.id}}
    resources.database["document_runs"].update_many(others, {"$set": {"created_at": hours_ago}})
    watched = watching(api, protocol, started.id)
    last = watched.told[-1].id
    assert last is not None
    world.run_until(ref_of(first), Stage.STORE)

    again = watching(api, protocol, started.id, last=last)
    eventually(lambda: again.documents[-1]["status"] == "completed", what="the change was not told")
    assert {document["document_id"] for document in again.documents} == {first.document_id}
    everything = watching(api, protocol, started.id, last="0")
    assert len({document["document_id"] for document in everything.documents}) == 3
    world.finish(started.id)
    for each in (watched, again, everything):
        assert each.result()[-1].is_end


def test_the_header_goes_before_the_query(api: LiveApi, world: World, started: SyncTask) -> None:
    """An EventSource connects again with the query of its first attempt."""
    world.finish(started.id)
    url = f"{api.events_url(started.id)}?last_event_id=0"
    with httpx.stream("GET", url, headers={"Last-Event-ID": "99999999999999"}, trust_env=False) as answer:
        assert "event: document" not in list(answer.iter_lines())
    with httpx.stream("GET", url, trust_env=False) as answer:
        assert list(answer.iter_lines()).count("event: document") == 3


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sync_that_has_ended_is_told_at_once(api: LiveApi, world: World, started: SyncTask, protocol: str) -> None:
    world.finish(started.id)
    [only] = source(api, protocol, started.id)()
    assert only.is_end
    assert only.id is not None
    assert only.id.endswith("-end")


def test_who_has_seen_the_end_is_told_to_stop(api: LiveApi, world: World, started: SyncTask) -> None:
    """204 is what keeps an EventSource from connecting again (HTML standard, 9.2.3)."""
    world.finish(started.id)
    [only] = api.over_sse(started.id)
    answer = httpx.get(api.events_url(started.id), headers={"Last-Event-ID": str(only.id)}, trust_env=False)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("task_id", "query", "refusal"),
    [("task-none", "", (404, "7001")), (None, "?last_event_id=x", (400, "1002"))],
    ids=["unknown task", "unknown event"],
)
def test_what_cannot_be_watched_is_refused(
    api: LiveApi, started: SyncTask, task_id: str | None, query: str, refusal: tuple[int, str]
) -> None:
    watched = task_id or started.id
    answer = httpx.get(f"{api.events_url(watched)}{query}", headers={"Accept-Language": "en"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == refusal
    assert set(answer.json()["error"]) == {"code", "message", "details", "request_id"}

    with connect(api.websocket_url(watched, query), proxy=None) as websocket:
        message = json.loads(websocket.recv())
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv()
    assert message["event"] == "failure"
    assert message["data"]["error"]["code"] == refusal[1]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4000 + refusal[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_cancel_is_told_when_its_documents_have_ended(
    api: LiveApi, world: World, started: SyncTask, resources: Resources, protocol: str
) -> None:
    first, *_ = world.runs(started)
    world.run_until(ref_of(first), Stage.STORE)
    watched = watching(api, protocol, started.id)
    sync_tasks.cancel(resources, started.id)
    told = watched.result()
    assert told[-1].is_end
    assert told[-1].data["status"] == "cancelled"
    assert told[-1].data["processed_documents"] == 1
    assert [document["status"] for document in watched.documents] == [RunStatus.CANCELLED] * 2


def test_the_end_is_withheld_while_a_commit_is_waited_for(
    api: LiveApi, world: World, started: SyncTask, resources: Resources
) -> None:
    """A cancel counts a document that is being committed as processed: nobody is told another number before."""
    watched = watching(api, "sse", started.id)
    resources.sync_tasks.end(started.id, TaskStatus.CANCELLED, at=clock.now())
    resources.progress.changed(started.id, ended=True)
    time.sleep(1.5)
    assert not watched.told[-1].is_end
    sync_tasks.settle_cancelled(resources, resources.sync_tasks.get(started.id))
    told = watched.result()
    assert [document["status"] for document in watched.documents] == ["cancelled"] * 3
    assert told[-1].data["status"] == "cancelled"


def test_a_retry_is_watched_like_any_sync(api: LiveApi, world: World, started: SyncTask) -> None:
    world.finish(started.id)
    retry = sync_tasks.retry_failed(world.resources, started.id).task
    watched = watching(api, "sse", retry.id)
    world.finish(retry.id)
    last = watched.result()[-1].data
    assert (last["status"], last["retry_of"]) == ("failed", started.id)


def test_removal_of_the_knowledge_base_ends_the_stream(api: LiveApi, world: World, started: SyncTask) -> None:
    """Its sync is cancelled first, and then gone: one of the two is told, whichever is seen."""
    both = [watching(api, protocol, started.id) for protocol in PROTOCOLS]
    knowledge_bases.delete(world.resources, started.kb_id)
    for watched in both:
        last = watched.result()[-1]
        assert last.is_end or (last.name, last.data["error"]["code"]) == ("failure", "7001")


def test_many_watchers_are_one_reader_and_all_see_the_end(api: LiveApi, world: World, started: SyncTask) -> None:
    before = api.hub.watchers
    watched = [watching(api, PROTOCOLS[number % 2], started.id) for number in range(WATCHERS)]
    assert api.hub.watchers == before + WATCHERS
    assert api.hub.readers_of(started.id) == 1
    world.finish(started.id)
    assert all(each.result()[-1].is_end for each in watched)
    eventually(lambda: api.hub.watchers == before, what="watchers are left")


def test_two_api_processes_tell_the_same(api: LiveApi, api_settings: Settings, world: World, started: SyncTask) -> None:
    with live_api(api_settings) as other:
        first = watching(api, "sse", started.id)
        [position] = [told.id for told in first.told if told.id][-1:]
        second = watching(other, "sse", started.id, last=position)
        world.finish(started.id)
        assert first.result()[-1].data == second.result()[-1].data


def test_clients_that_go_away_leave_nothing_behind(api: LiveApi, started: SyncTask) -> None:
    eventually(lambda: api.hub.watchers == 0, what="watchers of other tests")
    streams = [api.over_sse(started.id) for _ in range(5)] + [api.over_websocket(started.id) for _ in range(5)]
    for stream in streams:
        assert next(stream).name == "task"
    assert api.hub.watchers == 10
    metrics = httpx.get(f"{api.base.removesuffix('/api/v1')}/metrics", trust_env=False).text
    assert "kbsync_api_progress_streams 10.0" in metrics
    for stream in streams:
        stream.close()  # type: ignore[attr-defined]  # a generator
    eventually(lambda: api.hub.watchers == 0, what="watchers are left")
    assert api.hub.readers_of(started.id) == 1
    eventually(lambda: api.hub.readers_of(started.id) == 0, what="the reader is left", seconds=LINGER_SECONDS + 10)


def test_client_that_reads_nothing_costs_no_memory_and_holds_up_nobody(
    api: LiveApi, world: World, started: SyncTask, resources: Resources
) -> None:
    host, port = api.base.removeprefix("http://").partition("/")[0].split(":")
    with socket.create_connection((host, int(port))) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = api.events_url(started.id).partition(f":{port}")[2]
        silent.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        watched = watching(api, "sse", started.id)
        for number in range(30):
            step = {"$set": {"chunks_created": number, "filename": "x" * 20_000, "updated_at": clock.now()}}
            resources.database["document_runs"].update_many({"task_id": started.id}, step)
            resources.progress.changed(started.id)
            time.sleep(0.1)
        world.finish(started.id)
        assert watched.result()[-1].is_end
    eventually(lambda: api.hub.watchers == 0, what="the silent watcher is left")


def test_a_stream_in_which_nothing_happens_is_kept_alive(api: LiveApi, started: SyncTask) -> None:
    with httpx.stream("GET", api.events_url(started.id), timeout=2 * HEARTBEAT_SECONDS, trust_env=False) as answer:
        lines = answer.iter_lines()
        assert any(line.startswith(":") for line in lines)
