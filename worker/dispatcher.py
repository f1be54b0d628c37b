"""Sending the documents of a sync into the queues, a window at a time."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from celery import Celery
from kombu.exceptions import OperationalError

from shared import clock
from shared.errors import ServiceUnavailable
from shared.models import DocumentRun, RunRef
from shared.queue import TaskName
from shared.redis_client import translated_errors
from shared.resources import Resources
from worker.workflow import publish_bundle, publish_document, ref_of

logger = logging.getLogger(__name__)


def dispatch(resources: Resources, app: Celery, task_id: str) -> int:
    """Fill the window of a sync and return how many documents were sent.

    Anyone may call it at any time. Two callers at once may overfill the window a little, which does no harm.
    """
    free = resources.settings.dispatch_window - resources.runs.count_dispatched(task_id)
    sent = 0
    while sent < free:
        runs = _take(resources, task_id)
        if not runs:
            return sent
        if len(runs) == 1:
            send(app, runs[0])
        else:
            send_bundle(app, TaskName.PREPARE_BUNDLE, [ref_of(run) for run in runs])
        sent += len(runs)
    return sent


def _take(resources: Resources, task_id: str) -> list[DocumentRun]:
    """Take the next document, and those that travel with it; a bundle may overfill the window."""
    wake_at = clock.seconds_from_now(resources.settings.queue_wait_seconds)
    run = resources.runs.take_for_dispatch(task_id, wake_at=wake_at)
    if run is None:
        return []
    if not run.bundled:
        return [run]
    most = resources.settings.bundle_documents - 1
    return [run, *resources.runs.take_companions(task_id, wake_at=wake_at, most=most)]


def send(app: Celery, run: DocumentRun) -> None:
    """Publish a document's next message; where Redis does not take it, the reconciler sends it later."""
    with _tolerating_outage(run.task_id, [run.document_id]):
        publish_document(app, run)


def send_bundle(app: Celery, name: TaskName, refs: Sequence[RunRef]) -> None:
    """Publish a message of several documents; where Redis does not take it, the reconciler sends each one later."""
    with _tolerating_outage(refs[0].task_id, [ref.document_id for ref in refs]):
        publish_bundle(app, name, refs)


@contextmanager
def _tolerating_outage(task_id: str, document_ids: Sequence[str]) -> Iterator[None]:
    try:
        with translated_errors():  # a chord writes to the result backend too, with errors of the Redis client
            yield
    except (OperationalError, OSError, ServiceUnavailable) as error:
        logger.warning(
            "message not published",
            extra={"task_id": task_id, "document_ids": list(document_ids), "reason": str(error)},
        )
