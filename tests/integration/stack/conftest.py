"""The whole service, once for all tests of this directory: every process as in production, nothing stands in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from examples.sample_documents import DOCUMENTS
from shared.embedded.child import LEASH
from shared.embedded.command import STOP_SECONDS
from shared.embedded.errors import log_tail
from shared.embedded.ports import free_port, is_free
from shared.embedded.state import Phase, StackState, live_state
from tests.integration.stack.service import Service, eventually

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class FirstSync:
    """The sample documents after their first sync, and everything that was seen of it by polling."""

    kb_id: str
    files: dict[str, bytes]
    document_ids: dict[str, str]
    created: Any
    states: list[Any]

    @property
    def task(self) -> Any:
        return self.states[-1]

    @property
    def completed_ids(self) -> list[str]:
        return [run["document_id"] for run in self.task["documents"] if run["status"] == "completed"]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running stack of our own servers and processes; afterwards nothing of it may be left."""
    directory = tmp_path_factory.mktemp("stack")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KBSYNC_")} | {
        "DATA_DIR": str(directory / "data"),
        "API_PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
    }
    log = directory / "supervisor.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", LEASH, str(os.getpid()), sys.executable, "-m", "shared.embedded", "run"],
            cwd=directory,  # where no .env of a developer lies
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        state = _healthy(supervisor, directory / "data" / "run" / "stack.json", log)
        with requests.Session() as session:
            session.trust_env = False  # a proxy has no business on loopback
            yield Service(
                api_url=state.api_url,
                flower_url=state.flower_url,
                mongodb_url=state.mongodb_url,
                redis_url=state.redis_url,
                data_dir=directory / "data",
                session=session,
            )
    finally:
        processes = psutil.Process(supervisor.pid).children(recursive=True)
        supervisor.terminate()
        supervisor.wait(STOP_SECONDS)
    assert not [process for process in processes if process.is_running()], "processes are left"
    assert is_free(int(environment["API_PORT"]))
    assert is_free(int(environment["FLOWER_PORT"]))


def _healthy(supervisor: subprocess.Popen[bytes], state_file: Path, log: Path) -> StackState:
    def is_settled() -> bool:
        state = live_state(state_file)
        return supervisor.poll() is not None or (state is not None and state.phase is Phase.RUNNING)

    eventually(is_settled, "the stack did not start")
    state = live_state(state_file)
    assert state is not None, log_tail(log)
    return state


@pytest.fixture(scope="session")
def first_sync(service: Service) -> FirstSync:
    """The sample documents (text, table, picture, Chinese, two columns, damaged, encrypted), synced once."""
    files = {filename: make() for filename, make in DOCUMENTS.items()}
    kb_id, document_ids = service.knowledge_base("First sync", files)
    body = {"task_type": "full_sync", "document_ids": []}
    created = service.read("POST", f"/knowledge-bases/{kb_id}/sync", json=body)
    return FirstSync(
        kb_id=kb_id,
        files=files,
        document_ids=document_ids,
        created=created,
        states=list(service.follow(created["task_id"])),
    )
