"""What OpenAPI says of a route: its example answers, and every error that it documents with an example of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from api.errors import error_body, status_of
from api.schemas.base import ErrorAnswer, View
from shared import errors
from shared.errors import KbSyncError

Examples = Mapping[str, object]

KB_ID = "kb-550e8400-e29b-41d4-a716-446655440000"
TASK_ID = "task-dd0e8400-e29b-41d4-a716-446655440008"
OTHER_TASK_ID = "task-ee0e8400-e29b-41d4-a716-446655440009"
DOCUMENT_ID = "doc-aa0e8400-e29b-41d4-a716-446655440001"
CHUNK_ID = "chunk-550e8400-e29b-8f2c-9a3b-5d1e7c0b4a69"
REQUEST_ID = "3f0c1b52-6d0e-4e0b-9a55-1d6c1e5b8f10"

ERROR_EXAMPLES: Mapping[type[KbSyncError], KbSyncError] = {
    errors.InvalidRequest: errors.InvalidRequest("limit", "不能大于50"),
    errors.IdempotencyKeyReused: errors.IdempotencyKeyReused(),
    errors.KnowledgeBaseNotFound: errors.KnowledgeBaseNotFound(KB_ID),
    errors.KnowledgeBaseNameTaken: errors.KnowledgeBaseNameTaken("产品文档"),
    errors.DocumentsNotFound: errors.DocumentsNotFound(["doc-invalid-id"]),
    errors.DocumentNotFound: errors.DocumentNotFound("doc-invalid-id"),
    errors.ChunkNotFound: errors.ChunkNotFound("chunk-invalid-id"),
    errors.ContentNotFound: errors.ContentNotFound(DOCUMENT_ID),
    errors.UploadFailed: errors.UploadFailed(details={"filename": "PRD_v1.0.pdf"}),
    errors.DocumentTooLarge: errors.DocumentTooLarge(
        filename="PRD_v1.0.pdf", file_size=209_780_736, max_size=209_715_200
    ),
    errors.UnsupportedDocument: errors.UnsupportedDocument(filename="a.exe", detected_type="application/x-msdownload"),
    errors.DocumentInUse: errors.DocumentInUse(document_ids=[DOCUMENT_ID], running_task_id=TASK_ID),
    errors.SyncTaskNotFound: errors.SyncTaskNotFound(TASK_ID),
    errors.SyncAlreadyRunning: errors.SyncAlreadyRunning(OTHER_TASK_ID),
    errors.SyncNotRunning: errors.SyncNotRunning(task_id=TASK_ID, current_status="completed"),
    errors.NothingToSync: errors.NothingToSync(),
    errors.NothingToRetry: errors.NothingToRetry(),
    errors.SyncNotEnded: errors.SyncNotEnded(task_id=TASK_ID, current_status="running"),
    errors.SearchFailed: errors.SearchFailed(),
    errors.HumanTaskNotFound: errors.HumanTaskNotFound("task123"),
    errors.ObjectStoreUnavailable: errors.ObjectStoreUnavailable(),
    errors.BucketMissing: errors.BucketMissing(),
    errors.ObjectStoreDenied: errors.ObjectStoreDenied(),
    errors.VectorStoreFailed: errors.VectorStoreFailed(),
    errors.ServiceUnavailable: errors.ServiceUnavailable("mongodb"),
    errors.Forbidden: errors.Forbidden(),
    KbSyncError: KbSyncError(),
}

EVERYWHERE: tuple[type[KbSyncError], ...] = (errors.ServiceUnavailable, KbSyncError)
"""What any route that asks a backing service may answer."""


class Operation(TypedDict):
    """Arguments of a route's decorator."""

    operation_id: str
    summary: str
    description: str
    responses: dict[int | str, dict[str, Any]]
    response_model_exclude_none: bool


def operation(
    operation_id: str,
    *,
    summary: str,
    description: str,
    examples: Mapping[int, Examples] | None = None,
    fails: Sequence[type[KbSyncError]] = (),
    other_answers: Mapping[int, type[View]] | None = None,
) -> Operation:
    """Describe a route: a Chinese summary, an English description, answers by status and name, and its errors.

    `other_answers` are those that are no error in spite of their status.
    """
    responses = error_responses((*fails, *EVERYWHERE))
    for status, model in (other_answers or {}).items():
        responses[status] = {"model": model, "description": model.__doc__}
    for status, named in (examples or {}).items():
        responses[status] = {**responses.get(status, {}), "content": {"application/json": {"examples": _named(named)}}}
    responses["default"] = {"model": ErrorAnswer, "description": "Any other failure, in the same shape."}
    return Operation(
        operation_id=operation_id,
        summary=summary,
        description=description,
        responses=responses,
        response_model_exclude_none=True,
    )


def streaming(described: Operation, *, example: str) -> Operation:
    """Describe a route whose success is a stream of Server-Sent Events, or 204 where there is nothing more to come."""
    stream = {
        "description": "A stream of events.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": example}},
    }
    ended = {"description": "The task has ended, and the client has seen it end."}
    return {**described, "responses": {200: stream, 204: ended, **described["responses"]}}


def error_responses(kinds: Sequence[type[KbSyncError]]) -> dict[int | str, dict[str, Any]]:
    """Document errors by their status, each with an example under its code and name."""
    by_status: dict[int, list[type[KbSyncError]]] = defaultdict(list)
    for kind in kinds:
        by_status[status_of(kind)].append(kind)
    return {
        status: {
            "model": ErrorAnswer,
            "description": "; ".join(f"`{kind.code}` {kind.message('en')}" for kind in some),
            "content": {"application/json": {"examples": _error_examples(some)}},
        }
        for status, some in sorted(by_status.items())
    }


def _error_examples(kinds: Sequence[type[KbSyncError]]) -> dict[str, dict[str, object]]:
    return {
        f"{kind.code} {kind.__name__}": {
            "summary": kind.message("en"),
            "value": error_body(ERROR_EXAMPLES[kind], "zh", REQUEST_ID),
        }
        for kind in kinds
    }


def _named(examples: Examples) -> dict[str, dict[str, object]]:
    return {name: {"value": value} for name, value in examples.items()}
