"""Syncs after the first: unchanged documents, retries, single documents, cancelled syncs."""

from pathlib import Path

from examples.sample_documents import damaged_report, operations_guide
from tests.integration.stack.conftest import FirstSync
from tests.integration.stack.service import Service, eventually, long_document

WORK = (
    "kbsync_conversions_total",
    "kbsync_pages_converted_total",
    "kbsync_chunks_embedded_total",
    "kbsync_embed_calls_total",
    "kbsync_embeddings_reused_total",
    "kbsync_documents_stored_total",
)


def test_unchanged_documents_cost_no_conversion_and_no_embedding(service: Service, first_sync: FirstSync) -> None:
    before = service.counters()
    task = service.ended(service.start(first_sync.kb_id, list(first_sync.document_ids.values())))
    after = service.counters()
    assert before["kbsync_embed_calls_total"] > 0
    assert {name: after[name] for name in WORK} == {name: before[name] for name in WORK}
    unchanged = after["kbsync_documents_unchanged_total"] - before["kbsync_documents_unchanged_total"]
    assert unchanged == task["documents_unchanged"] == len(first_sync.completed_ids)
    assert (task["status"], task["embeddings_reused"]) == ("partial_success", 0)


def test_retry_takes_the_failed_documents_alone_and_names_its_task(service: Service, first_sync: FirstSync) -> None:
    failed = [run["document_id"] for run in first_sync.task["documents"] if run["status"] == "failed"]
    answer = service.ask("POST", f"/sync-tasks/{first_sync.task['id']}/retry-failed")
    assert (answer.status_code, answer.json()["message"]) == (201, "重试任务已创建")
    retry = answer.json()["data"]
    assert (retry["retry_document_count"], retry["document_ids"]) == (2, failed)
    task = service.ended(retry["new_task_id"])
    assert (task["status"], task["current_step"], task["progress"]) == ("failed", "失败", 100)
    assert task["retry_of"] == first_sync.task["id"]
    assert [run["document_id"] for run in task["documents"]] == failed


def test_incremental_sync_of_one_document_leaves_the_others_alone(service: Service) -> None:
    files = {"guide.pdf": operations_guide(), "broken.pdf": damaged_report()}
    kb_id, ids = service.knowledge_base("One document", files)
    task = service.ended(service.start(kb_id, [ids["guide.pdf"]]))
    assert (task["status"], task["task_type"], task["total_documents"]) == ("completed", "incremental", 1)
    documents = service.documents(kb_id)
    assert (documents["guide.pdf"]["status"], documents["broken.pdf"]["status"]) == ("completed", "uploaded")


def test_cancelled_sync_gives_its_documents_back_and_the_next_one_takes_them(service: Service, tmp_path: Path) -> None:
    names = [f"manual-{number}.pdf" for number in range(6)]
    kb_id, _ = service.knowledge_base("Cancelled", {name: long_document(tmp_path / name, pages=16) for name in names})
    task_id = service.start(kb_id)
    eventually(lambda: service.read("GET", f"/sync-tasks/{task_id}")["progress"] > 0, "the sync did not begin")

    answer = service.ask("POST", f"/sync-tasks/{task_id}/cancel").json()
    assert (answer["message"], answer["data"]["status"]) == ("任务取消成功", "cancelled")
    task = service.read("GET", f"/sync-tasks/{task_id}")
    assert (task["status"], task["current_step"]) == ("cancelled", "已取消")
    assert task["processed_documents"] == answer["data"]["processed_documents"] < len(names)
    statuses = [document["status"] for document in service.documents(kb_id).values()]
    assert statuses.count("completed") == task["processed_documents"]
    assert statuses.count("uploaded") == len(names) - task["processed_documents"]

    again = service.ended(service.start(kb_id))
    assert (again["status"], again["total_documents"]) == ("completed", len(names) - task["processed_documents"])
    assert service.read("GET", f"/sync-tasks/{task_id}") == task
    for document in service.documents(kb_id).values():
        found = service.pages(f"/documents/{document['id']}/chunks", size=100)
        assert len(found) == document["chunk_count"] > 0
