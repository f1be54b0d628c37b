"""Sync tasks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from api import examples
from api.dependencies import (
    ClientLanguage,
    OpenResources,
    RequestedPage,
    RequestId,
    json_body_after_knowledge_base,
)
from api.operations import operation
from api.schemas.base import Data, MessageData, Page, pagination
from api.schemas.sync_tasks import (
    CancellationView,
    RetryView,
    SyncBody,
    SyncTaskCreatedView,
    SyncTaskView,
    TaskDocumentView,
)
from shared.errors import (
    DocumentsNotFound,
    IdempotencyKeyReused,
    InvalidRequest,
    KnowledgeBaseNotFound,
    NothingToRetry,
    NothingToSync,
    SyncAlreadyRunning,
    SyncNotEnded,
    SyncNotRunning,
    SyncTaskNotFound,
)
from shared.services import sync_progress, sync_tasks
from shared.states import RunStatus, TaskStatus

router = APIRouter(tags=["sync tasks"])

CheckedSyncBody = Annotated[SyncBody, Depends(json_body_after_knowledge_base(SyncBody))]

SYNC_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": SyncBody.model_json_schema()}}}
}


def _location(task_id: str) -> str:
    return f"/api/v1/sync-tasks/{task_id}"


@router.post(
    "/knowledge-bases/{kb_id}/sync",
    status_code=201,
    openapi_extra=SYNC_BODY,
    **operation(
        "create_sync_task",
        summary="创建同步任务",
        description=(
            "Start a sync. An empty `document_ids` means every document with status `uploaded`. The answer has a "
            "`Location` header. With an `Idempotency-Key` the same request answers the same task for 24 hours."
        ),
        examples={201: {"created": examples.SYNC_CREATED}},
        fails=[
            InvalidRequest,
            KnowledgeBaseNotFound,
            DocumentsNotFound,
            NothingToSync,
            SyncAlreadyRunning,
            IdempotencyKeyReused,
        ],
    ),
)
def create_sync_task(
    *,
    kb_id: str,
    body: CheckedSyncBody,
    response: Response,
    resources: OpenResources,
    request_id: RequestId,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Data[SyncTaskCreatedView]:
    task = sync_tasks.create(resources, body.to_request(kb_id, request_id), idempotency_key=idempotency_key)
    response.headers["Location"] = _location(task.id)
    return Data(data=SyncTaskCreatedView.of(task))


@router.get(
    "/knowledge-bases/{kb_id}/sync-tasks",
    **operation(
        "list_sync_tasks",
        summary="获取同步任务列表",
        description="List the sync tasks of a knowledge base, newest first.",
        examples={200: {"tasks": {"data": [examples.SYNC_RUNNING, examples.SYNC_COMPLETED]}}},
        fails=[InvalidRequest, KnowledgeBaseNotFound],
    ),
)
def list_sync_tasks(
    kb_id: str,
    resources: OpenResources,
    language: ClientLanguage,
    status: Annotated[TaskStatus | None, Query(description="Only tasks of this status.")] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Most tasks that are answered.")] = 10,
) -> Data[list[SyncTaskView]]:
    views = sync_progress.list_tasks(resources, kb_id, status=status, limit=limit, language=language)
    return Data(data=[SyncTaskView.of(view) for view in views])


@router.get(
    "/sync-tasks/{task_id}",
    **operation(
        "get_sync_task",
        summary="获取任务详情",
        description="Show a sync task with every document of it.",
        examples={
            200: {
                "running": {"data": examples.SYNC_RUNNING_DETAIL},
                "partial success": {"data": examples.SYNC_PARTIAL_DETAIL},
            }
        },
        fails=[SyncTaskNotFound],
    ),
)
def get_sync_task(task_id: str, resources: OpenResources, language: ClientLanguage) -> Data[SyncTaskView]:
    view = sync_progress.get_task(resources, task_id, language=language)
    runs = sync_progress.task_documents(resources, task_id)
    return Data(data=SyncTaskView.of(view, documents=runs, language=language))


@router.get(
    "/sync-tasks/{task_id}/documents",
    **operation(
        "list_sync_task_documents",
        summary="获取任务的文档列表",
        description="List the documents of a task by their place in it, page by page.",
        examples={
            200: {
                "page": {
                    "data": [examples.DOCUMENT_RUN_COMPLETED, examples.DOCUMENT_RUN_FAILED],
                    "pagination": examples.TWO_ENTRIES,
                }
            }
        },
        fails=[InvalidRequest, SyncTaskNotFound],
    ),
)
def list_sync_task_documents(
    task_id: str,
    page: RequestedPage,
    resources: OpenResources,
    language: ClientLanguage,
    status: Annotated[RunStatus | None, Query(description="Only documents of this status.")] = None,
) -> Page[TaskDocumentView]:
    runs, total = sync_progress.page_documents(resources, task_id, status=status, number=page.number, size=page.size)
    return Page(data=[TaskDocumentView.of(run, language) for run in runs], pagination=pagination(page, total))


@router.post(
    "/sync-tasks/{task_id}/cancel",
    **operation(
        "cancel_sync_task",
        summary="取消任务",
        description=(
            "Stop a pending or running task. Documents that are done stay; one that was caught in the middle returns "
            "to the status that it had."
        ),
        examples={200: {"cancelled": examples.SYNC_CANCELLED}},
        fails=[SyncTaskNotFound, SyncNotRunning],
    ),
)
def cancel_sync_task(task_id: str, resources: OpenResources, language: ClientLanguage) -> MessageData[CancellationView]:
    cancellation = sync_tasks.cancel(resources, task_id)
    message = "Task cancelled" if language == "en" else "任务取消成功"
    return MessageData(message=message, data=CancellationView.of(cancellation))


@router.post(
    "/sync-tasks/{task_id}/retry-failed",
    status_code=201,
    **operation(
        "retry_failed_documents",
        summary="重试失败文档",
        description="Start a new task on the documents that failed in this one. The answer has a `Location` header.",
        examples={201: {"created": examples.SYNC_RETRIED}},
        fails=[SyncTaskNotFound, SyncNotEnded, NothingToRetry, SyncAlreadyRunning],
    ),
)
def retry_failed_documents(
    task_id: str,
    response: Response,
    resources: OpenResources,
    language: ClientLanguage,
    request_id: RequestId,
) -> MessageData[RetryView]:
    retry = sync_tasks.retry_failed(resources, task_id, request_id=request_id)
    response.headers["Location"] = _location(retry.task.id)
    message = "Retry task created" if language == "en" else "重试任务已创建"
    return MessageData(message=message, data=RetryView.of(retry))
