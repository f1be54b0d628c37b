"""Cold start: `make up` until it is healthy, the API until it answers, a worker until it has done a task."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import requests
from redis import Redis

from benchmarks.speed.figures import Figure, figure
from benchmarks.speed.machine import ROOT
from benchmarks.stack import running_stack
from shared.embedded.ports import free_port
from shared.embedded.processes import LEAN
from shared.embedded.state import StackState
from shared.queue import TaskName, celery_app
from shared.settings import Settings

PART = "cold start"
QUEUE = "benchmark"
LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.02


def measure(*, repeats: int) -> list[Figure]:
    stack = [_up_and_down() for _ in range(repeats)]
    with running_stack() as state:
        api = [_api(state) for _ in range(repeats)]
        worker = [_worker(state) for _ in range(repeats)]
    return [
        figure(PART, "make up, empty directory, until healthy", "s", stack),
        figure(PART, "API process until it answers /livez", "s", api),
        figure(PART, "worker process until its first task is done", "s", worker),
    ]


def _up_and_down() -> float:
    with TemporaryDirectory(prefix="kbsync-cold-") as directory:
        places = {"DATA_DIR": directory, "API_PORT": str(free_port()), "FLOWER_PORT": str(free_port())}
        began = time.perf_counter()
        try:
            _make("up", places)
            return time.perf_counter() - began
        finally:
            _make("down", places)


def _make(target: str, places: dict[str, str]) -> None:
    command = ["make", "-C", str(ROOT), target, *(f"{name}={value}" for name, value in places.items())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | places)


def _api(state: StackState) -> float:
    port = free_port()
    with _process(state, "-m", "api", KBSYNC_API_PORT=str(port)) as began:
        _await(lambda: _answers(f"http://127.0.0.1:{port}/livez"))
        return time.perf_counter() - began


def _worker(state: StackState) -> float:
    """Leave a task in a queue of its own, and wait until it was taken and acknowledged."""
    settings = Settings(redis_url=state.redis_url)
    app, redis = celery_app(settings), Redis.from_url(state.redis_url)
    try:
        app.send_task(str(TaskName.OPTIMIZE), args=("kb-00000000-0000-0000-0000-000000000000",), queue=QUEUE)
        assert redis.llen(QUEUE) == 1
        arguments = ("-m", "celery", "-A", "worker.app", "worker", "-Q", QUEUE, "-n", f"{QUEUE}@%h", "-c", "1", *LEAN)
        with _process(state, *arguments) as began:
            _await(lambda: redis.llen(QUEUE) == 0)
            time.sleep(POLL_SECONDS)  # between the queue and the unacknowledged, a message is in neither
            _await(lambda: redis.hlen("unacked") == 0)
            return time.perf_counter() - began
    finally:
        redis.close()
        app.close()


@contextmanager
def _process(state: StackState, *arguments: str, **environment: str) -> Iterator[float]:
    """Run a process of the service beside those of the stack; yields when it began."""
    servers = {"KBSYNC_MONGODB_URL": state.mongodb_url, "KBSYNC_REDIS_URL": state.redis_url}
    with TemporaryDirectory(prefix="kbsync-cold-") as directory:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | servers | {"KBSYNC_DATA_DIR": directory} | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield began
        finally:
            process.terminate()
            process.wait(30)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not started within {LIMIT_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
