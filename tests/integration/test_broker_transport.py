"""The subscription through which workers hear remote control: reading it never waits, and tells when it is lost."""

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue

from shared import broker_transport
from shared.queue import TRANSPORT_OPTIONS

AT_ONCE_SECONDS = 5.0


@pytest.fixture
def channel(redis_url: str) -> Iterator[Any]:
    """A channel that listens to a fanout exchange, as a worker's mailbox does."""
    broker_transport.install()
    name = f"test-{uuid.uuid4().hex}"
    with Connection(redis_url, transport_options=dict(TRANSPORT_OPTIONS)) as connection:
        channel = connection.channel()
        mailbox = Queue(name, exchange=Exchange(name, type="fanout"), auto_delete=True)(channel)
        mailbox.declare()
        channel.basic_consume(name, no_ack=True, callback=lambda _: None, consumer_tag=name)
        channel._subscribe()
        yield channel


def read_all(channel: Any) -> None:
    """Read until nothing is there; the answer to the subscription comes first."""
    for _ in range(3):
        with suppress(Empty):
            channel._receive()


def test_reading_a_silent_subscription_does_not_wait(channel: Any) -> None:
    began = time.monotonic()
    read_all(channel)
    assert time.monotonic() - began < AT_ONCE_SECONDS


def test_reading_a_broken_subscription_says_so(channel: Any) -> None:
    read_all(channel)
    channel.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    with pytest.raises(channel.connection_errors):
        channel._receive()
