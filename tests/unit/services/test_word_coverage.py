import pytest

from shared.services.word_coverage import CHARACTERS_SHARE, EXACT_WEIGHT, coverage
from shared.vector_stores.text_tokens import index_tokens, query_tokens


def covered(query: str, text: str) -> float:
    return coverage(query_tokens(query), set(index_tokens(text)))


@pytest.mark.parametrize("query", ["pump seal", "报销标准", "KB-2031", "part 77-3534 的价格"])
def test_a_text_that_says_it_all_is_covered_fully(query: str) -> None:
    assert covered(query, f"before {query} after") == pytest.approx(1)


@pytest.mark.parametrize("query", ["pump seal", "报销标准", ""])
def test_a_text_that_says_none_of_it_is_not_covered(query: str) -> None:
    assert covered(query, "other words, 其他") == 0


def test_half_of_the_words_is_half() -> None:
    assert covered("pump seal", "the pump") == pytest.approx(1 / 2)


def test_an_identifier_counts_more_than_another_word() -> None:
    assert covered("price AB12CD34", "AB12CD34") == pytest.approx(EXACT_WEIGHT / (EXACT_WEIGHT + 1))


def test_characters_that_are_shared_count_a_little() -> None:
    assert covered("休假", "年假") == pytest.approx(CHARACTERS_SHARE / 2)
