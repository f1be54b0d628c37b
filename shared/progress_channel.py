"""Word that something of a sync has changed, from whoever changes it to the API processes that show it.

A word is a task's id and nothing more: what has changed is read from MongoDB. Words may be lost, with Redis or without,
and then cost those who watch a moment; they never cost those who work anything.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Never

from shared.errors import ServiceUnavailable
from shared.redis_client import AsyncRedisClient, RedisClient, connect_async, translated_errors

logger = logging.getLogger(__name__)

CHANNEL = "kbsync:progress"

QUIET_SECONDS = 0.15
"""Of one task at most one word is sent in so long, by all processes together, save that it has ended."""

FAREWELL_SECONDS = 1.0
SILENCE_SECONDS = 5.0
"""After so long without a word the server is asked whether it is there, and has as long to answer."""
CONNECT_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 5.0

PUBLISH_SELDOM = """
if redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) then return redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 0
"""


class ProgressPublisher:
    """Sends the words of one process, from a thread of its own that starts with the first."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._publish_seldom = client.register_script(PUBLISH_SELDOM)
        self._changed: dict[str, bool] = {}
        """Tasks with something to tell, and whether it is their end."""
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def changed(self, task_id: str, *, ended: bool = False) -> None:
        """Note that a task or a document of it has changed; returns at once, whatever Redis does."""
        with self._condition:
            self._changed[task_id] = ended or self._changed.get(task_id, False)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._send_until_closed, name="progress", daemon=True)
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """Send what was noted, and wait for that a moment at most."""
        self._closed.set()
        with self._condition:
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(FAREWELL_SECONDS)

    def _send_until_closed(self) -> None:
        reachable = True
        while changed := self._next():
            try:
                self._send(changed)
                reachable = True
            except ServiceUnavailable as error:  # who watches looks into MongoDB by and by
                if reachable:
                    logger.warning("progress not published", extra={"reason": str(error)})
                reachable = False
            self._closed.wait(QUIET_SECONDS)

    def _next(self) -> Mapping[str, bool]:
        """Wait for something to tell; nothing comes after the publisher was closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._changed or self._closed.is_set())
            changed, self._changed = self._changed, {}
            return changed

    def _send(self, changed: Mapping[str, bool]) -> None:
        for task_id, ended in changed.items():
            with translated_errors():
                if ended:
                    self._client.publish(CHANNEL, task_id)
                else:
                    quiet_ms = int(QUIET_SECONDS * 1000)
                    self._publish_seldom(keys=[f"{CHANNEL}:{task_id}"], args=[quiet_ms, CHANNEL, task_id])


async def listen(redis_url: str, *, heard: Callable[[str], None], connected: Callable[[], None]) -> Never:
    """Hear words until cancelled, over every loss of the connection.

    `connected` is called with each new connection: what was said before it is lost.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        began = asyncio.get_running_loop().time()
        try:
            async with connect_async(redis_url, timeout_seconds=CONNECT_SECONDS) as client:
                await _listen_once(client, heard=heard, connected=connected)
        except (ServiceUnavailable, OSError) as error:
            logger.warning("progress not heard, connecting again", extra={"reason": str(error)})
        lived = asyncio.get_running_loop().time() - began
        pause = FIRST_PAUSE_SECONDS if lived > SILENCE_SECONDS else min(2 * pause, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)


async def _listen_once(
    client: AsyncRedisClient, *, heard: Callable[[str], None], connected: Callable[[], None]
) -> Never:
    """Hear words until the connection breaks. Raises `ServiceUnavailable`.

    redis-py neither notices a server that hangs nor tells of a connection that it made again, so both are done here.
    """
    with translated_errors():
        async with client.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            asked = False
            while True:
                message = await subscription.get_message(timeout=SILENCE_SECONDS)
                if message is None:
                    if asked:
                        raise ServiceUnavailable("redis", f"no answer within {SILENCE_SECONDS:.0f} seconds")
                    await subscription.ping()
                    asked = True
                    continue
                asked = False
                if message["type"] == "subscribe":
                    connected()
                elif message["type"] == "message":
                    heard(str(message["data"]))
