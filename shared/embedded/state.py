"""What is known of a running stack, in DATA_DIR/run/stack.json; and the lock that lets only one run there."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.embedded.child import kill_group, kill_orphans, started_at
from shared.embedded.errors import StackError

LOCK_SECONDS = 30.0  # a guardian that still clears up after a killed supervisor holds the lock for less


class Phase(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


class ProcessRecord(BaseModel):
    """A process; its start time tells it from a later one with the same pid."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    started_at: float
    restarts: int = 0

    @property
    def is_alive(self) -> bool:
        return started_at(self.pid) == self.started_at


class StackState(BaseModel):
    """The state file."""

    model_config = ConfigDict(frozen=True)

    phase: Phase
    supervisor: ProcessRecord
    api_url: str
    flower_url: str
    mongodb_url: str = ""
    redis_url: str = ""
    keys_required: bool = False
    processes: tuple[ProcessRecord, ...] = ()
    failure: str = ""


def read_state(path: Path) -> StackState | None:
    """Return the state in `path`; None where there is no file, or none that can be read."""
    try:
        return StackState.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def live_state(path: Path) -> StackState | None:
    """Return the state in `path` where its supervisor is alive."""
    state = read_state(path)
    return state if state is not None and state.supervisor.is_alive else None


def write_state(path: Path, state: StackState) -> None:
    """Write the state in one step; only its owner may read it, since URLs can carry passwords."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(state.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def clear_leftovers(path: Path, *, data_dir: Path) -> None:
    """Kill what a stack that was itself killed has left, and remove its state file."""
    state = read_state(path)
    for record in state.processes if state else ():
        if record.is_alive:
            kill_group(record.pid)
        else:
            kill_orphans(record.pid, since=record.started_at, data_dir=data_dir)
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def exclusive(path: Path, *, state_file: Path) -> Iterator[int]:
    """Hold the lock of a stack's directory; yields its descriptor, which a process that inherits it holds too.

    Raises:
        StackError: another supervisor keeps it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, state_file=state_file)
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether a supervisor, or the guardian that clears up after one, is at work."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int, *, state_file: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if live_state(state_file) or time.monotonic() > deadline:
                raise StackError(f"another stack runs in {state_file.parent.parent}") from None
            time.sleep(0.1)
        else:
            return
