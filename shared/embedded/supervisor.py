"""Start the stack in order, keep every process of it alive, stop it in reverse order and leave nothing behind."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence

from shared.embedded import health, mongod, redis_server
from shared.embedded.child import Child, Command, started_at, stop_together
from shared.embedded.errors import NotHealthy, StackError
from shared.embedded.guardian import Guardian
from shared.embedded.ports import free_port, require_free
from shared.embedded.processes import SERVICES, ServiceProcess, service_command
from shared.embedded.stack import Stack
from shared.embedded.state import Phase, ProcessRecord, StackState, clear_leftovers, exclusive, write_state

START_SECONDS = 90.0
WATCH_SECONDS = 0.3
STARTS_BEFORE_GIVING_UP = 3  # while starting; later a process is started again for ever


class StopRequested(Exception):
    """Somebody asked the stack to stop while it was starting"""


class Supervisor:
    """Runs one stack in this process until it is told to stop."""

    def __init__(self, stack: Stack, *, services: Sequence[ServiceProcess] = SERVICES) -> None:
        self._stack = stack
        self._services = services
        self._servers: list[Child] = []
        self._children: list[Child] = []
        self._guardian: Guardian | None = None
        self._phase = Phase.STARTING
        self._mongodb_url = stack.mongodb_url or ""
        self._redis_url = stack.redis_url or ""
        self._stop_requested = False

    def run(self) -> None:
        """Run the stack until SIGTERM, SIGINT or SIGHUP.

        Raises:
            StackError: it did not start; everything that had started is stopped again.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._request_stop())
        with exclusive(self._stack.lock_file, state_file=self._stack.state_file) as lock:
            clear_leftovers(self._stack.state_file, data_dir=self._stack.data_dir)
            failure = ""
            try:
                self._start(lock)
                self._watch()
            except StopRequested:
                pass
            except StackError as error:
                failure = str(error)
                raise
            finally:
                self._stop(failure)

    def _request_stop(self) -> None:
        self._stop_requested = True

    def _start(self, lock: int) -> None:
        stack = self._stack
        require_free(stack.api_port, variable="API_PORT", host=stack.api_host)
        require_free(stack.flower_port, variable="FLOWER_PORT")
        self._guardian = Guardian(lock)
        self._record()
        deadline = time.monotonic() + START_SECONDS
        self._start_servers(deadline)
        for service in self._services:
            self._launch(
                service_command(service, stack=stack, mongodb_url=self._mongodb_url, redis_url=self._redis_url)
            )
        self._record()
        self._await("api", self._service_answers, deadline)
        self._await("flower", lambda: health.http_answers(f"{stack.flower_url}/healthcheck"), deadline)
        self._phase = Phase.RUNNING
        self._record()
        _say(f"healthy: API {stack.api_url}, Flower {stack.flower_url}")

    def _start_servers(self, deadline: float) -> None:
        mongodb_port = redis_port = None
        if not self._mongodb_url:
            mongodb_port = free_port()
            self._mongodb_url = mongod.mongodb_url(mongodb_port)
            directory = self._stack.data_dir / "mongodb"
            self._launch(mongod.mongod_command(port=mongodb_port, directory=directory), server=True)
        if not self._redis_url:
            redis_port = free_port()
            self._redis_url = redis_server.redis_url(redis_port)
            directory = self._stack.data_dir / "redis"
            self._launch(redis_server.redis_command(port=redis_port, directory=directory), server=True)
        self._record()
        self._await("mongod", lambda: self._mongodb_is_ready(mongodb_port), deadline)
        self._await("redis", lambda: health.redis_answers(self._redis_url), deadline)

    def _service_answers(self) -> bool:
        return health.service_answers(self._stack.api_url, self._redis_url, keys_required=self._stack.keys_required)

    def _mongodb_is_ready(self, own_port: int | None) -> bool:
        return health.mongodb_answers(self._mongodb_url) if own_port is None else mongod.make_primary(own_port)

    def _launch(self, command: Command, *, server: bool = False) -> None:
        child = Child(command, log=self._stack.log_of(command.name))
        (self._servers if server else self._children).append(child)
        child.start()
        self._guard(child)

    def _await(self, name: str, condition: Callable[[], bool], deadline: float) -> None:
        while not condition():
            self._tend()
            if self._stop_requested:
                raise StopRequested
            for child in self._all:
                if child.restarts >= STARTS_BEFORE_GIVING_UP:
                    raise NotHealthy(f"{child.command.name} ends as soon as it starts", log=child.log)
            if time.monotonic() > deadline:
                log = self._stack.log_of(name)
                raise NotHealthy(f"{name} is not healthy after {START_SECONDS:.0f} seconds", log=log)
            time.sleep(0.1)

    def _watch(self) -> None:
        while not self._stop_requested:
            self._tend()
            time.sleep(WATCH_SECONDS)

    def _tend(self) -> None:
        for child in self._all:
            if child.is_started:
                group = child.pid
                code = child.notice_end()
                if code is None:
                    continue
                _say(f"{child.command.name} ended with code {code}, starting it again")
                if self._guardian is not None:
                    self._guardian.discard(group)
            elif child.start_when_due():
                self._guard(child)
            else:
                continue
            self._record()

    def _guard(self, child: Child) -> None:
        if self._guardian is not None:
            self._guardian.add(child.pid)

    def _stop(self, failure: str) -> None:
        self._phase = Phase.STOPPING
        self._record()
        stop_together(self._children)
        stop_together(self._servers)
        if self._guardian is not None:
            self._guardian.close()
        self._phase = Phase.FAILED
        if failure:
            self._record(failure=failure)
        else:
            self._stack.state_file.unlink(missing_ok=True)
        _say("stopped")

    @property
    def _all(self) -> list[Child]:
        return self._servers + self._children

    def _record(self, failure: str = "") -> None:
        state = StackState(
            phase=self._phase,
            supervisor=ProcessRecord(name="supervisor", pid=os.getpid(), started_at=started_at(os.getpid()) or 0),
            api_url=self._stack.api_url,
            flower_url=self._stack.flower_url,
            mongodb_url=self._mongodb_url,
            redis_url=self._redis_url,
            keys_required=self._stack.keys_required,
            processes=tuple(_record_of(child) for child in self._all if child.is_alive),
            failure=failure,
        )
        write_state(self._stack.state_file, state)


def _record_of(child: Child) -> ProcessRecord:
    return ProcessRecord(
        name=child.command.name, pid=child.pid, started_at=started_at(child.pid) or 0, restarts=child.restarts
    )


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line, flush=True)
