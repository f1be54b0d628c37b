"""Flower as we start it: nobody without the password, and nothing to press."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from shared.embedded.health import http_answers, wait_until
from shared.embedded.ports import free_port

PASSWORD = "correct-horse-battery"
READ = ("/", "/tasks", "/broker", "/api/workers", "/api/tasks", "/api/queues/length", "/metrics")
PRESSED = (
    "/api/worker/shutdown/w",
    "/api/worker/pool/restart/w",
    "/api/worker/pool/grow/w",
    "/api/worker/pool/shrink/w",
    "/api/worker/pool/autoscale/w",
    "/api/worker/queue/add-consumer/w",
    "/api/worker/queue/cancel-consumer/w",
    "/api/task/apply/t",
    "/api/task/async-apply/t",
    "/api/task/send-task/t",
    "/api/task/abort/t",
    "/api/task/timeout/t",
    "/api/task/rate-limit/t",
    "/api/task/revoke/t",
)


@pytest.fixture(scope="module", params=["password", "open"])
def flower(
    request: pytest.FixtureRequest, redis_server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, bool]]:
    """A Flower on loopback, with a password and without; its URL, and whether it has one."""
    directory, port = tmp_path_factory.mktemp("flower"), free_port()
    guarded = request.param == "password"
    # What would open it is passed over.
    environment = {**os.environ, "KBSYNC_REDIS_URL": redis_server_url, "FLOWER_READ_ONLY": "false"}
    if guarded:
        environment |= {"KBSYNC_FLOWER_BASIC_AUTH": f"ops:{PASSWORD}", "FLOWER_UNAUTHENTICATED_API": "true"}
    log = directory / "flower.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.flower", f"--port={port}", "--db=flower"],
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: http_answers(f"{url}/healthcheck"), seconds=120, what="Flower did not start")
            yield url, guarded
        finally:
            process.terminate()
            process.wait(30)
    assert PASSWORD not in Path(log).read_text()


def test_reading_needs_the_password(flower: tuple[str, bool]) -> None:
    url, guarded = flower
    for path in READ:
        assert requests.get(f"{url}{path}", timeout=60).status_code == (401 if guarded else 200), path
        assert requests.get(f"{url}{path}", auth=("ops", "wrong"), timeout=60).status_code == (401 if guarded else 200)
        assert requests.get(f"{url}{path}", auth=("ops", PASSWORD), timeout=60).status_code == 200


def test_nothing_can_be_pressed(flower: tuple[str, bool]) -> None:
    url, guarded = flower
    for path in PRESSED:
        refused = requests.post(f"{url}{path}", auth=("ops", PASSWORD), data={"workername": "w"}, timeout=60)
        assert (refused.status_code, refused.text) == (403, "Read only mode is enabled"), path
        assert requests.post(f"{url}{path}", timeout=60).status_code == (401 if guarded else 403)


def test_the_list_of_what_can_be_pressed_is_whole() -> None:
    from flower.urls import handlers
    from tornado.web import RequestHandler

    def takes_posts(handler: type[RequestHandler]) -> bool:
        return handler.post is not RequestHandler.post

    patterns = [each if isinstance(each, tuple) else (each.regex.pattern, each.handler_class) for each in handlers]
    pressed = {path.removesuffix("$").removesuffix("/(.+)") for path, handler, *_ in patterns if takes_posts(handler)}
    assert pressed - {"/tasks/datatable", ".*"} == {path.rpartition("/")[0] for path in PRESSED}
