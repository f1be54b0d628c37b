"""Word of changes over a real Redis, which is killed and hung."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from shared import redis_client
from shared.progress_channel import CHANNEL, QUIET_SECONDS, SILENCE_SECONDS, ProgressPublisher, listen
from tests.integration.servers_of_their_own import Servers, running_servers
from tests.integration.sync_world import eventually

HANG_NOTICED_SECONDS = 2 * SILENCE_SECONDS + 5


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def publisher(servers: Servers) -> Iterator[ProgressPublisher]:
    client = redis_client.connect(servers.redis_url, timeout_seconds=30.0)
    opened = ProgressPublisher(client)
    yield opened
    opened.close()
    client.close()


class Ear:
    """Hears in a thread, as an API process does in its event loop."""

    def __init__(self, url: str) -> None:
        self.heard: list[str] = []
        self.connections = 0
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self.connections > 0, what="not connected")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(
            listen(self._url, heard=self.heard.append, connected=self._count_connection)
        )
        self._loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))
        self._loop.close()

    def _count_connection(self) -> None:
        self.connections += 1


@contextmanager
def ear_on(servers: Servers) -> Iterator[Ear]:
    ear = Ear(servers.redis_url)
    ear.start()
    try:
        yield ear
    finally:
        ear.stop()


def test_changes_are_told_seldom_and_the_end_always(servers: Servers, publisher: ProgressPublisher) -> None:
    with ear_on(servers) as ear:
        began = time.monotonic()
        for number in range(2000):
            publisher.changed(f"task-{number % 2}")
            time.sleep(0.0005)
        seconds = time.monotonic() - began
        heard_before = len(ear.heard)
        publisher.changed("task-0", ended=True)
        publisher.changed("task-0")
        time.sleep(4 * QUIET_SECONDS)
        most = 2 * (seconds / QUIET_SECONDS + 2) + 1
        assert {"task-0", "task-1"} == set(ear.heard)
        assert len(ear.heard) <= most
        assert "task-0" in ear.heard[heard_before:]


def test_many_processes_tell_no_more_than_one(servers: Servers) -> None:
    clients = [redis_client.connect(servers.redis_url, timeout_seconds=5.0) for _ in range(10)]
    publishers = [ProgressPublisher(client) for client in clients]
    with ear_on(servers) as ear:
        began = time.monotonic()
        while time.monotonic() - began < 1.0:
            for publisher in publishers:
                publisher.changed("task-many")
            time.sleep(0.01)
        time.sleep(2 * QUIET_SECONDS)
        assert 1 <= len(ear.heard) <= (1.0 + 2 * QUIET_SECONDS) / QUIET_SECONDS + 2
    for publisher, client in zip(publishers, clients, strict=True):
        publisher.close()
        client.close()


@pytest.mark.parametrize("hung", [False, True], ids=["killed", "hung"])
def test_telling_costs_nothing_while_redis_is_away(servers: Servers, publisher: ProgressPublisher, hung: bool) -> None:
    with servers.away("redis", hung=hung):
        began = time.monotonic()
        for number in range(1000):
            publisher.changed(f"task-{number}")
        assert time.monotonic() - began < 0.5
        closing = time.monotonic()
        ProgressPublisher(redis_client.connect(servers.redis_url, timeout_seconds=30.0)).close()
        assert time.monotonic() - closing < 0.5


@pytest.mark.parametrize("hung", [False, True], ids=["killed", "hung"])
def test_who_listens_hears_again_when_redis_is_back(servers: Servers, publisher: ProgressPublisher, hung: bool) -> None:
    with ear_on(servers) as ear:
        with servers.away("redis", hung=hung):
            time.sleep(HANG_NOTICED_SECONDS if hung else 2.0)
        eventually(lambda: ear.connections == 2, what="not connected again", seconds=30)
        ear.heard.clear()
        publisher.changed("task-after", ended=True)
        eventually(lambda: "task-after" in ear.heard, what="nothing heard", seconds=10)


def test_silence_is_no_loss(servers: Servers) -> None:
    with ear_on(servers) as ear:
        time.sleep(2.5 * SILENCE_SECONDS)
        assert ear.connections == 1
        with Redis.from_url(servers.redis_url) as client:
            client.publish(CHANNEL, "task-late")
        eventually(lambda: ear.heard == ["task-late"], what="nothing heard")


def test_closing_sends_what_was_noted(servers: Servers) -> None:
    with ear_on(servers) as ear:
        client = redis_client.connect(servers.redis_url, timeout_seconds=5.0)
        publisher = ProgressPublisher(client)
        publisher.changed("task-first")
        publisher.changed("task-last", ended=True)
        publisher.close()
        client.close()
        eventually(lambda: "task-last" in ear.heard, what="lost at the end", seconds=5)
