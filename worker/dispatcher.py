"""Sending the documents of a sync into the queues, a window at a time."""

import logging

from celery import Celery
from kombu.exceptions import OperationalError

from shared import clock
from shared.errors import ServiceUnavailable
from shared.models import DocumentRun
from shared.redis_client import translated_errors
from shared.resources import Resources
from worker.workflow import publish_document

logger = logging.getLogger(__name__)


def dispatch(resources: Resources, app: Celery, task_id: str) -> int:
    """Fill the window of a sync and return how many documents were sent.

    Anyone may call it at any time. Two callers at once may overfill the window a little, which does no harm.
    """
    free = resources.settings.dispatch_window - resources.runs.count_dispatched(task_id)
    sent = 0
    while sent < free:
        wake_at = clock.seconds_from_now(resources.settings.queue_wait_seconds)
        run = resources.runs.take_for_dispatch(task_id, wake_at=wake_at)
        if run is None:
            return sent
        send(app, run)
        sent += 1
    return sent


def send(app: Celery, run: DocumentRun) -> None:
    """Publish a document's next message; where Redis does not take it, the reconciler sends it later."""
    try:
        with translated_errors():  # a chord writes to the result backend too, with errors of the Redis client
            publish_document(app, run)
    except (OperationalError, OSError, ServiceUnavailable) as error:
        logger.warning(
            "message not published",
            extra={"task_id": run.task_id, "document_id": run.document_id, "reason": str(error)},
        )
