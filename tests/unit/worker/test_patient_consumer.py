"""The worker's consumer when a broken connection to Redis cannot be closed."""

import pytest
from celery import Celery

from worker.consumer import PatientConsumer


class UnclosableConnection:
    """What kombu leaves when Redis goes away while a channel waits for messages and holds some unacknowledged."""

    connection_errors: tuple[type[Exception], ...] = (ConnectionError,)
    channel_errors: tuple[type[Exception], ...] = ()
    transport = None
    _connection = None
    _transport = None
    _default_channel = None

    def collect(self, socket_timeout: float | None = None) -> None:
        raise ConnectionError("Redis is away")

    def close(self) -> None:
        raise AttributeError("'NoneType' object has no attribute 'hostname'")


def test_a_connection_that_cannot_be_closed_does_not_end_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    consumer = PatientConsumer.__new__(PatientConsumer)  # without a worker around it
    consumer.app, consumer.connection = Celery("test", set_as_current=False), UnclosableConnection()
    consumer.on_connection_error_after_connected(ConnectionError("Redis is away"))
    assert consumer.connection is None
    assert "broken connection left open" in caplog.text
