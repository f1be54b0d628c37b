"""One process of the stack: started on a leash in its own process group, restarted when it dies, stopped whole."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from shared.embedded.errors import StackError

DATA_DIR_VARIABLE = "KBSYNC_DATA_DIR"  # tells the processes of one stack from those of another
LEASH = Path(__file__).with_name("leash.py")
LOG_LIMIT_BYTES = 20 << 20
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0  # a process that lived this long starts again with the first pause


@dataclass(frozen=True)
class Command:
    """What to run: its name in the logs, its command line, what it adds to the environment, its time to end."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    grace_seconds: float = 10.0


class Child:
    """A running command; every method is called from the main thread, to which the leash is tied."""

    def __init__(self, command: Command, *, log: Path) -> None:
        self.command = command
        self.log = log
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._not_before = 0.0

    @property
    def pid(self) -> int:
        if self._process is None:
            raise StackError(f"{self.command.name} was not started")
        return self._process.pid

    @property
    def is_started(self) -> bool:
        """Whether there is a process, perhaps one whose end was not noticed yet."""
        return self._process is not None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the command; its output goes to the end of the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        _cap(self.log)
        leashed = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *self.command.arguments]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                leashed,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.command.environment},
                start_new_session=True,
            )
        self._started_at = time.monotonic()

    def terminate(self) -> None:
        """Send SIGTERM to the process; its own children are its own affair until `finish`."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def finish(self, *, seconds: float) -> None:
        """Wait for the process at most so long, then kill whatever is left of its group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        kill_group(self._process.pid)
        self._process.wait()
        self._process = None

    def notice_end(self) -> int | None:
        """Return the exit code once when the process has ended, and kill what it left in its group."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        kill_group(self._process.pid)
        now = time.monotonic()
        if now - self._started_at >= STEADY_SECONDS:
            self._pause_seconds = FIRST_PAUSE_SECONDS
        self._process, self._not_before = None, now + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        return code

    def start_when_due(self) -> bool:
        """Start the process again when its pause (1 to 30 seconds, doubled at each end) is over."""
        if self._process is not None or time.monotonic() < self._not_before:
            return False
        self.restarts += 1
        self.start()
        return True


def stop_together(children: list[Child]) -> None:
    """Send SIGTERM to several processes, let their graces pass side by side, kill what is left of their groups."""
    started = [child for child in children if child.is_started]
    for child in started:
        child.terminate()
    asked_at = time.monotonic()
    for child in started:
        child.finish(seconds=max(0.0, child.command.grace_seconds - (time.monotonic() - asked_at)))


def kill_group(group: int, *, sent: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to every process of a group; a group that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sent)


def started_at(pid: int) -> float | None:
    """Return when a process started (seconds since the epoch), None when there is none: pids are used again."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def kill_orphans(group: int, *, since: float, data_dir: Path) -> None:
    """Kill what is left of a group whose leader is gone.

    The number may be another group's by now: only processes that started after `since` (seconds since the epoch) and
    that work on `data_dir` are killed.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            is_member = os.getpgid(process.pid) == group and process.create_time() >= since
            if is_member and process.environ().get(DATA_DIR_VARIABLE) == str(data_dir):
                process.kill()


def _cap(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(f"{log.suffix}.1"))
