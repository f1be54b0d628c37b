"""Sync tasks in requests and answers, with the fields in the order of the owner's examples."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import ConfigDict, Field, WithJsonSchema

from api.language import Language
from api.schemas.base import RequestModel, Text, UtcTime, View
from shared.models import DocumentRun, SyncTask
from shared.services.sync_progress import TaskView
from shared.services.sync_tasks import Cancellation, Retry, SyncRequest
from shared.states import RunStatus, Stage, TaskStatus, TaskType

MAX_DOCUMENTS = 10_000


class SyncBody(RequestModel):
    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"task_type": "full_sync", "document_ids": []}},
    )

    task_type: Annotated[TaskType, WithJsonSchema({"type": "string", "enum": list(TaskType)})] = Field(
        description="full_sync: every document with status `uploaded`; incremental: those in `document_ids`."
    )
    document_ids: Annotated[list[Text], Field(max_length=MAX_DOCUMENTS)] = Field(
        default=[], description="Empty for all documents with status `uploaded`."
    )

    def to_request(self, kb_id: str, request_id: str | None) -> SyncRequest:
        return SyncRequest(
            kb_id=kb_id,
            task_type=self.task_type,
            document_ids=tuple(self.document_ids),
            request_id=request_id,
        )


class SyncTaskCreatedView(View):
    task_id: str
    kb_id: str
    task_type: TaskType
    status: TaskStatus
    total_documents: int
    created_at: UtcTime

    @classmethod
    def of(cls, task: SyncTask) -> Self:
        return cls(
            task_id=task.id,
            kb_id=task.kb_id,
            task_type=task.task_type,
            status=task.status,
            total_documents=task.total_documents,
            created_at=task.created_at,
        )


class TaskDocumentView(View):
    """One document inside one task."""

    document_id: str
    filename: str
    status: RunStatus
    error_message: str | None = None
    chunks_created: int
    processing_time_ms: int
    error_code: str | None = None
    retryable: bool | None = None
    stage: Stage | None = Field(None, description="The stage that failed.")

    @classmethod
    def of(cls, run: DocumentRun, language: Language) -> Self:
        in_english = language == "en" and run.error_message_en is not None
        return cls(
            document_id=run.document_id,
            filename=run.filename,
            status=run.status,
            error_message=run.error_message_en if in_english else run.error_message,
            chunks_created=run.chunks_created,
            processing_time_ms=run.processing_time_ms,
            error_code=run.error_code,
            retryable=run.retryable,
            stage=run.error_stage,
        )


class SyncTaskView(View):
    id: str
    kb_id: str
    task_type: TaskType
    status: TaskStatus
    progress: int = Field(ge=0, le=100)
    current_step: str
    total_documents: int
    processed_documents: int
    failed_documents: int
    documents: tuple[TaskDocumentView, ...] | None = None
    started_at: UtcTime | None = None
    completed_at: UtcTime | None = None
    created_at: UtcTime
    cancelled_at: UtcTime | None = None
    eta_seconds: int | None = Field(None, description="An estimate, while the task runs.")
    documents_unchanged: int
    chunks_created: int
    embeddings_reused: int
    retry_of: str | None = Field(None, description="The task whose failed documents this one works on.")

    @classmethod
    def of(cls, view: TaskView, *, documents: Sequence[DocumentRun] | None = None, language: Language = "zh") -> Self:
        task, counts = view.task, view.counts
        listed = None if documents is None else tuple(TaskDocumentView.of(run, language) for run in documents)
        return cls(
            id=task.id,
            kb_id=task.kb_id,
            task_type=task.task_type,
            status=task.status,
            progress=view.progress.percent,
            current_step=view.progress.current_step,
            total_documents=task.total_documents,
            processed_documents=counts.completed,
            failed_documents=counts.failed,
            documents=listed,
            started_at=task.started_at,
            completed_at=task.completed_at,
            created_at=task.created_at,
            cancelled_at=task.cancelled_at,
            eta_seconds=view.progress.eta_seconds,
            documents_unchanged=counts.unchanged,
            chunks_created=counts.chunks_created,
            embeddings_reused=counts.embeddings_reused,
            retry_of=task.retry_of,
        )


class CancellationView(View):
    task_id: str
    status: TaskStatus
    processed_documents: int
    cancelled_at: UtcTime | None

    @classmethod
    def of(cls, cancellation: Cancellation) -> Self:
        task = cancellation.task
        return cls(
            task_id=task.id,
            status=task.status,
            processed_documents=cancellation.processed_documents,
            cancelled_at=task.cancelled_at,
        )


class RetryView(View):
    new_task_id: str
    retry_document_count: int
    document_ids: tuple[str, ...]

    @classmethod
    def of(cls, retry: Retry) -> Self:
        return cls(
            new_task_id=retry.task.id,
            retry_document_count=len(retry.document_ids),
            document_ids=retry.document_ids,
        )
