"""The published examples of the sync API, run as they stand apart from the address and the ids."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.sample_documents import damaged_report, encrypted_letter, operations_guide
from tests.integration.stack.conftest import ROOT
from tests.integration.stack.service import Service, eventually, long_document

SAMPLES = ROOT / "tests" / "samples" / "published_sync_examples.md.txt"  # `ruff format` rewrites the code in .md files
PUBLISHED = ROOT.parent / "shared" / "spec" / "sync-tasks-api.md"
PUBLISHED_BASE = "http://localhost:8000"
PUBLISHED_KB_ID = "kb-550e8400-e29b-41d4-a716-446655440000"
CURL = shutil.which("curl")


def example(language: str) -> str:
    """Return the code block of a language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", SAMPLES.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def replaced(text: str, replacements: dict[str, str]) -> str:
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    return text


def run(*command: str, directory: Path) -> str:
    """Run a program and return what it prints; the output is UTF-8 whatever the locale."""
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "no_proxy": "*"}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published document is not beside this checkout")
def test_the_copy_of_the_examples_is_verbatim() -> None:
    published = PUBLISHED.read_text(encoding="utf-8")
    for language in ("python", "bash"):
        assert f"```{language}\n{example(language)}```" in published


def test_python_example_polls_to_the_end_and_retries_what_failed(service: Service, tmp_path: Path) -> None:
    files = {"good.pdf": operations_guide(), "broken.pdf": damaged_report(), "locked.pdf": encrypted_letter()}
    kb_id, ids = service.knowledge_base("Python example", files)
    script = replaced(example("python"), {PUBLISHED_BASE: service.api_url, PUBLISHED_KB_ID: kb_id})

    lines = run(sys.executable, "-c", script, directory=tmp_path).splitlines()

    retried, first = service.read("GET", f"/knowledge-bases/{kb_id}/sync-tasks")
    assert lines[0] == f"任务创建成功: {first['id']}"
    assert lines[-4:] == [
        "进度: 100% - 完成（部分失败）",
        "任务结束，状态: partial_success",
        "失败文档数: 2",
        f"重试任务已创建: {retried['id']}",
    ]
    polled = [int(re.fullmatch(r"进度: (\d+)% - .+", line)[1]) for line in lines[1:-3]]  # type: ignore[index]
    assert polled == sorted(polled)
    again = service.ended(retried["id"])
    assert {run["document_id"] for run in again["documents"]} == {ids["broken.pdf"], ids["locked.pdf"]}


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
def test_curl_examples_start_list_show_cancel_and_retry(service: Service, tmp_path: Path) -> None:
    files = {f"{number}.pdf": long_document(tmp_path / f"curl-{number}.pdf", pages=40) for number in range(8)}
    kb_id, _ = service.knowledge_base("cURL example", files)
    create, running, detail, cancel, retry = _curl_commands()

    created = _curl(create, service, directory=tmp_path, kb_id=kb_id)
    assert (created["data"]["status"], created["data"]["total_documents"]) == ("pending", 8)
    task_id = created["data"]["task_id"]
    eventually(lambda: service.read("GET", f"/sync-tasks/{task_id}")["status"] == "running", "the sync did not start")
    listed = _curl(running, service, directory=tmp_path, kb_id=kb_id)
    assert [(task["id"], task["status"]) for task in listed["data"]] == [(task_id, "running")]
    shown = _curl(detail, service, directory=tmp_path, task_id=task_id)
    assert len(shown["data"]["documents"]) == 8
    cancelled = _curl(cancel, service, directory=tmp_path, task_id=task_id)
    assert cancelled["message"] == "任务取消成功"
    assert list(cancelled["data"]) == ["task_id", "status", "processed_documents", "cancelled_at"]

    broken_kb_id, ids = service.knowledge_base("cURL retry", {"broken.pdf": damaged_report()})
    failed_id = service.start(broken_kb_id)
    assert service.ended(failed_id)["status"] == "failed"
    retried = _curl(retry, service, directory=tmp_path, task_id=failed_id)
    assert retried["message"] == "重试任务已创建"
    assert retried["data"]["document_ids"] == [ids["broken.pdf"]]
    assert service.ended(retried["data"]["new_task_id"])["status"] == "failed"


def _curl_commands() -> list[str]:
    """Split the block into its commands: each stands below a comment."""
    return [part.partition("\n")[2].strip() for part in re.split(r"^# ", example("bash"), flags=re.MULTILINE)[1:]]


def _curl(command: str, service: Service, *, directory: Path, **ids: str) -> Any:
    script = replaced(command, {PUBLISHED_BASE: service.api_url, **{f"{{{name}}}": id for name, id in ids.items()}})
    return json.loads(run("sh", "-c", script, directory=directory))
