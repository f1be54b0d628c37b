import pytest

from shared.rerankers.proximity import ProximityReranker


def scores(query: str, *texts: str) -> list[float]:
    return list(ProximityReranker().score(query, texts))


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("net profit", "the net profit rose", "profit before tax, and everything else that is net of it"),
        ("net profit", "profit, net", "profit before tax, and everything else that is net of it"),
        ("报销标准", "各地的报销标准如下", "标准由部门制定，逾期的费用不予报销"),
        ("住宿 标准", "住宿费标准", "住宿费由本人先行垫付，回来以后凭票报销，标准见附件"),
        ("KB-2031 refused", "KB-2031: refused", "refused for the reasons that are listed in another place, KB-2031"),
        ("net profit", "profit, net", "profit alone"),
    ],
)
def test_words_close_together_score_higher(query: str, better: str, worse: str) -> None:
    first, second = scores(query, better, worse)
    assert first > second


@pytest.mark.parametrize("query", ["Net  Profit", "ＮＥＴ profit", "net\nprofit"])
def test_the_query_to_the_letter_scores_highest(query: str) -> None:
    assert scores(query, "the net profit rose") == [3.0]


@pytest.mark.parametrize("query", ["net profit", "?!", ""])
def test_a_text_without_the_words_is_left_where_it_is(query: str) -> None:
    assert scores(query, "something else", "net of tax") == [0.0, 0.0]


def test_the_narrowest_place_counts() -> None:
    one, other = scores("pump seal", "pump, and far away from it a seal", "pump, far away from it a seal of a pump")
    assert other > one
