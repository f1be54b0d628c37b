"""Human-in-the-loop tasks and their sync logs. The same routes stand under `/tasks` and `/humanloop/tasks`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.convertors import Convertor, register_url_convertor

from api import human_task_examples as examples
from api.dependencies import ClientLanguage, OpenResources, json_bytes
from api.operations import Operation, operation
from api.schemas.base import Text
from api.schemas.human_tasks import (
    HumanTaskView,
    SavedLogView,
    SavedTaskView,
    SyncedTaskView,
    SyncLogBody,
    SyncLogView,
    TaskBody,
    TaskDeletedView,
)
from api.validation import BadField, from_pydantic
from shared.errors import Forbidden, HumanTaskNotFound, InvalidRequest
from shared.services import human_tasks


class TaskIdConvertor(Convertor[str]):
    """A task id in a path: it may contain slashes, and the list of sync logs is none."""

    regex = "(?!sync/logs$).+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("human_task_id", TaskIdConvertor())

router = APIRouter(tags=["human-in-the-loop tasks"])

MAX_SKIP = 2**31 - 1

Limit = Annotated[int, Query(ge=1, le=1000, description="Most entries that are answered.")]
Skip = Annotated[int, Query(ge=0, le=MAX_SKIP, description="How many of the newest are passed over.")]
Filter = Annotated[Text | None, Query(description="Only entries with exactly this value.")]


def _with_nulls(described: Operation) -> Operation:
    """Answer absent values as null, as the published examples do."""
    return {**described, "response_model_exclude_none": False}


async def _task_or_log(request: Request) -> TaskBody | SyncLogBody:
    """Read a whole task, which has `conversations`, or else a sync log."""
    try:
        sent = from_json(await json_bytes(request))
    except ValueError as error:
        raise BadField("body", "json_invalid") from error
    model: type[TaskBody | SyncLogBody] = (
        TaskBody if isinstance(sent, dict) and "conversations" in sent else SyncLogBody
    )
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise from_pydantic(error, "body") from error


SYNC_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/TaskBody"},
                        {**SyncLogBody.model_json_schema(), "not": {"required": ["conversations"]}},
                    ]
                },
                "examples": {
                    "sync log": {"value": examples.NEW_SYNC_LOG},
                    "whole task": {"value": examples.NEW_TASK},
                },
            }
        },
    }
}


@router.post(
    "",
    status_code=201,
    **_with_nulls(
        operation(
            "save_human_task",
            summary="创建或更新任务",
            description=(
                "Create a task (201), or replace those fields of a known `task_id` that are sent (200). "
                "Creating needs `conversations`, `metadata` and `timestamp`."
            ),
            examples={201: {"created": examples.TASK_CREATED}, 200: {"updated": examples.TASK_UPDATED}},
            fails=[InvalidRequest, Forbidden],
        )
    ),
)
def save_task(body: TaskBody, response: Response, resources: OpenResources) -> SavedTaskView:
    saved = human_tasks.save(resources, body.to_changes())
    response.status_code = 200 if saved.updated else 201
    return SavedTaskView.of(saved)


@router.get(
    "",
    **_with_nulls(
        operation(
            "list_human_tasks",
            summary="获取任务列表",
            description="List tasks, newest first.",
            examples={200: {"tasks": [examples.TASK]}},
            fails=[InvalidRequest],
        )
    ),
)
def list_tasks(
    *,
    resources: OpenResources,
    task_id: Filter = None,
    user_id: Filter = None,
    token_id: Filter = None,
    limit: Limit = 100,
    skip: Skip = 0,
) -> list[HumanTaskView]:
    found = human_tasks.list_tasks(
        resources, task_id=task_id, user_id=user_id, token_id=token_id, skip=skip, limit=limit
    )
    return [HumanTaskView.of(task) for task in found]


@router.post(
    "/sync",
    status_code=201,
    openapi_extra=SYNC_BODY,
    **_with_nulls(
        operation(
            "sync_human_task",
            summary="创建同步日志",
            description=(
                "Write a sync log (it has `sync_status`), or save a whole task (it has `conversations`) with a log of "
                "its sync. A task that was known answers 200."
            ),
            examples={
                201: {"sync log": examples.SYNC_LOG_CREATED, "whole task": examples.TASK_SYNCED},
                200: {"known task": examples.TASK_SYNCED_AGAIN},
            },
            fails=[InvalidRequest, Forbidden],
        )
    ),
)
def sync_task(
    body: Annotated[TaskBody | SyncLogBody, Depends(_task_or_log)], response: Response, resources: OpenResources
) -> SyncedTaskView | SavedLogView:
    if isinstance(body, SyncLogBody):
        return SavedLogView(id=human_tasks.add_log(resources, body.to_log()), task_id=body.task_id)
    saved = human_tasks.sync(resources, body.to_changes())
    response.status_code = 200 if saved.updated else 201
    return SyncedTaskView(data=SavedTaskView.of(saved))


@router.get(
    "/sync/logs",
    **_with_nulls(
        operation(
            "list_human_sync_logs",
            summary="获取同步日志列表",
            description="List sync logs, newest first. Logs outlive their task.",
            examples={200: {"logs": [examples.SYNC_LOG]}},
            fails=[InvalidRequest],
        )
    ),
)
def list_sync_logs(
    *,
    resources: OpenResources,
    task_id: Filter = None,
    user_id: Filter = None,
    sync_status: Filter = None,
    limit: Limit = 100,
    skip: Skip = 0,
) -> list[SyncLogView]:
    found = human_tasks.list_logs(
        resources, task_id=task_id, user_id=user_id, sync_status=sync_status, skip=skip, limit=limit
    )
    return [SyncLogView.of(log) for log in found]


@router.get(
    "/{task_id:human_task_id}",
    **_with_nulls(
        operation(
            "get_human_task",
            summary="获取单个任务",
            description="Show one task: the newest, where an admin sees several users with a task of this id.",
            examples={200: {"task": examples.TASK}},
            fails=[HumanTaskNotFound],
        )
    ),
)
def get_task(task_id: str, resources: OpenResources, user_id: Filter = None) -> HumanTaskView:
    return HumanTaskView.of(human_tasks.get(resources, task_id, user_id=user_id))


@router.delete(
    "/{task_id:human_task_id}",
    **_with_nulls(
        operation(
            "delete_human_task",
            summary="删除任务",
            description="Remove a task; its sync logs stay. Of several users' tasks of this id the newest goes.",
            examples={200: {"deleted": examples.TASK_DELETED}},
            fails=[HumanTaskNotFound],
        )
    ),
)
def delete_task(
    task_id: str, resources: OpenResources, language: ClientLanguage, user_id: Filter = None
) -> TaskDeletedView:
    human_tasks.delete(resources, task_id, user_id=user_id)
    return TaskDeletedView(message="Task deleted" if language == "en" else "任务删除成功")
