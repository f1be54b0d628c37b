"""A MongoDB and a Redis that a test may stop and hang as it likes."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.embedded import mongod, redis_server
from shared.embedded.child import Child, stop_together
from shared.embedded.health import redis_answers, wait_until
from shared.embedded.ports import free_port

START_SECONDS = 60.0


@dataclass(frozen=True)
class Servers:
    """Two servers, by the name that the API gives them: `mongodb` and `redis`."""

    children: dict[str, Child]
    mongodb_port: int
    redis_port: int

    @property
    def mongodb_url(self) -> str:
        return mongod.mongodb_url(self.mongodb_port)

    @property
    def redis_url(self) -> str:
        return redis_server.redis_url(self.redis_port)

    @contextmanager
    def away(self, name: str, *, hung: bool) -> Iterator[None]:
        """Kill a server, or let it hang, and bring it back after."""
        child = self.children[name]
        if hung:
            os.kill(child.pid, signal.SIGSTOP)
        else:
            child.finish(seconds=0)
        try:
            yield
        finally:
            if hung:
                os.kill(child.pid, signal.SIGCONT)
            else:
                child.start()
                self.await_ready()

    def await_ready(self) -> None:
        wait_until(lambda: mongod.make_primary(self.mongodb_port), seconds=START_SECONDS, what="no primary")
        wait_until(lambda: redis_answers(self.redis_url), seconds=START_SECONDS, what="Redis did not answer")


@contextmanager
def running_servers(directory: Path) -> Iterator[Servers]:
    """Run both, each on a port of its own, and stop them after."""
    mongodb_port, redis_port = free_port(), free_port()
    commands = {
        "mongodb": mongod.mongod_command(port=mongodb_port, directory=directory / "mongodb"),
        "redis": redis_server.redis_command(port=redis_port, directory=directory / "redis"),
    }
    children = {name: Child(command, log=directory / f"{name}.log") for name, command in commands.items()}
    servers = Servers(children, mongodb_port, redis_port)
    for child in children.values():
        child.start()
    try:
        servers.await_ready()
        yield servers
    finally:
        stop_together(list(children.values()))
