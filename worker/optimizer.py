"""Keeping the vector store fast: compaction and indexes, after syncs and now and then during them."""

import logging
import time

from shared.errors import KnowledgeBaseNotFound, ServiceUnavailable, VectorStoreFailed
from shared.queue import TaskName
from shared.redis_client import translated_errors
from shared.resources import Resources

logger = logging.getLogger(__name__)

LOCK_SECONDS = 600

MIN_COMMITS = 50
"""Each optimize rewrites the table (5 s at 80,000 chunks), each commit that waits for one slows searches down: every
50 commits, or every tenth of the documents where that is more, kept a commit at 44 to 68 ms over 2,000 documents
instead of 257 ms after 1,000."""


def note_commit(resources: Resources, kb_id: str, *, documents: int) -> None:
    """Count a commit to a knowledge base that syncs `documents`, and send an optimize when enough have gathered."""
    key = f"kbsync:commits:{kb_id}"
    try:
        with translated_errors():
            if int(resources.redis.incr(key)) < max(MIN_COMMITS, documents // 10):
                return
            resources.redis.delete(key)
        resources.queue.send(TaskName.OPTIMIZE, kb_id)
    except ServiceUnavailable as error:  # the end of the sync optimizes anyway
        logger.warning("optimize not sent", extra={"kb_id": kb_id, "reason": str(error)})


def optimize(resources: Resources, kb_id: str) -> None:
    """Optimize a knowledge base's table, unless another worker is at it."""
    try:
        knowledge_base = resources.knowledge_bases.get(kb_id)
    except KnowledgeBaseNotFound:
        return
    key = f"kbsync:optimize:{kb_id}"
    with translated_errors():
        if not resources.redis.set(key, "1", nx=True, ex=LOCK_SECONDS):
            return
    started = time.perf_counter()
    try:
        resources.vector_store.optimize(resources.table(knowledge_base))
    except VectorStoreFailed as error:  # searches go on, a little slower; the next commits send another one
        logger.warning("not optimized", extra={"kb_id": kb_id, "reason": str(error)})
        return
    finally:
        with translated_errors():
            resources.redis.delete(key)
    logger.info("optimized", extra={"kb_id": kb_id, "milliseconds": int((time.perf_counter() - started) * 1000)})
