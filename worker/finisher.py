"""Ending documents and syncs, each exactly once."""

import logging

from celery import Celery

from shared import clock
from shared.counters import Counter
from shared.errors import KbSyncError, ServiceUnavailable
from shared.kb_lock import LockHolder
from shared.models import DocumentRun, RunCounts, RunRef, SyncTask, run_id
from shared.progress import failure_message
from shared.queue import TaskName
from shared.resources import Resources
from shared.states import RunStatus, Stage, TaskStatus
from worker.dispatcher import dispatch

logger = logging.getLogger(__name__)


def fail_document(
    resources: Resources,
    app: Celery,
    ref: RunRef,
    *,
    stage: Stage,
    error: KbSyncError,
    milliseconds: int = 0,
    lease: str | None = None,
    owner: str | None = None,
) -> None:
    """End a document with its reason, and let the sync go on without it; `milliseconds` is what the stage took.

    Who works on it names the lease, so that one who lost it fails nothing.
    """
    run = resources.runs.get(ref.run_id)
    if run is None:
        return
    failed = resources.runs.fail(
        ref,
        stage=stage,
        error_message=failure_message(stage, error.message(), content_type=run.content_type),
        error_message_en=failure_message(stage, error.message("en"), "en", content_type=run.content_type),
        error_code=error.code,
        retryable=error.retryable,
        milliseconds=milliseconds,
        lease=lease,
        owner=owner,
    )
    if not failed:
        return
    logger.warning(
        "document failed",
        extra={"stage": stage, "code": error.code, "reason": error.reason or error.message("en")},
    )
    run = resources.runs.get(ref.run_id)
    if run is not None:
        mark_document_failed(resources, run)
    resources.counters.add({Counter.DOCUMENTS_FAILED: 1})
    resources.progress.changed(ref.task_id)
    after_document(resources, app, ref.task_id)


def mark_document_failed(resources: Resources, run: DocumentRun) -> None:
    """Let the document say what its record says."""
    resources.documents.mark_failed(
        run.document_id,
        task_id=run.task_id,
        error_message=run.error_message or "",
        error_message_en=run.error_message_en or "",
        error_code=run.error_code or "",
    )


def after_document(resources: Resources, app: Celery, task_id: str) -> None:
    """Send the next documents, or end the sync where this was the last."""
    dispatch(resources, app, task_id)
    finish(resources, task_id)


def finish(resources: Resources, task_id: str) -> SyncTask | None:
    """End a sync whose documents have all ended. Anyone may try; the one who wins gets the task back.

    The winner releases the lock. Where it dies before that, the reconciler releases it.
    """
    task = resources.sync_tasks.find(task_id)
    if task is None or not task.active or resources.runs.any_active(task_id):
        return None
    _settle_documents(resources, task_id)
    counts = resources.runs.counts([task_id])[task_id]
    ended = resources.sync_tasks.end(task_id, terminal_status(counts), at=clock.now())
    if ended is None:
        return None
    resources.progress.changed(task_id, ended=True)
    logger.info(
        "sync ended",
        extra={"task_id": task_id, "status": ended.status, "completed": counts.completed, "failed": counts.failed},
    )
    _release(resources, ended)
    return ended


def terminal_status(counts: RunCounts) -> TaskStatus:
    """Sum up how the documents of a sync ended."""
    if counts.failed == 0 and counts.completed > 0:
        return TaskStatus.COMPLETED
    return TaskStatus.PARTIAL_SUCCESS if counts.completed > 0 else TaskStatus.FAILED


def _settle_documents(resources: Resources, task_id: str) -> None:
    """Mend documents whose worker died between ending the record and marking the document."""
    for document_id in resources.documents.left_processing(task_id):
        run = resources.runs.get(run_id(task_id, document_id))
        if run is not None and run.status is RunStatus.FAILED:
            mark_document_failed(resources, run)


def _release(resources: Resources, task: SyncTask) -> None:
    resources.counters.add({Counter.SYNCS_ENDED: 1})
    try:
        resources.kb_lock.release(task.kb_id, LockHolder(task.id, task.fence))
        resources.queue.send(TaskName.OPTIMIZE, task.kb_id)
    except ServiceUnavailable as error:
        logger.warning("lock not released", extra={"task_id": task.id, "reason": str(error)})
