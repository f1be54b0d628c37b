from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.services.highlights import MOST_HIGHLIGHTS, highlights
from shared.vector_stores.text_tokens import query_tokens

UNHURRIED = settings(deadline=None)
"""The first text of all loads the table of characters."""


def lit(content: str, query: str) -> list[str]:
    return [content[part.start : part.end] for part in highlights(content, query_tokens(query))]


@pytest.mark.parametrize(
    ("content", "query", "expected"),
    [
        ("Workers sync; a worker synced.", "worker syncs", ["Workers", "sync", "worker", "synced"]),
        ("费用报销须在十五日内。逾期不予报销", "报销", ["报销", "报销"]),
        ("差旅费用报销标准", "费用报销的标准", ["费用报销标准"]),
        ("費用報銷", "报销", ["報銷"]),
        ("see KB-2031 and ＫＢ２０３１, not KB-2032", "kb2031", ["KB-2031", "ＫＢ２０３１", "KB"]),
        ("1,904,220 documents", "1904220", ["1,904,220"]),
        ("Table 1 of 3: v2.3.1", "v2.3.1", ["v2.3.1"]),
        ("signed 15 January 2025.", "2025年1月15日", ["15 January 2025"]),
        ("A Café", "cafe", ["Café"]),
        ("the price of it", "what is the price", ["price"]),
        ("库存", "库", ["库"]),
        ("nothing of the sort", "其他", []),
        ("nothing", "?!", []),
    ],
)
def test_words_are_lit_as_they_are_written(content: str, query: str, expected: list[str]) -> None:
    assert lit(content, query) == expected


def test_places_count_characters_not_bytes() -> None:
    [only] = highlights("😀 报销", query_tokens("报销"))
    assert (only.start, only.end) == (2, 4)


def test_no_more_are_listed_than_a_reader_looks_at() -> None:
    assert len(lit("word, " * 1000, "word")) == MOST_HIGHLIGHTS


@UNHURRIED
@given(content=st.text(max_size=100), query=st.text(max_size=20))
def test_highlights_are_in_order_and_do_not_touch(content: str, query: str) -> None:
    found = highlights(content, query_tokens(query))
    assert all(0 <= part.start < part.end <= len(content) for part in found)
    assert all(one.end < other.start for one, other in pairwise(found))
