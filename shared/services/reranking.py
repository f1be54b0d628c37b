"""Lets a reranker put the first results in order; without its answer they stay as they are."""

import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Timeout
from functools import lru_cache

from shared.errors import RerankingFailed
from shared.rerankers.base import Reranker
from shared.vector_stores.base import ChunkHit

RERANKED = 20
"""So many of the first results are put in order, or as many as are asked for."""

THREADS = 4
"""Calls under way at a time. One that never comes back keeps its thread; when all are kept, no more are begun."""

logger = logging.getLogger(__name__)


def rerank(
    reranker: Reranker, query: str, hits: Sequence[ChunkHit], *, top_k: int, timeout_seconds: float
) -> list[ChunkHit]:
    """Return the hits with the first of them in the reranker's order.

    The scores stay where they are: the first hit has the highest, whichever it is. A reranker that fails, answers
    nonsense or takes longer than `timeout_seconds` changes nothing; the log says so.
    """
    count = min(len(hits), max(RERANKED, top_k))
    if count < 2:
        return list(hits)
    first = hits[:count]
    texts = ["\n".join((*hit.chunk.headings, hit.chunk.content)) for hit in first]
    try:
        scores = _scores(reranker, query, texts, timeout_seconds)
    except (RerankingFailed, Timeout) as error:
        reason = str(error) or f"no answer within {timeout_seconds:g} s"
        logger.warning("results not reranked", extra={"reranker": reranker.name, "reason": reason})
        return list(hits)
    order = sorted(range(count), key=lambda at: -scores[at])
    reordered = [first[at].model_copy(update={"score": hit.score}) for at, hit in zip(order, first, strict=True)]
    return [*reordered, *hits[count:]]


def _scores(reranker: Reranker, query: str, texts: Sequence[str], timeout_seconds: float) -> Sequence[float]:
    future = _threads().submit(reranker.score, query, texts)
    try:
        scores = future.result(timeout=timeout_seconds)
    finally:
        future.cancel()
    if len(scores) != len(texts) or not all(map(math.isfinite, scores)):
        raise RerankingFailed(f"asked for {len(texts)} finite scores, got {list(scores)[:50]}")
    return scores


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="rerank")
