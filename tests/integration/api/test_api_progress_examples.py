"""The examples of the API guide that watch a sync, run as they stand apart from the address."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.models import SyncTask
from tests.integration.sync_world import World
from tests.integration.watching import LiveApi

API_GUIDE = Path(__file__).parents[3] / "docs" / "api.md"
PUBLISHED_BASE = "http://localhost:8000/api/v1"
NODE = shutil.which("node")


def published_watching(language: str, place: int = 0) -> str:
    """Return a code block of the chapter on watching in the API guide, with the address left to fill in."""
    chapter = API_GUIDE.read_text(encoding="utf-8").partition("## Watching")[2]
    blocks = re.findall(rf"```{language}\n(.*?)```", chapter, re.DOTALL)
    return str(blocks[place])


def run_example(command: list[str], api: LiveApi, script: str) -> list[str]:
    assert PUBLISHED_BASE in script
    done = subprocess.run(
        [*command, script.replace(PUBLISHED_BASE, api.base)],
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "no_proxy": "*"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_published_python_example_follows_a_sync(api: LiveApi, world: World, started: SyncTask) -> None:
    world.finish(started.id)
    script = published_watching("python") + f"\nfollow('{started.id}')\n"
    assert run_example([sys.executable, "-c"], api, script) == ["100 %  完成（部分失败）"]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_published_javascript_example_follows_a_sync_over_websocket(
    api: LiveApi, world: World, started: SyncTask
) -> None:
    world.finish(started.id)
    base = published_watching("javascript").splitlines()[0]
    script = f"{base}\n{published_watching('javascript', 1)}\nfollowOverWebSocket('{started.id}');"
    assert run_example([str(NODE), "--experimental-websocket", "-e"], api, script) == ["100 %  完成（部分失败）"]
