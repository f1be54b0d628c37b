"""Joining the results of several searches into one list."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

RANK_CONSTANT = 10
"""Dampens the difference between the first ranks.

Cormack, Clarke and Büttcher (SIGIR 2009), who merged lists of a thousand, took 60; of the best fifty, the first is
worth more. Chosen by the tuning half of the search evaluation, where 5 to 20 are as good as equal.
"""


@dataclass(frozen=True)
class Ranking:
    """Names, best first."""

    names: Sequence[str]
    weight: float = 1.0
    """What it counts beside others."""
    fits: Sequence[float] | None = None
    """How well each name answers by itself, 0 to 1: its rank counts so much. None means fully."""


def reciprocal_rank_fusion(rankings: Sequence[Ranking]) -> list[tuple[str, float]]:
    """Join rankings into `(name, score)`; what stands high in several comes first.

    Scores are scaled so that a name that is first in every ranking, and fits fully, has 1.
    """
    scores: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        fits = ranking.fits if ranking.fits is not None else [1.0] * len(ranking.names)
        for rank, (name, fit) in enumerate(zip(ranking.names, fits, strict=True), start=1):
            scores[name] += ranking.weight * fit / (RANK_CONSTANT + rank)
    best = sum(ranking.weight for ranking in rankings) / (RANK_CONSTANT + 1)
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return [(name, score / best) for name, score in ordered]
