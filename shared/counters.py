"""Counters of work done, kept in Redis, shown by `GET /metrics`.

They are for looking at, not for deciding: a wiped Redis starts them at zero, which Prometheus takes for a restart.
"""

import logging
from collections.abc import Mapping
from enum import StrEnum

from shared.errors import ServiceUnavailable
from shared.redis_client import RedisClient, translated_errors

logger = logging.getLogger(__name__)

KEY = "kbsync:counters"


class Counter(StrEnum):
    """Names without prefix and suffix; `conversions` is shown as `kbsync_conversions_total`."""

    CONVERSIONS = "conversions"
    PAGES_CONVERTED = "pages_converted"
    CHUNKS_EMBEDDED = "chunks_embedded"
    EMBED_CALLS = "embed_calls"
    EMBEDDINGS_REUSED = "embeddings_reused"
    EMBEDDING_THROTTLES = "embedding_throttles"
    DOCUMENTS_PARKED = "documents_parked"
    DOCUMENTS_IMPORTED = "documents_imported"
    DOCUMENTS_STORED = "documents_stored"
    DOCUMENTS_UNCHANGED = "documents_unchanged"
    DOCUMENTS_FAILED = "documents_failed"
    SYNCS_ENDED = "syncs_ended"
    LEASES_EXPIRED = "leases_expired"
    MESSAGES_RESENT = "messages_resent"
    LOCKS_REPAIRED = "locks_repaired"


class Counters:
    """The counters of the whole service."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def add(self, amounts: Mapping[Counter, int]) -> None:
        """Add to some counters; losing an addition is no reason to fail the work it counts."""
        try:
            with translated_errors():
                pipeline = self._client.pipeline(transaction=False)
                for counter, amount in amounts.items():
                    pipeline.hincrby(KEY, str(counter), amount)
                pipeline.execute()
        except ServiceUnavailable as error:
            logger.warning("counters not written", extra={"reason": str(error)})

    def read(self) -> dict[Counter, int]:
        with translated_errors():
            values = self._client.hgetall(KEY)
        return {counter: int(values.get(str(counter), 0)) for counter in Counter}
