"""Sync tasks: starting, cancelling and retrying them. What they show is in `sync_progress.py`."""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shared import clock, ids
from shared.errors import (
    DocumentsNotFound,
    IdempotencyKeyReused,
    InvalidRequest,
    KbSyncError,
    NothingToRetry,
    NothingToSync,
    ServiceUnavailable,
    SyncAlreadyRunning,
    SyncNotEnded,
    SyncNotRunning,
)
from shared.kb_lock import LockHolder
from shared.models import Document, DocumentRun, KnowledgeBase, SyncTask, run_id
from shared.queue import TaskName
from shared.resources import Resources
from shared.settings import Settings
from shared.states import DocumentStatus, RunStatus, TaskStatus, TaskType

logger = logging.getLogger(__name__)

CREATOR_WAIT_SECONDS = 2.0
"""How long a lock whose task is not there yet is taken for that of a creator who is about to write it."""

COMMIT_SECONDS = 10.0
"""The most that a commit of chunks may take; a cancel waits for one that has begun."""


@dataclass(frozen=True)
class SyncRequest:
    """What a client asks for."""

    kb_id: str
    task_type: TaskType
    document_ids: tuple[str, ...] = ()
    request_id: str | None = None


@dataclass(frozen=True)
class Cancellation:
    task: SyncTask
    processed_documents: int


@dataclass(frozen=True)
class Retry:
    task: SyncTask
    document_ids: tuple[str, ...]


def create(resources: Resources, request: SyncRequest, *, idempotency_key: str | None = None) -> SyncTask:
    """Start a sync and return its task.

    Checks in this order: knowledge base, body, documents, nothing to do, running task. Raises
    `KnowledgeBaseNotFound`, `InvalidRequest`, `IdempotencyKeyReused`, `DocumentsNotFound`, `NothingToSync`,
    `SyncAlreadyRunning`, `ServiceUnavailable`.
    """
    knowledge_base = resources.knowledge_bases.get(request.kb_id)
    if request.task_type is TaskType.FULL_SYNC and request.document_ids:
        raise InvalidRequest("document_ids", "must be empty for full_sync")
    if idempotency_key is None:
        return _create(resources, knowledge_base, request, task_id=ids.new_task_id())
    return _create_once(resources, knowledge_base, request, key=f"{request.kb_id}/{idempotency_key}")


def _create_once(resources: Resources, knowledge_base: KnowledgeBase, request: SyncRequest, *, key: str) -> SyncTask:
    """Make the task of an idempotency key, or return the one that it made before."""
    body = json.dumps([request.task_type, *request.document_ids])
    body_hash = hashlib.sha256(body.encode()).hexdigest()
    own_id = ids.new_task_id()
    bound_hash, task_id = resources.idempotency_keys.claim(key, body_hash=body_hash, task_id=own_id)
    if bound_hash != body_hash:
        raise IdempotencyKeyReused
    if task_id != own_id:
        made = _await_task(resources, task_id)
        if made is not None:
            return made
        if not resources.idempotency_keys.rebind(key, task_id=task_id, new_task_id=own_id):
            return _create_once(resources, knowledge_base, request, key=key)
    try:
        return _create(resources, knowledge_base, request, task_id=own_id)
    except KbSyncError as error:
        made = resources.sync_tasks.find(task_id)  # of a request that was taken for dead and was only slow
        if made is not None:
            resources.idempotency_keys.rebind(key, task_id=own_id, new_task_id=task_id)
            return made
        # Where MongoDB did not answer, what was written is unknown: the same key must find it.
        if not (isinstance(error, ServiceUnavailable) and error.service == "mongodb"):
            resources.idempotency_keys.release(key, task_id=own_id)
        raise


def _await_task(resources: Resources, task_id: str) -> SyncTask | None:
    """Return a task that another request is about to write, or None where that request died or was refused."""
    deadline = time.monotonic() + 2 * CREATOR_WAIT_SECONDS  # it may have to wait for a lock itself
    while True:
        task = resources.sync_tasks.find(task_id)
        if task is not None or time.monotonic() > deadline:
            return task
        time.sleep(0.05)


def _create(resources: Resources, knowledge_base: KnowledgeBase, request: SyncRequest, *, task_id: str) -> SyncTask:
    documents = _choose_documents(resources, request)
    return _begin(
        resources,
        knowledge_base,
        documents,
        task_id=task_id,
        task_type=request.task_type,
        request_id=request.request_id,
    )


def _choose_documents(resources: Resources, request: SyncRequest) -> list[Document]:
    if not request.document_ids:
        return resources.documents.with_status(request.kb_id, DocumentStatus.UPLOADED)
    wanted = list(dict.fromkeys(request.document_ids))
    found = resources.documents.get_many(request.kb_id, wanted)
    unknown = [document_id for document_id in wanted if document_id not in found]
    if unknown:
        raise DocumentsNotFound(unknown)
    return [found[document_id] for document_id in wanted]


def _begin(
    resources: Resources,
    knowledge_base: KnowledgeBase,
    documents: Sequence[Document],
    *,
    task_id: str,
    task_type: TaskType,
    request_id: str | None,
    retry_of: str | None = None,
) -> SyncTask:
    """Write the records first and the task last: with it the sync exists, without it nobody sees the records."""
    running = resources.sync_tasks.find_active(knowledge_base.id)
    # Documents that were `uploaded` when a running sync took them are still to be done: by that sync.
    if not documents and not (running and resources.runs.any_active_fresh(running.id)):
        raise NothingToSync
    if running is not None:
        raise SyncAlreadyRunning(running.id)
    task = SyncTask(
        id=task_id,
        kb_id=knowledge_base.id,
        task_type=task_type,
        status=TaskStatus.PENDING,
        active=True,
        fence=resources.knowledge_bases.next_fence(knowledge_base.id),
        total_documents=len(documents),
        request_id=request_id,
        retry_of=retry_of,
        created_at=clock.now(),
    )
    holder = LockHolder(task.id, task.fence)
    _take_lock(resources, knowledge_base.id, holder)
    try:
        resources.runs.insert_many(_runs_of(task, documents, resources.settings))
        resources.sync_tasks.insert(task)
    except SyncAlreadyRunning:
        resources.runs.delete_of_task(task.id)
        resources.kb_lock.release(knowledge_base.id, holder)
        raise
    _publish(resources, task)
    return task


