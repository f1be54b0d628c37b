"""What Flower shows, and a worker that is added by hand."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.stack.conftest import ROOT, FirstSync
from tests.integration.stack.service import Service, eventually, long_document

STAGES = {f"document.{stage}" for stage in ("download", "convert", "images", "chunk", "embed", "store")}


def succeeded(service: Service, worker: str) -> set[str]:
    """Return the names of the tasks that a worker has finished."""
    tasks = service.flower("/api/tasks", workername=worker, state="SUCCESS")
    return {task["name"] for task in tasks.values()}


@contextmanager
def added_worker(service: Service, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start one more worker as an operator does; it knows the servers and the directory, and nothing else."""
    environment = {
        "PATH": os.environ["PATH"],
        "KBSYNC_MONGODB_URL": service.mongodb_url,
        "KBSYNC_REDIS_URL": service.redis_url,
        "KBSYNC_DATA_DIR": str(service.data_dir),
    }
    celery = str(Path(sys.executable).with_name("celery"))
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [celery, "-A", "worker.app", "worker", "-Q", "cpu,embed,io", "-c", "1"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait(60)


def test_flower_shows_every_worker_and_every_stage_by_name(service: Service, first_sync: FirstSync) -> None:
    queues = {
        name.partition("-")[0]: {queue["name"] for queue in worker["active_queues"]}
        for name, worker in service.flower("/api/workers", refresh="1").items()
    }
    assert queues == {"control": {"control", "io"}, "cpu": {"cpu"}, "embed": {"embed"}}
    tasks = service.flower("/api/tasks", state="SUCCESS").values()
    of_the_sync = {task["name"] for task in tasks if first_sync.task["id"] in task["args"]}
    assert of_the_sync >= STAGES | {"sync.start"}


def test_worker_that_is_added_takes_work_and_stops_when_it_is_asked(service: Service, tmp_path: Path) -> None:
    log, name = tmp_path / "worker.log", f"celery@{socket.gethostname()}"
    with added_worker(service, log) as worker:
        eventually(lambda: service.flower("/api/workers", status="1").get(name) is True, "the worker did not appear")
        for attempt in range(5):  # the stack's own workers may be faster once, but not always
            names = [f"added-{attempt}-{number}.pdf" for number in range(6)]
            files = {name: long_document(tmp_path / name, pages=2) for name in names}
            kb_id, _ = service.knowledge_base(f"Added worker {attempt}", files)
            assert service.ended(service.start(kb_id))["status"] == "completed"
            if succeeded(service, name):
                break
        else:
            pytest.fail(f"the worker took nothing:\n{log.read_text()}")
        worker.terminate()
        assert worker.wait(60) == 0
    assert succeeded(service, name) <= STAGES
    assert '"level": "ERROR"' not in log.read_text()
    health = service.session.get(f"{service.api_url}/health", timeout=30).json()
    assert health["status"] == "healthy"
