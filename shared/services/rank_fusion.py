"""Joining the results of several searches into one list."""

from collections import defaultdict
from collections.abc import Sequence

RANK_CONSTANT = 60
"""Dampens the difference between the first ranks; from Cormack, Clarke and Büttcher, SIGIR 2009."""


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[str]], *, weights: Sequence[float] | None = None
) -> list[tuple[str, float]]:
    """Join rankings of ids, best first, into `(id, score)`; what stands high in several comes first.

    Scores are scaled so that an id that is first in every ranking has 1.
    """
    shares = list(weights) if weights is not None else [1.0] * len(rankings)
    scores: dict[str, float] = defaultdict(float)
    for ranking, share in zip(rankings, shares, strict=True):
        for rank, name in enumerate(ranking, start=1):
            scores[name] += share / (RANK_CONSTANT + rank)
    best = sum(shares) / (RANK_CONSTANT + 1)
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return [(name, score / best) for name, score in ordered]
