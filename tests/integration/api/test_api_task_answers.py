"""Tasks as the published examples show them, from the records that workers would have written."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared import clock
from shared.chunking.model import ChunkingOptions
from shared.models import DocumentRun, EmbeddingChoice, KnowledgeBase, SyncTask, run_id
from shared.resources import Resources
from shared.states import DocumentStatus, RunStatus, Stage, TaskStatus, TaskType

API = "/api/v1"
KB_ID = "kb-550e8400-e29b-41d4-a716-446655440000"
EXTRA_FIELDS = {"documents_unchanged", "chunks_created", "embeddings_reused"}
EXTRA_RUN_FIELDS = {"processing_time_ms", "error_code", "retryable", "stage"}
ESTIMATES = ("progress", "current_step")
"""What the published running example shows does not follow from its own formula; they have a test of their own."""

Example = dict[str, Any]


@pytest.fixture(autouse=True)
def published_knowledge_base(api_client: TestClient, resources: Resources) -> None:
    resources.knowledge_bases.insert(
        KnowledgeBase(
            id=KB_ID,
            name="产品文档",
            chunking=ChunkingOptions(),
            embedding=EmbeddingChoice(provider="hashing", model="words-64"),
            created_at=clock.now(),
            updated_at=clock.now(),
        )
    )


def insert_task(resources: Resources, example: Example) -> None:
    status = TaskStatus(example["status"])
    moments = {name: datetime.fromisoformat(example[name]) for name in example if name.endswith("_at")}
    resources.sync_tasks.insert(
        SyncTask(
            id=example["id"],
            kb_id=example["kb_id"],
            task_type=TaskType(example["task_type"]),
            status=status,
            active=status in (TaskStatus.PENDING, TaskStatus.RUNNING),
            fence=1,
            total_documents=example["total_documents"],
            **moments,
        )
    )


def insert_runs(resources: Resources, task: Example, documents: list[Example]) -> None:
    """Write the listed documents, and plain ones for those that the example leaves out."""
    listed = [each["status"] for each in documents]
    fill = {
        "completed": task["processed_documents"] - listed.count("completed"),
        "failed": task["failed_documents"] - listed.count("failed"),
    }
    left_out = [
        {"document_id": f"doc-{status}-{number}", "filename": f"{number}.pdf", "status": status, "chunks_created": 1}
        for status, count in fill.items()
        for number in range(count)
    ]
    resources.runs.insert_many(
        [make_run(task, each, ordinal) for ordinal, each in enumerate([*documents, *left_out], start=1)]
    )


def make_run(task: Example, document: Example, ordinal: int) -> DocumentRun:
    started_at = datetime.fromisoformat(task["started_at"])
    milliseconds = document.get("processing_time_ms", 1000)
    status = RunStatus(document["status"])
    failed = status is RunStatus.FAILED
    return DocumentRun(
        id=run_id(task["id"], document["document_id"]),
        task_id=task["id"],
        kb_id=task["kb_id"],
        document_id=document["document_id"],
        fence=1,
        ordinal=ordinal,
        filename=document["filename"],
        status=status,
        previous_status=DocumentStatus.UPLOADED,
        stage=Stage.EMBED if status is RunStatus.PROCESSING else None,
        chunks_created=document["chunks_created"],
        error_message=document.get("error_message"),
        error_message_en="PDF conversion failed: The file is damaged" if failed else None,
        error_code="3010" if failed else None,
        error_stage=Stage.CONVERT if failed else None,
        retryable=False if failed else None,
        stage_ms={Stage.CONVERT: milliseconds},
        created_at=started_at,
        started_at=started_at,
        finished_at=None if status is RunStatus.PROCESSING else started_at + timedelta(minutes=5),
        updated_at=started_at,
    )


def assert_as_published(answer: Mapping[str, object], example: Example, *, extra: set[str]) -> None:
    """Every published field is there with its value and in its order; nothing else is but what the contract adds."""
    assert [name for name in answer if name in example] == list(example)
    assert set(answer) - set(example) <= extra
    assert {name: answer[name] for name in example if name not in ("documents", *ESTIMATES)} == {
        name: value for name, value in example.items() if name not in ("documents", *ESTIMATES)
    }


def test_list_is_as_published(api_client: TestClient, resources: Resources, published: dict[str, Example]) -> None:
    examples: list[Example] = published["task_list"]["data"]
    for example in reversed(examples):
        insert_task(resources, example)
        insert_runs(resources, example, [])
    answer = api_client.get(f"{API}/knowledge-bases/{KB_ID}/sync-tasks").json()
    assert list(answer) == ["data"]
    assert len(answer["data"]) == len(examples)
    for task, example in zip(answer["data"], examples, strict=True):
        extra = EXTRA_FIELDS | ({"eta_seconds"} if example["status"] == "running" else set())
        assert_as_published(task, example, extra=extra)
    ended = [(task["progress"], task["current_step"]) for task in answer["data"][1:]]
    assert ended == [(example["progress"], example["current_step"]) for example in examples[1:]]


@pytest.mark.parametrize("status", list(TaskStatus))
def test_list_filters_by_every_status(
    api_client: TestClient, resources: Resources, published: dict[str, Example], status: TaskStatus
) -> None:
    for example in published["task_list"]["data"]:
        insert_task(resources, example)
    tasks = api_client.get(f"{API}/knowledge-bases/{KB_ID}/sync-tasks?status={status}").json()["data"]
    expected = [each["id"] for each in published["task_list"]["data"] if each["status"] == status]
    assert [task["id"] for task in tasks] == expected


def test_list_is_newest_first_and_ten_long_by_default(
    api_client: TestClient, resources: Resources, published: dict[str, Example]
) -> None:
    example = published["task_list"]["data"][1]
    for day in range(1, 13):
        insert_task(resources, {**example, "id": f"task-{day}", "created_at": f"2025-01-{day:02}T00:00:00Z"})
    path = f"{API}/knowledge-bases/{KB_ID}/sync-tasks"
    assert [task["id"] for task in api_client.get(path).json()["data"]] == [f"task-{day}" for day in range(12, 2, -1)]
    assert len(api_client.get(f"{path}?limit=50").json()["data"]) == 12


def test_running_detail_is_as_published(
    api_client: TestClient, resources: Resources, published: dict[str, Example]
) -> None:
    example: Example = published["task_running"]["data"]
    insert_task(resources, example)
    insert_runs(resources, example, example["documents"])
    answer = api_client.get(f"{API}/sync-tasks/{example['id']}").json()
    assert list(answer) == ["data"]
    assert_as_published(answer["data"], example, extra=EXTRA_FIELDS | {"eta_seconds"})
    assert answer["data"]["documents"] == example["documents"]
    assert [list(document) for document in answer["data"]["documents"]] == [list(each) for each in example["documents"]]


def test_running_task_shows_the_formulas_progress_and_the_step_in_its_wording(
    api_client: TestClient, resources: Resources, published: dict[str, Example]
) -> None:
    example: Example = published["task_running"]["data"]
    insert_task(resources, example)
    insert_runs(resources, example, example["documents"])
    task = api_client.get(f"{API}/sync-tasks/{example['id']}").json()["data"]
    assert (task["progress"], task["current_step"]) == (66, "正在向量化 PRD_v2.0.pdf (3/3)")
    assert task["eta_seconds"] > 0
    assert (task["documents_unchanged"], task["chunks_created"], task["embeddings_reused"]) == (0, 77, 0)


def test_partial_success_is_as_published(
    api_client: TestClient, resources: Resources, published: dict[str, Example]
) -> None:
    example: Example = published["task_partial_success"]["data"]
    insert_task(resources, example)
    insert_runs(resources, example, example["documents"])
    task = api_client.get(f"{API}/sync-tasks/{example['id']}").json()["data"]
    assert_as_published(task, example, extra=EXTRA_FIELDS)
    assert (task["progress"], task["current_step"]) == (100, "完成（部分失败）")
    assert len(task["documents"]) == example["total_documents"]
    for document, published_document in zip(task["documents"], example["documents"], strict=False):
        assert_as_published(document, published_document, extra=EXTRA_RUN_FIELDS)
        assert (document["error_code"], document["retryable"], document["stage"]) == ("3010", False, "convert")


def test_failure_is_english_on_request(
    api_client: TestClient, resources: Resources, published: dict[str, Example]
) -> None:
    example: Example = published["task_partial_success"]["data"]
    insert_task(resources, example)
    insert_runs(resources, example, example["documents"])
    path = f"{API}/sync-tasks/{example['id']}"
    task = api_client.get(path, headers={"Accept-Language": "en"}).json()["data"]
    assert task["current_step"] == "Completed (some failed)"
    assert task["documents"][0]["error_message"] == "PDF conversion failed: The file is damaged"


def test_documents_of_a_task_are_paged_and_filtered(
    api_client: TestClient, resources: Resources, published: dict[str, Example]
) -> None:
    example: Example = published["task_partial_success"]["data"]
    insert_task(resources, example)
    insert_runs(resources, example, example["documents"])
    path = f"{API}/sync-tasks/{example['id']}/documents"
    page = api_client.get(f"{path}?page=2&page_size=4").json()
    assert page["pagination"] == {"page": 2, "page_size": 4, "total": 10, "total_pages": 3}
    assert len(page["data"]) == 4
    failed = api_client.get(f"{path}?status=failed").json()
    assert [each["document_id"] for each in failed["data"]] == ["doc-gg0e8400", "doc-hh0e8400"]
    assert api_client.get(f"{path}?status=gone").json()["error"]["code"] == "1002"
