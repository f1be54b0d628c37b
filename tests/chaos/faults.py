"""Which faults there are, how often each comes, and when."""

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    KILL_WORKER = "kill-worker"
    KILL_WORKER_PARENT = "kill-worker-parent"
    KILL_WORKER_CHILD = "kill-worker-child"
    KILL_ALL_WORKERS = "kill-all-workers"
    KILL_API = "kill-api"
    KILL_BEAT = "kill-beat"
    KILL_REDIS = "kill-redis"
    WIPE_REDIS = "wipe-redis"
    FLUSH_REDIS = "flush-redis"
    KILL_MONGOD = "kill-mongod"
    PAUSE_WORKER_CHILD = "pause-worker-child"
    PAUSE_WORKER = "pause-worker"
    PAUSE_SERVER = "pause-server"
    DROP_MESSAGES = "drop-messages"
    REPEAT_MESSAGES = "repeat-messages"
    KILL_AT_POINT = "kill-at-point"
    PAUSE_AT_POINT = "pause-at-point"
    EMBEDDER_FAILS = "embedder-fails"
    OBJECT_STORE_FAILS = "object-store-fails"
    STOP_WORKER = "stop-worker"
    """SIGTERM, as a deploy does it."""


WEIGHTS: Mapping[Fault, int] = {
    Fault.KILL_AT_POINT: 8,
    Fault.PAUSE_AT_POINT: 4,
    Fault.KILL_WORKER: 3,
    Fault.KILL_WORKER_CHILD: 3,
    Fault.PAUSE_WORKER_CHILD: 3,
    Fault.EMBEDDER_FAILS: 2,
    Fault.OBJECT_STORE_FAILS: 2,
    Fault.DROP_MESSAGES: 2,
    Fault.REPEAT_MESSAGES: 2,
    Fault.FLUSH_REDIS: 2,
}
"""How often a fault is chosen; those without an entry weigh 1."""
