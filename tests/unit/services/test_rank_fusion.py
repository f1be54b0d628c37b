import pytest

from shared.services.rank_fusion import Ranking, reciprocal_rank_fusion


def fused(*rankings: str) -> list[tuple[str, float]]:
    """Fuse rankings of names that are single letters."""
    return reciprocal_rank_fusion([Ranking(names=list(ranking)) for ranking in rankings])


def names(found: list[tuple[str, float]]) -> str:
    return "".join(name for name, _ in found)


def test_what_several_rankings_find_comes_before_what_one_finds() -> None:
    assert names(fused("ax", "bx"))[0] == "x"


def test_first_everywhere_scores_one() -> None:
    name, score = fused("ab", "a", "ac")[0]
    assert name == "a"
    assert score == pytest.approx(1.0)


def test_scores_fall_along_the_list() -> None:
    scores = [score for _, score in fused("abcdef", "fedcba")]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_one_ranking_keeps_its_order() -> None:
    assert names(fused("cab")) == "cab"


def test_ties_keep_the_order_in_which_they_were_met() -> None:
    assert names(fused("xy", "yx")) == "xy"


def test_weights_decide_between_rankings() -> None:
    rankings = [Ranking(names=["a", "b"]), Ranking(names=["b", "a"], weight=2.0)]
    assert names(reciprocal_rank_fusion(rankings)) == "ba"


def test_what_fits_better_may_pass_what_ranks_higher() -> None:
    ranking = Ranking(names=["a", "b", "c"], fits=[0.1, 0.0, 1.0])
    assert names(reciprocal_rank_fusion([ranking])) == "cab"


def test_what_hardly_fits_leaves_the_other_ranking_to_decide() -> None:
    by_words = Ranking(names=["a", "b"], fits=[0.01, 0.01])
    by_vector = Ranking(names=["c", "d"], weight=0.3)
    assert names(reciprocal_rank_fusion([by_words, by_vector])) == "cdab"


def test_fits_must_match_the_names() -> None:
    with pytest.raises(ValueError, match="zip"):
        reciprocal_rank_fusion([Ranking(names=["a"], fits=[1.0, 2.0])])


def test_nothing_fused_is_nothing() -> None:
    assert fused() == []
    assert fused("", "") == []
