"""Everything that can be killed: mongod, redis-server, the API, the workers and beat, each on its own port."""

import contextlib
import os
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from shared.embedded import mongod, redis_server
from shared.embedded.child import Child, Command, kill_group, stop_together
from shared.embedded.health import redis_answers, wait_until
from shared.embedded.ports import LOOPBACK, free_port
from shared.settings import Settings
from tests.chaos.environment import CHAOS_DIRECTORY, VISIBILITY_TIMEOUT

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60.0
LEAN = ("--without-gossip", "--without-mingle")


@dataclass(frozen=True)
class Pace:
    """How fast leases, rounds of repair and redeliveries go: short, so that much happens in a minute."""

    lease_seconds: float = 4.0
    reconcile_seconds: float = 2.0
    queue_wait_seconds: float = 3.0
    kb_lock_seconds: float = 10.0
    visibility_seconds: float = 45.0


@dataclass(frozen=True)
class WorkerGroup:
    name: str
    queues: str
    processes: int


MANY_WORKERS = (
    WorkerGroup("worker-control", "control,io", 2),
    WorkerGroup("worker-cpu", "cpu", 2),
    WorkerGroup("worker-embed", "embed", 1),
    WorkerGroup("worker-all", "control,io,cpu,embed", 1),
)
FEW_WORKERS = (
    WorkerGroup("worker-one", "control,io,cpu,embed", 1),
    WorkerGroup("worker-two", "control,io,cpu,embed", 1),
)

MONGOD, REDIS, API, BEAT = "mongod", "redis", "api", "beat"


class Cluster:
    """The processes of one run. Starts and stops are called from the main thread, to which the children are tied."""

    def __init__(self, directory: Path, *, pace: Pace, workers: tuple[WorkerGroup, ...]) -> None:
        self.directory = directory
        self.workers = tuple(worker.name for worker in workers)
        self._mongod_port, self._redis_port, self._api_port = free_port(), free_port(), free_port()
        self.settings = _settings(
            directory, pace, mongod.mongodb_url(self._mongod_port), redis_server.redis_url(self._redis_port)
        )
        self.api_url = f"http://{LOOPBACK}:{self._api_port}/api/v1"
        self._children = {
            command.name: Child(command, log=directory / "logs" / f"{command.name}.log")
            for command in self._commands(pace, workers)
        }

    def _commands(self, pace: Pace, workers: tuple[WorkerGroup, ...]) -> list[Command]:
        servers = [
            mongod.mongod_command(port=self._mongod_port, directory=self.directory / MONGOD),
            redis_server.redis_command(port=self._redis_port, directory=self.directory / REDIS),
        ]
        given = self.settings.model_dump(exclude_none=True)
        environment = {
            **{f"KBSYNC_{name.upper()}": str(value) for name, value in given.items()},
            "KBSYNC_API_PORT": str(self._api_port),
            CHAOS_DIRECTORY: str(self.directory),
            VISIBILITY_TIMEOUT: str(pace.visibility_seconds),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
        }
        schedule = str(self.directory / "beat-schedule")
        commands = {
            API: ("-m", "tests.chaos.api_process"),
            BEAT: ("-m", "celery", "-A", "worker.app", "beat", "-s", schedule),
        }
        for worker in workers:
            celery = ("-m", "celery", "-A", "tests.chaos.worker_app", "worker", "-n", f"{worker.name}@%h")
            commands[worker.name] = (*celery, "-Q", worker.queues, "-c", str(worker.processes), *LEAN)
        return servers + [
            Command(name, (sys.executable, *arguments), environment, grace_seconds=20.0)
            for name, arguments in commands.items()
        ]

    @property
    def services(self) -> tuple[str, ...]:
        return (API, BEAT, *self.workers)

    def start(self) -> None:
        """Start the servers, then the rest, and wait until the API answers."""
        for name in (MONGOD, REDIS):
            self._children[name].start()
        self.await_servers()
        for name in self.services:
            self._children[name].start()
        wait_until(self._api_listens, seconds=START_SECONDS, what=f"the API did not answer, see {self.directory}/logs")

    def stop(self) -> None:
        for name in self.services:
            self.resume(name)
        stop_together([self._children[name] for name in self.services])
        stop_together([self._children[name] for name in (MONGOD, REDIS)])

    def await_servers(self) -> None:
        wait_until(
            lambda: mongod.make_primary(self._mongod_port), seconds=START_SECONDS, what="mongod did not become primary"
        )
        wait_until(
            lambda: redis_answers(self.settings.redis_url), seconds=START_SECONDS, what="redis-server did not answer"
        )

    def kill(self, name: str) -> None:
        """SIGKILL a process and all that is in its group."""
        self._children[name].finish(seconds=0)

    def kill_parent(self, name: str) -> None:
        """SIGKILL a process and leave its children to themselves."""
        if self._children[name].is_alive:
            os.kill(self._children[name].pid, signal.SIGKILL)

    def terminate(self, name: str) -> None:
        """SIGTERM, as a deploy sends it."""
        self._children[name].terminate()

    def is_alive(self, name: str) -> bool:
        return self._children[name].is_alive

    def revive(self, name: str, *, empty: bool = False) -> None:
        """Start a process that does not run; `empty` takes a server its data."""
        child = self._children[name]
        if child.is_alive:
            return
        child.finish(seconds=0)
        if empty:
            shutil.rmtree(self.directory / name)
            (self.directory / name).mkdir()
        child.start()

    def revive_all(self) -> None:
        for name in self._children:
            self.resume(name)
            self.revive(name)

    def pool_of(self, worker: str) -> list[psutil.Process]:
        """The processes of a worker that carry out tasks."""
        if not self._children[worker].is_alive:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self._children[worker].pid).children()
            return sorted(family, key=lambda process: process.pid)
        return []

    def pause(self, name: str) -> None:
        if self._children[name].is_alive:
            kill_group(self._children[name].pid, sent=signal.SIGSTOP)

    def resume(self, name: str) -> None:
        if self._children[name].is_alive:
            kill_group(self._children[name].pid, sent=signal.SIGCONT)

    def _api_listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self._api_port), timeout=1.0):
            return True
        return False


def _settings(directory: Path, pace: Pace, mongodb_url: str, redis_url: str) -> Settings:
    return Settings.model_validate(
        {
            "mongodb_url": mongodb_url,
            "redis_url": redis_url,
            "mongodb_database": "chaos",
            "data_dir": directory / "data",
            "embedding_provider": "hashing",
            "embedding_model": "words-64",
            "embedding_batch_chunks": 4,
            "ocr_engine": "ink",
            "image_batch_pictures": 2,
            "lease_seconds": pace.lease_seconds,
            "reconcile_seconds": pace.reconcile_seconds,
            "queue_wait_seconds": pace.queue_wait_seconds,
            "kb_lock_seconds": pace.kb_lock_seconds,
            "dispatch_window": 10,  # a sync of all 16 documents of a tenant travels in bundles, a smaller one does not
            "bundle_documents": 4,
        }
    )
