"""The examples in `docs/human-in-the-loop.md` run as they stand."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "human-in-the-loop.md"
PUBLISHED_BASE = "http://localhost:8000/api/v1"
TIMEOUT_SECONDS = 60


def example(language: str) -> str:
    """Return the only block of the page in that language that names the base URL."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if PUBLISHED_BASE in block]
    return str(found)


def printed(command: list[str], program: str, base: str) -> list[str]:
    done = subprocess.run(
        [*command, program.replace(PUBLISHED_BASE, base)],
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_python_example_runs(live_servers: Callable[[], str]) -> None:
    created, updated, log = printed([sys.executable, "-c"], example("python"), live_servers())
    assert created.startswith("created {'id':")
    assert "'updated': True" in updated
    assert log.endswith("Z SUCCESS")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_javascript_example_runs(live_servers: Callable[[], str]) -> None:
    saved, tasks, deleted = printed(["node", "-e"], example("javascript"), live_servers())
    assert saved.startswith("created ")
    assert tasks == "[ 'survey/7' ]"
    assert deleted == "任务删除成功"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_example_runs(live_servers: Callable[[], str]) -> None:
    synced, updated, task, logs, deleted = printed(["bash", "-ec"], example("bash"), live_servers())
    assert synced.startswith('{"success":true,"data":{"id":')
    assert '"updated":true' in updated
    assert '"metadata":{"source":"mobile"}' in task
    assert '"sync_status":"SUCCESS"' in logs
    assert deleted == '{"success":true,"message":"Task deleted"}'
