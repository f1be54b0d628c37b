"""The stack as a person runs it: real servers, stand-ins for the service's processes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient

from shared.embedded.health import http_answers, mongodb_answers, redis_answers, wait_until
from shared.embedded.ports import free_port, is_free
from shared.embedded.state import StackState, read_state

PROGRAM = Path(__file__).with_name("stand_in_stack.py")


@dataclass(frozen=True)
class Place:
    """A directory and the ports of a stack."""

    data_dir: Path
    api_port: int
    flower_port: int
    servers: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("KBSYNC_")},
            "DATA_DIR": str(self.data_dir),
            "API_PORT": str(self.api_port),
            "FLOWER_PORT": str(self.flower_port),
            **dict(self.servers),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, PROGRAM, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    @property
    def state(self) -> StackState:
        state = read_state(self.data_dir / "run" / "stack.json")
        assert state is not None
        return state

    def pid_of(self, name: str) -> int:
        return next(record.pid for record in self.state.processes if record.name == name)

    def processes(self) -> set[psutil.Process]:
        """Every process of the stack, the pool's child and the guardian too."""
        parent = psutil.Process(self.state.supervisor.pid)
        return {parent, *parent.children(recursive=True)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place whose stack brings its own servers."""
    place = Place(tmp_path / "data", free_port(), free_port())
    yield place
    place.run("down")


@pytest.fixture
def light(tmp_path: Path, mongodb_url: str, redis_url: str) -> Iterator[Place]:
    """A place whose stack uses the servers of this test run: it starts faster."""
    servers = (("KBSYNC_MONGODB_URL", mongodb_url), ("KBSYNC_REDIS_URL", redis_url))
    light = Place(tmp_path / "light", free_port(), free_port(), servers)
    yield light
    light.run("down")


def assert_nothing_is_left(processes: set[psutil.Process], *ports: int) -> None:
    wait_until(lambda: not any(map(_runs, processes)), seconds=30, what="a process did not end")
    assert all(map(is_free, ports))


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _ports(place: Place) -> tuple[int, ...]:
    urls = (place.state.mongodb_url, place.state.redis_url)
    servers = [int(url.rpartition("127.0.0.1:")[2].split("/")[0]) for url in urls]
    return place.api_port, place.flower_port, *servers


def test_up_answers_when_everything_is_healthy_and_down_leaves_nothing(place: Place) -> None:
    started = place.run("up")
    assert started.returncode == 0, started.stderr
    assert f"http://127.0.0.1:{place.api_port}/api/v1" in started.stdout
    assert http_answers(f"http://127.0.0.1:{place.api_port}/health")
    assert mongodb_answers(place.state.mongodb_url)
    assert redis_answers(place.state.redis_url)
    assert place.run("status").returncode == 0
    processes, ports = place.processes(), _ports(place)
    assert len(processes) == 8  # supervisor, guardian, mongod, redis, api, flower, a pool's parent and child

    stopped = place.run("down")
    assert stopped.returncode == 0, stopped.stderr
    assert not any(map(_runs, processes))
    assert all(map(is_free, ports))
    assert not (place.data_dir / "run" / "stack.json").exists()
    assert place.run("status").returncode == 3


def test_a_second_up_leaves_the_running_stack_alone(light: Place) -> None:
    light.run("up")
    supervisor = light.state.supervisor
    again = light.run("up")
    assert (again.returncode, light.state.supervisor) == (0, supervisor)
    assert "already running" in again.stdout


def test_two_ups_at_once_make_one_stack(light: Place) -> None:
    both = [
        subprocess.Popen([sys.executable, PROGRAM, "up"], env=light.environment, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [one.wait(120) for one in both] == [0, 0]
    assert light.run("status").returncode == 0


def test_a_process_that_is_killed_is_started_again_with_its_data(place: Place) -> None:
    place.run("up")
    url = place.state.mongodb_url
    with MongoClient[dict[str, object]](url) as client:
        client.kbsync.notes.insert_one({"kept": True})
    before = {name: place.pid_of(name) for name in ("mongod", "redis", "api", "worker-cpu")}
    orphan = psutil.Process(before["worker-cpu"]).children()[0]
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    wait_until(lambda: place.run("status").returncode == 0, seconds=60, what="the stack did not recover")
    wait_until(lambda: len(place.state.processes) == 5, seconds=60, what="a process did not come back")
    assert all(place.pid_of(name) != pid for name, pid in before.items())
    assert not _runs(orphan)
    assert place.state.mongodb_url == url
    with MongoClient[dict[str, object]](url) as client:
        assert client.kbsync.notes.count_documents({"kept": True}) == 1


def test_killing_the_supervisor_leaves_nothing_and_up_starts_anew(place: Place) -> None:
    place.run("up")
    processes, ports = place.processes(), _ports(place)
    os.kill(place.state.supervisor.pid, signal.SIGKILL)
    assert_nothing_is_left(processes, *ports)

    assert place.run("up").returncode == 0
    assert place.run("status").returncode == 0


def test_killing_supervisor_and_guardian_leaves_only_what_down_clears(place: Place) -> None:
    place.run("up")
    processes, ports = place.processes(), _ports(place)
    supervisor = psutil.Process(place.state.supervisor.pid)
    guardian = next(child for child in supervisor.children() if "guardian.py" in " ".join(child.cmdline()))
    guardian.kill()
    supervisor.kill()
    assert place.run("down").returncode == 0
    assert_nothing_is_left(processes - {supervisor, guardian}, *ports)


def test_down_without_a_stack_is_fine(place: Place) -> None:
    stopped = place.run("down")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert "nothing runs" in stopped.stdout


def test_two_stacks_run_side_by_side(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other", free_port(), free_port())
    try:
        assert place.run("up").returncode == 0
        assert other.run("up").returncode == 0
        assert not set(_ports(place)) & set(_ports(other))
        other.run("down")
        assert place.run("status").returncode == 0
    finally:
        other.run("down")


def test_a_stack_uses_the_servers_it_is_given_and_leaves_them_running(
    light: Place, mongodb_url: str, redis_url: str
) -> None:
    assert light.run("up").returncode == 0
    assert {record.name for record in light.state.processes} == {"api", "worker-cpu", "flower"}
    assert (light.state.mongodb_url, light.state.redis_url) == (mongodb_url, redis_url)
    assert light.run("down").returncode == 0
    assert mongodb_answers(mongodb_url)
    assert redis_answers(redis_url)


def test_a_taken_port_is_named(light: Place) -> None:
    with socket.create_server(("127.0.0.1", light.api_port)):
        refused = light.run("up")
    assert refused.returncode == 1
    assert f"port {light.api_port} is taken" in refused.stderr
    assert "API_PORT=" in refused.stderr


def test_a_process_that_cannot_start_fails_up_with_its_log(light: Place) -> None:
    failed = light.run("--broken", "up")
    assert failed.returncode == 1
    assert "api ends as soon as it starts" in failed.stderr
    assert "the stand-in is broken" in failed.stderr
    assert light.run("status").returncode == 3


def test_run_stays_in_the_foreground_and_ends_with_ctrl_c(light: Place) -> None:
    running = subprocess.Popen(
        [sys.executable, PROGRAM, "run"], env=light.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: light.run("status").returncode == 0, seconds=60, what="the stack did not start")
        processes = light.processes()
    finally:
        running.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "healthy" in printed
    assert not any(map(_runs, processes))
