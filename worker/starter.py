"""Starting a sync: what has not changed is done at once, the rest goes into the queues."""

import logging
from contextlib import suppress

from celery import Celery

from shared import logs
from shared.counters import Counter
from shared.errors import KnowledgeBaseNotFound, StageError, SyncNotRunning, SyncTaskNotFound
from shared.models import Document, KnowledgeBase, SyncTask
from shared.resources import Resources
from shared.services.sync_tasks import cancel
from shared.states import RunStatus, TaskStatus
from shared.vector_stores.base import DocumentChunks
from worker.dispatcher import dispatch
from worker.finisher import finish

logger = logging.getLogger(__name__)


def start_sync(resources: Resources, app: Celery, task_id: str) -> None:
    """Start a task and send its first documents; may be called again at any time.

    What has not changed is settled while the task is still pending, so that nobody dispatches it meanwhile.
    """
    task = resources.sync_tasks.find(task_id)
    if task is None or not task.active:
        return
    with logs.bound(request_id=task.request_id, task_id=task.id):
        if task.status is TaskStatus.PENDING:
            _prepare(resources, task)
        dispatch(resources, app, task_id)
        finish(resources, task_id)


def _prepare(resources: Resources, task: SyncTask) -> None:
    try:
        _complete_unchanged(resources, task, resources.knowledge_bases.get(task.kb_id))
    except KnowledgeBaseNotFound:  # removed while its sync was being created; the deletion did not see it
        with suppress(SyncNotRunning, SyncTaskNotFound):
            cancel(resources, task.id)
        return
    except StageError as error:  # every document is worked on then, and says for itself what is wrong
        logger.warning("unchanged documents not found out", extra={"reason": str(error)})
    if resources.sync_tasks.start(task.id):
        resources.progress.changed(task.id)
        logger.info("sync started", extra={"kb_id": task.kb_id, "documents": task.total_documents})


def _complete_unchanged(resources: Resources, task: SyncTask, knowledge_base: KnowledgeBase) -> None:
    """End the documents whose chunks are already what this sync would make of them, and are in the vector store."""
    waiting = [run for run in resources.runs.of_task(task.id, status=RunStatus.PENDING) if run.wake_at is None]
    documents = resources.documents.get_many(task.kb_id, [run.document_id for run in waiting])
    candidates = [
        document
        for document in documents.values()
        if document.revision is not None
        and document.revision == resources.artifact_names(document, knowledge_base).revision
    ]
    if not candidates:
        return
    held = resources.vector_store.document_chunks(
        resources.table(knowledge_base), [document.id for document in candidates]
    )
    unchanged = [document.id for document in candidates if _is_whole(document, held.get(document.id))]
    if not unchanged:
        return
    resources.documents.mark_unchanged(unchanged)
    resources.runs.complete_unchanged(task.id, unchanged)
    resources.counters.add({Counter.DOCUMENTS_UNCHANGED: len(unchanged)})
    logger.info("unchanged documents done", extra={"documents": len(unchanged)})


def _is_whole(document: Document, held: DocumentChunks | None) -> bool:
    """Tell whether the vector store holds what the document's record says."""
    return (
        held is not None
        and held.revision == document.revision
        and held.text_chunks == document.text_chunks
        and held.image_chunks == document.image_chunks
    )
