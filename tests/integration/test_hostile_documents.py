"""Hostile documents the whole way: uploaded to the API, synced by a real worker."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from shared.settings import Settings
from shared.states import TaskStatus
from tests.integration.sync_world import World, eventually, pdf, settings_for
from tests.integration.worker_processes import worker
from tests.samples.bombs import BOMBS

LIMIT = "PDF转换失败: 文档超出处理限制"
REASONS = {
    "many_pages": LIMIT,
    "nested_flate_bomb": LIMIT,
    "recursive_form": LIMIT,
    "costly_pages": LIMIT,
    "deep_page_tree": "PDF转换失败: 文件损坏",
    "infinite_page": "PDF转换失败: 没有可提取的内容",
}


@pytest.fixture
def settings(mongodb_url: str, redis_url: str, database_name: str, tmp_path: Path) -> Settings:
    limits = {"conversion_timeout_seconds": 8.0, "conversion_memory_bytes": 384 << 20}
    return settings_for(mongodb_url, redis_url, database_name, tmp_path, **limits, reconcile_seconds=1.0)


def test_hostile_documents_fail_each_with_its_reason_and_the_others_complete(
    settings: Settings, tmp_path: Path
) -> None:
    with TestClient(create_app(settings)) as client, worker(settings, tmp_path, "worker") as process:
        kb_id = client.post("/api/v1/knowledge-bases", json={"name": "post office"}).json()["data"]["id"]
        files = {f"{name}.pdf": BOMBS[name]() for name in REASONS}
        files |= {f"honest-{number}.pdf": pdf(f"Honest {number}") for number in range(6)}
        for name, data in files.items():
            sent = client.post(f"/api/v1/knowledge-bases/{kb_id}/documents/upload", files={"file": (name, data)})
            assert sent.status_code == 201, sent.text
        body = {"task_type": "full_sync", "document_ids": []}
        task_id = client.post(f"/api/v1/knowledge-bases/{kb_id}/sync", json=body).json()["data"]["task_id"]

        def task() -> dict[str, object]:
            answer: dict[str, object] = client.get(f"/api/v1/sync-tasks/{task_id}").json()["data"]
            return answer

        eventually(lambda: task()["status"] not in (TaskStatus.PENDING, TaskStatus.RUNNING), what="no end", seconds=120)
        ended = task()
        assert process.is_running()
    assert ended["status"] == TaskStatus.PARTIAL_SUCCESS
    documents = ended["documents"]
    assert isinstance(documents, list)
    failed = {
        document["filename"]: document["error_message"] for document in documents if document["status"] == "failed"
    }
    assert failed == {f"{name}.pdf": reason for name, reason in REASONS.items()}
    assert sum(document["status"] == "completed" for document in documents) == 6
    opened = World.open(settings)
    try:
        assert all(run.crashes == 0 and run.failures == 0 for run in opened.resources.runs.of_task(task_id))
    finally:
        opened.close()
