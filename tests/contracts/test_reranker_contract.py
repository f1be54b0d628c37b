"""What every reranker does, whatever it is made of."""

import math

import pytest

from shared.rerankers.base import Reranker
from shared.rerankers.proximity import ProximityReranker
from shared.rerankers.scripted import ScriptedReranker

TEXTS = ("the pump seal", "", "油封\x00 of a pump", "x" * 20_000, "the pump seal")


@pytest.fixture(params=[ProximityReranker(), ScriptedReranker({"pump": 2.0})], ids=lambda reranker: reranker.name)
def reranker(request: pytest.FixtureRequest) -> Reranker:
    found: Reranker = request.param
    return found


@pytest.mark.parametrize("query", ["pump seal", "泵", " ", "?", "🙂 \x00", "word " * 2000])
def test_every_text_has_a_finite_score(reranker: Reranker, query: str) -> None:
    scores = reranker.score(query, TEXTS)
    assert len(scores) == len(TEXTS)
    assert all(map(math.isfinite, scores))


def test_equal_texts_have_equal_scores_every_time(reranker: Reranker) -> None:
    scores = list(reranker.score("pump seal", TEXTS))
    assert scores[0] == scores[-1] > scores[1]
    assert list(reranker.score("pump seal", TEXTS)) == scores


def test_nothing_is_scored_as_nothing(reranker: Reranker) -> None:
    assert list(reranker.score("pump", ())) == []