def _runs_of(task: SyncTask, documents: Sequence[Document], settings: Settings) -> list[DocumentRun]:
    # A sync that fits into the window sends each document by itself, so that every worker gets one.
    bundles = settings.bundle_documents > 1 and len(documents) > settings.dispatch_window
    return [
        DocumentRun(
            id=run_id(task.id, document.id),
            task_id=task.id,
            kb_id=task.kb_id,
            document_id=document.id,
            fence=task.fence,
            ordinal=ordinal,
            filename=document.filename,
            content_type=document.content_type,
            sync_documents=len(documents),
            bundled=bundles and document.file_size <= settings.bundle_document_bytes,
            request_id=task.request_id,
            previous_status=_status_before(document),
            created_at=task.created_at,
        )
        for ordinal, document in enumerate(documents, start=1)
    ]


def _status_before(document: Document) -> DocumentStatus:
    """Return what a cancel puts back; `processing` can only have been left by a crash."""
    return DocumentStatus.UPLOADED if document.status is DocumentStatus.PROCESSING else document.status


def _publish(resources: Resources, task: SyncTask) -> None:
    try:
        resources.queue.send(TaskName.START_SYNC, task.id, request_id=task.request_id)
    except ServiceUnavailable as error:  # the task is durable; the reconciler starts it
        logger.warning("start not published", extra={"task_id": task.id, "reason": str(error)})


def _take_lock(resources: Resources, kb_id: str, holder: LockHolder) -> None:
    """Take the knowledge base's lock, from a sync that has ended too. Raises `SyncAlreadyRunning`."""
    deadline = time.monotonic() + CREATOR_WAIT_SECONDS
    lock = resources.kb_lock
    while not lock.acquire(kb_id, holder):
        other = lock.holder(kb_id)
        if other is None:
            continue
        task = resources.sync_tasks.find(other.task_id)
        if task is not None and task.active:
            raise SyncAlreadyRunning(task.id)
        patience_over = time.monotonic() > deadline
        if (task is not None or patience_over) and lock.take_over(kb_id, stale=other, holder=holder):
            return
        if patience_over:
            raise SyncAlreadyRunning(other.task_id)
        time.sleep(0.02)


def cancel(resources: Resources, task_id: str) -> Cancellation:
    """Stop a pending or running sync; after this answers, no stage of it starts and nothing of it becomes visible.

    A document whose chunks are being committed at this moment is waited for, and counts as processed.
    Raises `SyncTaskNotFound`, `SyncNotRunning`.
    """
    resources.sync_tasks.get(task_id)
    cancelled = resources.sync_tasks.end(task_id, TaskStatus.CANCELLED, at=clock.now())
    if cancelled is None:
        current = resources.sync_tasks.get(task_id)
        raise SyncNotRunning(task_id=task_id, current_status=current.status)
    settle_cancelled(resources, cancelled)
    resources.progress.changed(task_id, ended=True)
    _release_lock(resources, cancelled)
    counts = resources.runs.counts([task_id])[task_id]
    return Cancellation(task=cancelled, processed_documents=counts.completed)


def _release_lock(resources: Resources, task: SyncTask) -> None:
    try:
        resources.kb_lock.release(task.kb_id, LockHolder(task.id, task.fence))
    except ServiceUnavailable as error:  # a lock whose sync has ended keeps nobody out
        logger.warning("lock not released", extra={"task_id": task.id, "reason": str(error)})


def settle_cancelled(resources: Resources, task: SyncTask) -> None:
    """End the records of a cancelled sync and give its documents their status back; may be called again.

    A worker may be about to mark a document `processing`: it is kept from that before the statuses are given back.
    """
    deadline = time.monotonic() + COMMIT_SECONDS + 1
    while not resources.runs.cancel_active(task.id) and time.monotonic() < deadline:
        time.sleep(0.02)
    resources.documents.keep_from(resources.runs.cancelled_at_first_stage(task.id), fence=task.fence)
    held = resources.documents.left_processing(task.id)
    caught = resources.runs.cancelled_among(task.id, held)
    resources.documents.restore_status(task.id, ((run.document_id, run.previous_status) for run in caught))


def retry_failed(resources: Resources, task_id: str, *, request_id: str | None = None) -> Retry:
    """Start a sync of the documents that failed in an ended one.

    Raises `SyncTaskNotFound`, `SyncNotEnded`, `NothingToRetry`, `SyncAlreadyRunning`.
    """
    task = resources.sync_tasks.get(task_id)
    if task.active:
        raise SyncNotEnded(task_id=task_id, current_status=task.status)
    failed = resources.runs.of_task(task_id, status=RunStatus.FAILED)
    found = resources.documents.get_many(task.kb_id, [run.document_id for run in failed])
    documents = [found[run.document_id] for run in failed if run.document_id in found]
    if not documents:
        raise NothingToRetry
    retry = _begin(
        resources,
        resources.knowledge_bases.get(task.kb_id),
        documents,
        task_id=ids.new_task_id(),
        task_type=TaskType.INCREMENTAL,
        request_id=request_id,
        retry_of=task_id,
    )
    return Retry(task=retry, document_ids=tuple(document.id for document in documents))
