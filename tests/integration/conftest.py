"""Real servers for the integration tests: one mongod and one redis-server for the whole run."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis import Redis

from shared.embedded import mongod, redis_server
from shared.embedded.child import Child, Command, stop_together
from shared.embedded.health import redis_answers, wait_until
from shared.embedded.ports import free_port


@contextmanager
def _running(command: Command, *, log: Path) -> Iterator[None]:
    child = Child(command, log=log)
    child.start()
    try:
        yield
    finally:
        stop_together([child])


@pytest.fixture(scope="session")
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a MongoDB replica set: our own server, or the one that KBSYNC_TEST_MONGODB_URL names."""
    if given := os.environ.get("KBSYNC_TEST_MONGODB_URL"):
        yield given
        return
    directory, port = tmp_path_factory.mktemp("mongodb"), free_port()
    with _running(mongod.mongod_command(port=port, directory=directory), log=directory / "mongod.log"):
        wait_until(lambda: mongod.make_primary(port), seconds=60, what="mongod did not become primary")
        yield mongod.mongodb_url(port)


@pytest.fixture(scope="session")
def redis_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Redis server that is shared by the tests: our own, or the one that KBSYNC_TEST_REDIS_URL names."""
    if given := os.environ.get("KBSYNC_TEST_REDIS_URL"):
        yield given
        return
    directory, port = tmp_path_factory.mktemp("redis"), free_port()
    with _running(redis_server.redis_command(port=port, directory=directory), log=directory / "redis.log"):
        url = redis_server.redis_url(port)
        wait_until(lambda: redis_answers(url), seconds=30, what="redis-server did not answer")
        yield url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """URL of a Redis server that is empty when the test begins."""
    with Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture
def database_name(mongodb_url: str) -> Iterator[str]:
    """Name of a MongoDB database that is this test's own and is dropped after it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    with MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)
