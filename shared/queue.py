"""Task names, queues and the Celery settings that both sides of the broker share.

The API sends by name through `TaskQueue`; the workers put their tasks on the app that `celery_app` makes. The
settings and their reasons are those measured for Celery 5.7 on Redis, see docs/architecture.md.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from celery import Celery
from kombu import Queue
from kombu.exceptions import OperationalError

from shared import broker_transport
from shared.errors import ServiceUnavailable
from shared.redis_client import RedisClient, translated_errors
from shared.settings import Settings


class QueueName(StrEnum):
    CONTROL = "control"
    IO = "io"
    CPU = "cpu"
    EMBED = "embed"


class TaskName(StrEnum):
    """What Flower shows."""

    START_SYNC = "sync.start"
    DOWNLOAD = "document.download"
    CONVERT = "document.convert"
    IMAGES = "document.images"
    IMAGE_BATCH = "document.image_batch"
    CHUNK = "document.chunk"
    EMBED = "document.embed"
    STORE = "document.store"
    PREPARE_BUNDLE = "documents.prepare"
    EMBED_BUNDLE = "documents.embed"
    STORE_BUNDLE = "documents.store"
    OPTIMIZE = "knowledge_base.optimize"
    RECONCILE = "sync.reconcile"
    TIDY = "storage.tidy"


TASK_QUEUES: Mapping[TaskName, QueueName] = {
    TaskName.START_SYNC: QueueName.CONTROL,
    TaskName.RECONCILE: QueueName.CONTROL,
    TaskName.OPTIMIZE: QueueName.CONTROL,
    TaskName.TIDY: QueueName.CONTROL,
    TaskName.DOWNLOAD: QueueName.IO,
    TaskName.STORE: QueueName.IO,
    TaskName.CONVERT: QueueName.CPU,
    TaskName.IMAGES: QueueName.CPU,
    TaskName.IMAGE_BATCH: QueueName.CPU,
    TaskName.CHUNK: QueueName.CPU,
    TaskName.EMBED: QueueName.EMBED,
    TaskName.PREPARE_BUNDLE: QueueName.CPU,
    TaskName.EMBED_BUNDLE: QueueName.EMBED,
    TaskName.STORE_BUNDLE: QueueName.IO,
}


class Priority(IntEnum):
    """Which waiting message of a queue is taken first: the lists of kombu's Redis transport, 0 before 9.

    A later stage goes before an earlier one, so that documents are finished rather than begun and every kind of worker
    has work: the embedder does not wait until all documents are converted. A sync of few documents goes before large
    ones, so that it does not wait behind thousands of them.
    """

    SMALL_SYNC_LATER = 0
    SMALL_SYNC_BEGINNING = 3
    LARGE_SYNC_LATER = 6
    LARGE_SYNC_BEGINNING = 9


SMALL_SYNC_DOCUMENTS = 8
"""Up to so many documents make a small sync."""

_BEGINNING = frozenset({TaskName.DOWNLOAD, TaskName.CONVERT, TaskName.PREPARE_BUNDLE})


def priority_of(task: TaskName, *, sync_documents: int) -> Priority:
    """Return the priority of a document's message in a sync of so many documents."""
    if sync_documents <= SMALL_SYNC_DOCUMENTS:
        return Priority.SMALL_SYNC_BEGINNING if task in _BEGINNING else Priority.SMALL_SYNC_LATER
    return Priority.LARGE_SYNC_BEGINNING if task in _BEGINNING else Priority.LARGE_SYNC_LATER


VISIBILITY_TIMEOUT_SECONDS = 1800
"""Longer than twice the hard time limit, so that no running task is delivered again."""

PRIORITY_SEPARATOR = "\x06\x16"
"""kombu's, between the name of a queue and a priority above 0 in the names of its lists in Redis."""

TRANSPORT_OPTIONS: Mapping[str, object] = {
    "priority_steps": [int(priority) for priority in Priority],
    "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,  # kombu looks at every tenth interval otherwise
    "unacked_mutex_expire": 30,  # not 300: a worker that dies while it restores messages keeps others from it
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "retry_on_timeout": True,
}


def celery_app(settings: Settings) -> Celery:
    """Make the Celery app, without any task."""
    broker_transport.install()
    backend = f"shared.result_backend:UnreadResults+{settings.redis_url}"
    app = Celery("kbsync", broker=settings.redis_url, backend=backend, set_as_current=False)
    app.conf.update(
        task_queues=[Queue(str(name), routing_key=str(name)) for name in QueueName],
        task_default_queue=str(QueueName.CONTROL),
        task_routes={str(task): {"queue": str(queue)} for task, queue in TASK_QUEUES.items()},
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        timezone="UTC",
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_retry_on_worker_lost=True,
        # Not Celery's 180 s, for which a worker would hold the message: the lease of the lost one has run out by then.
        task_annotations={"*": {"default_retry_delay": settings.lease_seconds}},
        task_track_started=False,
        task_ignore_result=True,
        task_send_sent_event=True,
        task_soft_time_limit=settings.stage_timeout_seconds - 30 if settings.stage_timeout_seconds > 60 else None,
        task_time_limit=settings.stage_timeout_seconds,
        broker_transport_options=dict(TRANSPORT_OPTIONS),
        result_backend_transport_options={**TRANSPORT_OPTIONS, "result_chord_ordered": False},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,
        result_backend_always_retry=True,
        result_expires=7 * 86400,
        result_chord_expires=7 * 86400,
        redis_socket_timeout=30,
        redis_socket_connect_timeout=5,
        redis_socket_keepalive=True,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=None,
        worker_max_memory_per_child=settings.worker_memory_kib,
        worker_deduplicate_successful_tasks=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=10,  # before SIGQUIT kills; SIGTERM hands back, see worker/drain.py
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


def queue_lists(name: QueueName) -> list[str]:
    """Return the Redis lists that hold the messages of a queue, the first to be served first."""
    return [f"{name}{PRIORITY_SEPARATOR}{priority:d}" if priority else str(name) for priority in Priority]


class TaskQueue:
    """Sends tasks by name, without knowing their code."""

    def __init__(self, settings: Settings, client: RedisClient) -> None:
        self._app = celery_app(settings)
        self._app.conf.broker_transport_options = {
            **self._app.conf.broker_transport_options,
            "socket_timeout": settings.service_timeout_seconds,
            "socket_connect_timeout": settings.service_timeout_seconds,
            "retry_on_timeout": False,
            "max_retries": 0,  # kombu tries to connect for six seconds otherwise, `retry=False` or not
        }
        self._client = client

    def send(self, task: TaskName, *args: str | int, request_id: str | None = None) -> None:
        """Publish a task. Raises `ServiceUnavailable` where Redis does not take it."""
        headers = {"request_id": request_id} if request_id else None
        try:
            self._app.send_task(str(task), args=args, headers=headers, retry=False, ignore_result=True)
        except OperationalError as error:
            raise ServiceUnavailable("redis", str(error)) from error

    def depths(self) -> dict[QueueName, int]:
        """Return how many messages wait in each queue."""
        with translated_errors():
            pipeline = self._client.pipeline(transaction=False)
            for name in QueueName:
                for waiting in queue_lists(name):
                    pipeline.llen(waiting)
            depths = iter(pipeline.execute())
            return {name: sum(int(next(depths)) for _ in Priority) for name in QueueName}

    def close(self) -> None:
        self._app.close()
