"""The Celery app of the workers: `celery -A worker.app worker`."""

import logging
import os
from typing import Any

from celery import bootsteps
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown, worker_shutting_down

from shared import logs, redis_client
from shared.errors import ServiceUnavailable
from shared.queue import TaskName, celery_app
from shared.settings import load_settings
from shared.worker_presence import RENEW_SECONDS, WorkerPresence
from worker import drain, process, scratch
from worker.tidier import TIDY_SECONDS

logger = logging.getLogger(__name__)

settings = load_settings()
app = celery_app(settings)
app.conf.update(
    include=["worker.tasks"],
    worker_consumer="worker.consumer:PatientConsumer",
    beat_schedule={
        "reconcile": {
            "task": str(TaskName.RECONCILE),
            "schedule": settings.reconcile_seconds,
            "options": {"expires": settings.reconcile_seconds},
        },
        "tidy": {
            "task": str(TaskName.TIDY),
            "schedule": TIDY_SECONDS,
            "options": {"expires": TIDY_SECONDS},
        },
    },
)
app.set_default()
scratch.use_scratch()
drain.share()
drain.limit_farewell()


@setup_logging.connect
def configure_logging(**_: object) -> None:
    logs.configure(settings.log_level, secrets=settings.secrets)


@worker_process_init.connect
def open_resources(**_: object) -> None:
    """Open clients in the child, never in the parent: connections and threads do not survive a fork."""
    scratch.use_scratch()
    process.open_resources(settings, queues=app.amqp.queues.consume_from.keys())


@worker_process_shutdown.connect
def close_resources(**_: object) -> None:
    process.close_resources()
    scratch.leave_scratch()


@worker_shutting_down.connect
def begin_drain(**_: object) -> None:
    """Tell the children that the worker was asked to stop; runs in the main process, in its signal handler."""
    drain.begin()


class Presence(bootsteps.StartStopStep):
    """Tells health which queues this worker listens to, as long as it lives and is connected."""

    requires = {"celery.worker.consumer:Tasks"}  # noqa: RUF012 - Celery's own form

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._presence = WorkerPresence(redis_client.connect(settings.redis_url, timeout_seconds=2.0))
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        self._announce(parent)
        self._timer = parent.timer.call_repeatedly(RENEW_SECONDS, self._announce, args=(parent,))

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            self._presence.leave(_name(parent))
        except ServiceUnavailable as error:
            logger.warning("presence not withdrawn", extra={"reason": str(error)})

    def _announce(self, parent: Any) -> None:
        queues = [queue.name for queue in parent.task_consumer.queues]
        try:
            self._presence.announce(_name(parent), queues)
        except ServiceUnavailable as error:
            logger.warning("presence not announced", extra={"reason": str(error)})


def _name(parent: Any) -> str:
    return f"{parent.hostname}/{os.getpid()}"


app.steps["consumer"].add(Presence)
