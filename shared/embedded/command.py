"""The commands `up`, `down`, `status` and `run`."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from shared.embedded import health
from shared.embedded.errors import StackError, log_tail
from shared.embedded.processes import SERVICES, ServiceProcess
from shared.embedded.stack import Stack, read_stack
from shared.embedded.state import Phase, ProcessRecord, StackState, clear_leftovers, is_locked, live_state, read_state
from shared.embedded.supervisor import START_SECONDS, Supervisor

STOP_SECONDS = 75.0  # more than the graces of the service's processes and of the servers together
GONE_SECONDS = 5.0
PROGRAM = (sys.executable, "-m", "shared.embedded")


def main(
    arguments: Sequence[str], *, services: Sequence[ServiceProcess] = SERVICES, program: Sequence[str] = PROGRAM
) -> int:
    """Carry out one command and return the exit code; `program` is how the background process is started."""
    parser = argparse.ArgumentParser(prog="python -m shared.embedded", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "run"))
    command = parser.parse_args(arguments).command
    try:
        stack = read_stack()
        match command:
            case "up":
                return up(stack, program=program)
            case "down":
                return down(stack)
            case "status":
                return status(stack)
            case _:
                return run(stack, services=services)
    except StackError as error:
        print(f"kbsync: {error}", file=sys.stderr)
        return 1


def up(stack: Stack, *, program: Sequence[str]) -> int:
    """Start the stack in the background and return when it is healthy; one that runs already is left as it is."""
    state = live_state(stack.state_file)
    if state is not None and state.phase is Phase.RUNNING:
        print(f"already running: API {state.api_url}, Flower {state.flower_url}")
        return 0
    if state is not None and state.phase is Phase.STOPPING:
        _await_end(stack)
        state = None
    began = time.monotonic()
    supervisor = None if state is not None else _spawn(stack, program=program)
    try:
        state = _await_health(stack, supervisor)
    except KeyboardInterrupt:
        down(stack)
        return 130
    print(f"healthy after {time.monotonic() - began:.1f} s")
    _print_places(stack, state)
    return 0


def down(stack: Stack) -> int:
    """Stop the stack, and clear what one that was killed has left; without a stack nothing is done."""
    state = live_state(stack.state_file)
    if state is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.supervisor.pid, signal.SIGTERM)
    _await_end(stack)
    if state is not None:
        _await_gone((state.supervisor, *state.processes))
    clear_leftovers(stack.state_file, data_dir=stack.data_dir)
    print("stopped" if state is not None else f"nothing runs in {stack.data_dir}")
    return 0


def status(stack: Stack) -> int:
    """Print what runs and whether it answers; the exit code is 0 when everything does."""
    state = live_state(stack.state_file)
    if state is None:
        print(f"nothing runs in {stack.data_dir}")
        return 3
    answers = {
        "mongod": health.mongodb_answers(state.mongodb_url),
        "redis": health.redis_answers(state.redis_url),
        "api": health.service_answers(state.api_url, state.redis_url, keys_required=state.keys_required),
        "flower": health.http_answers(f"{state.flower_url}/healthcheck"),
    }
    print(f"{state.phase}, supervisor pid {state.supervisor.pid}")
    for record in state.processes:
        word = "alive" if record.is_alive else "gone"
        if record.name in answers:
            word += ", answers" if answers[record.name] else ", does not answer"
        print(f"  {record.name:<16} pid {record.pid:<8} restarts {record.restarts:<3} {word}")
    _print_places(stack, state)
    return 0 if state.phase is Phase.RUNNING and all(answers.values()) else 1


def run(stack: Stack, *, services: Sequence[ServiceProcess]) -> int:
    """Run the stack in the foreground until Ctrl-C."""
    state = live_state(stack.state_file)
    if state is not None:
        raise StackError(f"already running in {stack.data_dir}, supervisor pid {state.supervisor.pid}")
    Supervisor(stack, services=services).run()
    return 0


def _spawn(stack: Stack, *, program: Sequence[str]) -> subprocess.Popen[bytes]:
    stack.logs_dir.mkdir(parents=True, exist_ok=True)
    with stack.log_of("supervisor").open("ab") as log:
        return subprocess.Popen(
            [*program, "run"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _await_end(stack: Stack) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while is_locked(stack.lock_file):
        if time.monotonic() > deadline:
            raise StackError(f"the stack in {stack.data_dir} did not stop; see {stack.log_of('supervisor')}")
        time.sleep(0.1)


def _await_gone(records: Sequence[ProcessRecord]) -> None:
    """Wait for processes that have let go of the lock and are about to end; a moment, unless something hangs."""
    deadline = time.monotonic() + GONE_SECONDS
    while any(record.is_alive for record in records) and time.monotonic() < deadline:
        time.sleep(0.02)


def _await_health(stack: Stack, supervisor: subprocess.Popen[bytes] | None) -> StackState:
    deadline = time.monotonic() + START_SECONDS + STOP_SECONDS
    while time.monotonic() < deadline:
        state = live_state(stack.state_file)
        if state is not None and state.phase is Phase.RUNNING:
            return state
        if state is None and (supervisor is None or supervisor.poll() is not None):
            raise StackError(_why_it_ended(stack))
        time.sleep(0.1)
    raise StackError(f"the stack did not start in time; see {stack.log_of('supervisor')}")


def _why_it_ended(stack: Stack) -> str:
    state = read_state(stack.state_file)
    if state is not None and state.failure:
        stack.state_file.unlink(missing_ok=True)
        return state.failure
    return f"the supervisor ended\n{log_tail(stack.log_of('supervisor'))}"


def _print_places(stack: Stack, state: StackState) -> None:
    print(f"  API      {state.api_url}/api/v1   (docs: {state.api_url}/docs)")
    print(f"  Flower   {state.flower_url}")
    print(f"  MongoDB  {_without_password(state.mongodb_url)}")
    print(f"  Redis    {_without_password(state.redis_url)}")
    print(f"  Logs     {stack.logs_dir}")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.password is None else url.replace(f":{parts.password}@", ":***@", 1)
