"""Celery's consumer, made to outlive the loss of Redis."""

import logging

from celery.worker.consumer import Consumer

logger = logging.getLogger(__name__)


class PatientConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Connects again even where the broken connection cannot be closed.

    As kombu closes a channel it gives back the messages that are not acknowledged. Where Redis is away that fails, and
    a second try, without the client that the first one let go, ends the whole worker with an `AttributeError`
    (Celery 5.7, kombu 5.7). Messages that were not given back are sent again by the reconciler.
    """

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            logger.warning("broken connection left open", extra={"reason": str(error)})
