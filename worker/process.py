"""The resources of this worker process, opened after the fork."""

import logging
import os
import threading
from collections.abc import Collection

from shared.errors import KbSyncError
from shared.models import EmbeddingChoice
from shared.queue import QueueName
from shared.resources import Resources
from shared.settings import Settings

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0
"""A worker waits this long for Redis; unlike a request, it has time."""

MONGODB_TIMEOUT_SECONDS = 300.0
"""And so long for MongoDB: work that is done waits until it can be recorded, instead of being lost with its lease. It
is less than half of what a stage may take, so that the time limit of a stage ends no work that merely waits."""

HEAVY_QUEUES = frozenset({QueueName.CPU, QueueName.EMBED})

_opened: list[Resources] = []


def open_resources(settings: Settings, *, queues: Collection[str]) -> None:
    """Open the clients, and begin to load what the tasks of these queues will want."""
    opened = Resources(settings, timeout_seconds=TIMEOUT_SECONDS, mongodb_timeout_seconds=MONGODB_TIMEOUT_SECONDS)
    _opened.append(opened)
    _give_way(settings.worker_niceness, frozenset(queues))
    threading.Thread(target=_warm_up, args=(opened, frozenset(queues)), name="warm-up", daemon=True).start()


def _give_way(niceness: int, queues: frozenset[str]) -> None:
    """Let the API, the servers and short tasks of the same host go before conversion and embedding."""
    if queues <= HEAVY_QUEUES:
        os.nice(niceness)


def _warm_up(opened: Resources, queues: frozenset[str]) -> None:
    """Load models beside the first tasks, not inside them: a child that starts slowly would be taken for dead."""
    choice = EmbeddingChoice(provider=opened.settings.embedding_provider, model=opened.settings.embedding_model)
    try:
        if QueueName.EMBED in queues:
            opened.embedder(choice).warm_up()
        if QueueName.CPU in queues:
            opened.embedder(choice).count_tokens(["warm-up"])
        if QueueName.IO in queues:
            opened.vector_store.ping()
    except KbSyncError:
        logger.exception("warm-up failed")


def resources() -> Resources:
    """Return the open resources of this process."""
    return _opened[-1]


def close_resources() -> None:
    while _opened:
        _opened.pop().close()
