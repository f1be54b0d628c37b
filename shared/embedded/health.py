"""Whether the parts of the stack answer."""

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis import Redis
from redis.exceptions import RedisError

from shared.embedded.errors import StackError

PROBE_SECONDS = 10.0


def redis_answers(url: str) -> bool:
    """Tell whether the server at `url` answers PING; one that still loads its file does not."""
    with Redis.from_url(url, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def mongodb_answers(url: str) -> bool:
    """Tell whether a writable server answers at `url`."""
    try:
        with MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=int(PROBE_SECONDS * 1000)) as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def http_answers(url: str) -> bool:
    """Tell whether `url` (plain http) answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def service_answers(api_url: str, redis_url: str, *, keys_required: bool) -> bool:
    """Tell whether the API answers and every queue has a live worker.

    Where `/health` needs a key, which the stack has none of, Redis is asked for the workers.
    """
    if not keys_required:
        return http_answers(f"{api_url}/health")
    return http_answers(f"{api_url}/livez") and _every_queue_has_a_worker(redis_url)


def _every_queue_has_a_worker(redis_url: str) -> bool:
    # With these comes Celery, which no command of the stack needs where no keys are asked.
    from shared import redis_client
    from shared.errors import ServiceUnavailable
    from shared.worker_presence import WorkerPresence

    with redis_client.connect(redis_url, timeout_seconds=PROBE_SECONDS) as client:
        try:
            return all(WorkerPresence(client).consumers().values())
        except ServiceUnavailable:
            return False


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Ask `condition` ten times a second.

    Raises:
        StackError: it did not hold within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"{what} within {seconds:.0f} seconds")
        time.sleep(0.1)
