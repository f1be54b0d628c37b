"""The connection to Redis, and its errors in our own words."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from shared.errors import ServiceUnavailable

RedisClient = redis.Redis
AsyncRedisClient = redis.asyncio.Redis


def connect(url: str, *, timeout_seconds: float) -> RedisClient:
    """Open a client (it connects at first use); `timeout_seconds` bounds every command."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_keepalive=True,
        health_check_interval=30,
        # A connection that broke while it was idle is made anew; a server that does not answer is not asked twice,
        # for each attempt would wait its whole time limit, and the handshake multiplies the attempts.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def connect_async(url: str, *, timeout_seconds: float) -> AsyncRedisClient:
    """Open a client for an event loop, without any retry of its own: who subscribes must know of each gap."""
    return redis.asyncio.Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,  # where a ping on a subscribed connection is answered as a message
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_keepalive=True,
        retry=AsyncRetry(NoBackoff(), 0),
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise `ServiceUnavailable` where Redis does not answer."""
    try:
        yield
    except RedisError as error:
        raise ServiceUnavailable("redis", str(error)) from error


def ping(client: RedisClient) -> None:
    """Raise `ServiceUnavailable` where Redis does not answer."""
    with translated_errors():
        client.ping()
