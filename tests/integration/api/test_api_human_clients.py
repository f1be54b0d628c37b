"""Programs of others against a real server: the published Python example, and the released gohumanloop client."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from shared.access.keys import Role
from shared.resources import Resources
from shared.services import api_keys

SAMPLES = Path(__file__).parents[2] / "samples"
PUBLISHED_EXAMPLE = SAMPLES / "published_human_tasks_example.py.txt"
AGENT = SAMPLES / "human_loop_agent.py"
PUBLISHED_BASE_URL = 'BASE_URL = "http://localhost:8000/api/v1"'
TIMEOUT_SECONDS = 60

ANSWERS = "approve\n以问候开头\nexit\n术语表 A\n"
"""What the person types: the approval, two turns of a conversation, and an information."""


def run(program: Path, *, stdin: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(program)],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def get(url: str, **query: str) -> Any:
    response = requests.get(url, params=query, timeout=30)
    assert response.status_code == 200
    return response.json()


@pytest.mark.parametrize("suffix", ["", "/humanloop"])
def test_published_example_runs_as_it_stands(live_servers: Callable[[], str], tmp_path: Path, suffix: str) -> None:
    base = live_servers() + suffix
    text = PUBLISHED_EXAMPLE.read_text()
    assert text.count(PUBLISHED_BASE_URL) == 1
    program = tmp_path / "example.py"
    program.write_text(text.replace(PUBLISHED_BASE_URL, f'BASE_URL = "{base}"'))
    printed = run(program)
    assert [line for line in printed.splitlines() if line.startswith(("创建", "获取", "任务"))] == [
        "创建任务响应: 201",
        "获取任务列表响应: 200",
        "创建同步日志响应: 201",
        "任务 task123 已全量更新",
    ]
    task = get(f"{base}/tasks/task123")
    assert [each["conversation_id"] for each in task["conversations"]] == ["conv123", "conv456"]
    assert task["metadata"] == {"source": "mobile", "client_ip": "192.168.1.1", "user_agent": "Updated User Agent"}
    assert [log["task_id"] for log in get(f"{base}/tasks/sync/logs")] == ["task123"]


def test_released_client_syncs_tasks_without_an_error(live_servers: Callable[[], str]) -> None:
    base = live_servers()
    environment = {"GOHUMANLOOP_API_BASE_URL": base.removesuffix("/v1"), "GOHUMANLOOP_API_KEY": "any key"}
    printed = run(AGENT, stdin=ANSWERS, environment=environment)
    # The client prints a line with one of these words where a sync fails, and this line where the last one succeeds.
    assert not [line for line in printed.splitlines() if any(word in line for word in ("失败", "异常", "错误"))]
    assert "最终异步数据同步完成" in printed

    (release,) = get(f"{base}/tasks", task_id="release-7")
    translation = get(f"{base}/tasks/translation%2F附录%20B")
    check_release(release)
    check_translation(translation)
    logs = get(f"{base}/tasks/sync/logs", task_id="release-7")
    assert len(logs) >= 5  # one after each answer, one after the cancellation, one at the end
    assert {log["sync_status"] for log in logs} == {"SUCCESS"}


def test_released_client_works_with_a_writers_key(live_servers: Callable[..., str], resources: Resources) -> None:
    base = live_servers(api_keys_required=True)
    key, text = api_keys.create(resources, user_id="agents", role=Role.WRITER)
    environment = {"GOHUMANLOOP_API_BASE_URL": base.removesuffix("/v1"), "GOHUMANLOOP_API_KEY": text}
    assert "最终异步数据同步完成" in run(AGENT, stdin=ANSWERS, environment=environment)
    header = {"Authorization": f"Bearer {text}"}
    tasks = requests.get(f"{base}/tasks", headers=header, timeout=30).json()
    logs = requests.get(f"{base}/tasks/sync/logs", headers=header, timeout=30).json()
    assert {task["task_id"] for task in tasks} == {"release-7", "translation/附录 B"}
    assert {(each["user_id"], each["token_id"]) for each in (*tasks, *logs)} == {("agents", key.id)}
    stranger = api_keys.create(resources, user_id="others", role=Role.READER)[1]
    refused = run(AGENT, stdin=ANSWERS, environment={**environment, "GOHUMANLOOP_API_KEY": stranger})
    assert "失败" in refused
    assert requests.get(f"{base}/tasks", headers={"Authorization": f"Bearer {stranger}"}, timeout=30).json() == []


def check_release(task: Any) -> None:
    assert (task["user_id"], task["token_id"]) == (None, None)
    assert task["metadata"]["source"].startswith("gohumanloop-")
    conversations = {each["conversation_id"]: each["requests"] for each in task["conversations"]}
    assert sorted(conversations) == ["abandoned", "approval", "wording"]
    assert [request["status"] for request in conversations["approval"]] == ["approved"]
    assert [request["status"] for request in conversations["wording"]] == ["inprogress", "completed"]
    assert [request["response"] for request in conversations["wording"]] == ["以问候开头", "exit"]
    (abandoned,) = conversations["abandoned"]
    assert (abandoned["status"], abandoned["response"], abandoned["responded_at"]) == ("cancelled", {}, None)


def check_translation(task: Any) -> None:
    glossary = next(each for each in task["conversations"] if each["conversation_id"] == "glossary")
    (request,) = glossary["requests"]
    assert (request["status"], request["loop_type"], request["response"]) == ("completed", "information", "术语表 A")
    assert request["responded_at"].endswith("Z")
