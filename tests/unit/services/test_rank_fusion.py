import pytest

from shared.services.rank_fusion import reciprocal_rank_fusion


def names(fused: list[tuple[str, float]]) -> list[str]:
    return [name for name, _ in fused]


def test_what_several_rankings_find_comes_before_what_one_finds() -> None:
    assert names(reciprocal_rank_fusion([["a", "both"], ["b", "both"]]))[0] == "both"


def test_first_everywhere_scores_one() -> None:
    name, score = reciprocal_rank_fusion([["a", "b"], ["a"], ["a", "c"]])[0]
    assert name == "a"
    assert score == pytest.approx(1.0)


def test_scores_fall_along_the_list() -> None:
    scores = [score for _, score in reciprocal_rank_fusion([list("abcdef"), list("fedcba")])]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_one_ranking_keeps_its_order() -> None:
    assert names(reciprocal_rank_fusion([list("cab")])) == list("cab")


def test_ties_keep_the_order_in_which_they_were_met() -> None:
    assert names(reciprocal_rank_fusion([["x", "y"], ["y", "x"]])) == ["x", "y"]


def test_weights_decide_between_rankings() -> None:
    assert names(reciprocal_rank_fusion([["a", "b"], ["b", "a"]], weights=[1.0, 2.0])) == ["b", "a"]


def test_weights_must_match_the_rankings() -> None:
    with pytest.raises(ValueError, match="zip"):
        reciprocal_rank_fusion([["a"]], weights=[1.0, 2.0])


def test_nothing_fused_is_nothing() -> None:
    assert reciprocal_rank_fusion([]) == []
    assert reciprocal_rank_fusion([[], []]) == []
