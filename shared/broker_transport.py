"""Celery's Redis transport, made to notice that a subscription is lost.

Workers hear remote control over a subscription, which kombu reads when its socket is readable. Where the connection has
broken, the Redis client makes a new one inside that read; kombu took the connection from the pool itself, so nothing
subscribes again, and the read waits for a message that can never come. The main process of the worker hangs: alive,
connected, and taking nothing (kombu 5.7 with redis-py 8.1; every worker at once did so after a Redis that was stopped
for seconds, killed and started again before they noticed).
"""

from functools import partial
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel, Transport
from kombu.utils.objects import cached_property


class AttentiveChannel(Channel):  # type: ignore[misc]  # kombu has no types
    """Reads from the subscription what is there, and raises where the connection is gone: the worker then connects
    and subscribes anew."""

    @cached_property  # type: ignore[untyped-decorator]
    def subclient(self) -> Any:  # as kombu names it
        subscription = super().subclient
        subscription.connection = subscription.connection_pool.get_connection()
        subscription.connection.retry.update_retries(0)
        subscription.parse_response = partial(subscription.parse_response, block=False, timeout=0)
        return subscription


class AttentiveTransport(Transport):  # type: ignore[misc]
    """What `redis://` means once `install` was called."""

    Channel = AttentiveChannel


def install() -> None:
    """Let every connection to a Redis broker in this process use it."""
    path = f"{__name__}:{AttentiveTransport.__name__}"
    TRANSPORT_ALIASES.update(redis=path, rediss=path)
