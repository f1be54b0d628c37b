import os
import subprocess
import sys
import time
from pathlib import Path

from shared.embedded.child import started_at
from shared.embedded.state import (
    Phase,
    ProcessRecord,
    StackState,
    clear_leftovers,
    exclusive,
    is_locked,
    live_state,
    read_state,
    write_state,
)


def record(pid: int, began: float | None) -> ProcessRecord:
    return ProcessRecord(name="process", pid=pid, started_at=began or 0.0)


def state_of(supervisor: ProcessRecord, *processes: ProcessRecord) -> StackState:
    return StackState(phase=Phase.RUNNING, supervisor=supervisor, api_url="", flower_url="", processes=tuple(processes))


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)


def test_what_is_written_is_read_and_only_its_owner_may(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    state = state_of(record(os.getpid(), started_at(os.getpid())))
    write_state(path, state)
    assert read_state(path) == live_state(path) == state
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_state_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    path.write_text("{half of", encoding="utf-8")
    assert read_state(path) is None


def test_a_pid_that_another_process_has_now_is_not_alive_and_not_killed(tmp_path: Path) -> None:
    innocent = sleeper()
    try:
        began = started_at(innocent.pid)
        assert began is not None
        recycled = record(innocent.pid, began - 3600)
        path = tmp_path / "stack.json"
        write_state(path, state_of(recycled, recycled))
        assert live_state(path) is None
        clear_leftovers(path, data_dir=tmp_path)
        assert innocent.poll() is None
        assert not path.exists()
    finally:
        innocent.kill()
        innocent.wait()


def test_a_process_that_a_killed_stack_left_is_killed(tmp_path: Path) -> None:
    left = sleeper()
    path = tmp_path / "stack.json"
    write_state(path, state_of(record(1, 0.0), record(left.pid, started_at(left.pid))))
    clear_leftovers(path, data_dir=tmp_path)
    assert left.wait(timeout=30) == -9


def test_a_process_that_ended_but_was_not_collected_is_not_alive() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    began = started_at(ended.pid)
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert not record(ended.pid, began).is_alive
    ended.wait()


def test_the_lock_is_held_until_its_last_holder_ends(tmp_path: Path) -> None:
    path, state_file = tmp_path / "stack.lock", tmp_path / "stack.json"
    assert not is_locked(path)
    with exclusive(path, state_file=state_file) as descriptor:
        heir = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(descriptor,)
        )
    assert is_locked(path)
    heir.communicate()
    while is_locked(path):
        time.sleep(0.01)
