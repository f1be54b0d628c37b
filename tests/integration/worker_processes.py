"""Real Celery workers for the tests, each in processes of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from pydantic import SecretStr

from shared.queue import QueueName
from shared.settings import Settings

REPOSITORY = Path(__file__).parents[2]


def environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KBSYNC_")}
    values = settings.model_dump(exclude_none=True)
    given = {
        f"KBSYNC_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }
    return {**kept, **given}


@contextmanager
def worker(
    settings: Settings, directory: Path, name: str, *, app: str = "worker.app", processes: int = 2
) -> Iterator[psutil.Process]:
    """Run a worker of all queues with beat inside; nothing of it is left afterwards."""
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-B", "-c", str(processes)]
    command += ["-Q", ",".join(QueueName), "-n", f"{name}@test", "-s", str(directory / f"{name}.beat")]
    with (directory / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        process = psutil.Process(started.pid)
        try:
            yield process
        finally:
            kill(process)
            started.wait()


def kill(process: psutil.Process) -> None:
    """Kill a worker with everything that it started, at once."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=20)
