"""Where worker processes keep temporary files, and who tidies up after one that was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from worker.scratch import Scratch

HOLD = """
import sys, time
from pathlib import Path
from worker.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
(scratch.directory / "picture.png").write_bytes(b"half")
print(scratch.directory, flush=True)
time.sleep(600)
"""

USE = """
import os, tempfile
from worker.scratch import use_scratch
use_scratch()
parent = tempfile.mkdtemp(prefix="pymp-")
child = os.fork()
if child == 0:
    use_scratch()
    print(tempfile.mkdtemp(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
assert os.path.isdir(parent)
print(parent, flush=True)
"""


def start(root: Path) -> tuple["subprocess.Popen[str]", Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    dead, left = start(tmp_path)
    living, held = start(tmp_path)
    try:
        dead.kill()
        dead.communicate()
        assert left.exists()
        own = Scratch(tmp_path)
        assert not left.exists()
        assert (held / "picture.png").read_bytes() == b"half"
        own.close()
        assert {path.name for path in tmp_path.iterdir()} == {held.name, f"{held.name}.lock"}
    finally:
        living.send_signal(signal.SIGKILL)
        living.communicate()


def test_a_closed_one_leaves_nothing(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "root")
    (scratch.directory / "deep").mkdir()
    scratch.close()
    scratch.close()
    assert list((tmp_path / "root").iterdir()) == []


def test_temporary_files_of_a_process_and_of_its_fork_lie_in_directories_of_their_own(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", USE], env=environment, capture_output=True, text=True, check=True)
    child, parent = map(Path, run.stdout.split())
    root = tmp_path / f"kbsync-{os.getuid()}"
    assert root.stat().st_mode & 0o077 == 0
    assert child.parent.parent == parent.parent.parent == root
    assert child.parent != parent.parent
    left = {path.name for path in root.iterdir()}
    assert left == {child.parent.name, f"{child.parent.name}.lock"}, "the parent said farewell, the child did not"


def test_a_root_that_is_not_ours_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / f"kbsync-{os.getuid()}").symlink_to(elsewhere)
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    code = "import tempfile; from worker.scratch import use_scratch; use_scratch(); print(tempfile.gettempdir())"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(tmp_path)
    assert list(elsewhere.iterdir()) == []
