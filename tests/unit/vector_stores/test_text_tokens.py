"""Which tokens stand for a text, and which a query asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.vector_stores.text_folding import fold
from shared.vector_stores.text_tokens import (
    LONGEST_TOKEN,
    MOST_QUERY_TOKENS,
    index_tokens,
    located_tokens,
    query_tokens,
)

UNHURRIED = settings(deadline=None)
"""The first text of all loads the table of characters."""


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  \n… —— 。！", []),
        ("Hello, World", ["hello", "world"]),
        ("syncing synced Syncs", ["sync", "sync", "sync"]),
        ("the user's", ["the", "user"]),
        ("KB-2031", ["kb2031", "kb", "2031"]),
        ("kb_2031 KB2031", ["kb2031", "kb", "2031"] * 2),
        ("KB 2031", ["kb", "2031"]),
        ("FW-2025-129", ["fw2025-129", "fw", "2025", "129"]),
        ("FW2025-129", ["fw2025-129", "fw2025", "fw", "2025", "129"]),
        ("foo_bar.py", ["foobarpi", "foo", "bar", "py"]),
        ("a@b.org", ["aborg", "a", "b", "org"]),
        ("v2.3.1 V2.3.1 2.3.1", ["2.3.1", "2", "3", "1"] * 3),
        ("2.31", ["2.31", "2", "31"]),
        ("2.3.1-beta", ["2.3.1beta", "2.3.1", "2", "3", "1", "beta"]),
        ("75kW iPhone15", ["75kw", "75", "kw", "iphone15", "iphon", "15"]),
        ("0x011B H2O", ["0x011b", "h2o"]),
        ("C++ and C#", ["c++", "c", "and", "c#", "c"]),
        ("end.", ["end"]),
        ("ＫＢ２０３１", ["kb2031", "kb", "2031"]),
        ("Ünïcode Ålesund", ["unicod", "alesund"]),
        ("йога", ["иога"]),
        ("がぎ", ["が", "ぎ", "がぎ"]),
        ("库", ["库"]),
        ("知识库", ["知", "识", "库", "知识", "识库"]),
        ("用Python3写", ["用", "python3", "python", "3", "写"]),
        ("知识、库", ["知", "识", "知识", "库"]),
        ("報廢", ["报", "废", "报废"]),
        ("ｶﾞｽ", ["ガ", "ス", "ガス"]),
        ("한국어", ["한", "국", "어", "한국", "국어"]),
        ("\U00020000\U00020001", ["\U00020000", "\U00020001", "\U00020000\U00020001"]),
        ("1,234.5 1234.5", ["1234.5", "1", "234", "5", "1234.5", "1234", "5"]),
        ("1'904'220", ["1904220", "1", "904", "220"]),
        ("1,2,3", ["1", "2", "3"]),
        ("12,3456", ["12", "3456"]),
        ("41730.00", ["41730", "41730", "00"]),
    ],
)
def test_a_text_is_found_by_its_words_parts_and_pairs(text: str, tokens: list[str]) -> None:
    assert index_tokens(text) == tokens


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-15",
        "2025/3/15",
        "2025.03.15",
        "2025年3月15日",
        "２０２５ 年 ３ 月 １５ 日",
        "15 March 2025",
        "March 15th, 2025",
        "15 Mar. 2025",
    ],
)
def test_a_date_is_the_same_however_it_is_written(text: str) -> None:
    assert "2025-03-15" in index_tokens(f"on {text}, noon")
    assert "2025-03-15" in query_tokens(text).exact


@pytest.mark.parametrize("text", ["2025-13-15", "2025-03-32", "12025-03-15", "2025-03/15", "2025.3.15.7", "May 2025"])
def test_what_is_no_date_is_not_taken_for_one(text: str) -> None:
    assert not {"2025-03-15", "2025-05-20"} & set(index_tokens(text))


def test_a_query_asks_for_pairs_and_for_each_token_once() -> None:
    assert query_tokens("知识库").all == ("知识", "识库")
    assert query_tokens("库").all == ("库",)
    assert query_tokens("KB-2031 kb 知识 知识").all == ("kb2031", "kb", "2031", "知识")


def test_a_query_knows_what_names_one_thing() -> None:
    assert query_tokens("price of part 77-3534 in v2.3.1, 12 pieces, 1,234").exact == ("77-3534", "2.3.1", "1234")
    assert query_tokens("知识 word").exact == ()


def test_a_query_knows_the_characters_of_its_pairs() -> None:
    assert query_tokens("休假的 abc").characters == frozenset("休假")


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        ("iPhone15", ["iphone15", "iphon"]),
        ("75kW", ["75kw", "75", "kw"]),
        ("v2.3.1", ["2.3.1"]),
        ("2025-03-15", ["2025-03-15", "2025"]),
        ("15 March 2025", ["2025-03-15", "march", "2025"]),
        ("15 apples", ["15", "appl"]),
        ("15", ["15"]),
    ],
)
def test_figures_that_stand_everywhere_are_left_out_where_others_tell_more(query: str, tokens: list[str]) -> None:
    assert list(query_tokens(query).all) == tokens


def test_words_of_a_question_count_only_where_there_are_no_others() -> None:
    assert query_tokens("What is the price?").all == ("price",)
    assert query_tokens("报销的标准是什么").all == ("报销", "标准", "准是")
    assert query_tokens("What is it?").all == ("what", "is", "it")
    assert query_tokens("的").all == ("的",)


def test_a_query_of_pages_is_looked_for_by_its_beginning() -> None:
    tokens = query_tokens(" ".join(f"word{number}x{number}" for number in range(1000)))
    assert tokens.all[0] == "word0x0"
    assert len(tokens.all) == MOST_QUERY_TOKENS


def test_an_endless_word_is_cut_the_same_way_on_both_sides() -> None:
    word = "1x" * 10_000
    assert tuple(index_tokens(word)) == query_tokens(word).all == (word[:LONGEST_TOKEN],)


@UNHURRIED
@given(st.text(max_size=200))
def test_every_text_finds_itself(text: str) -> None:
    assert set(query_tokens(text).all) <= set(index_tokens(text))


@UNHURRIED
@given(st.text(max_size=200))
def test_tokens_survive_division_by_spaces(text: str) -> None:
    tokens = index_tokens(text)
    assert " ".join(tokens).split() == tokens


@UNHURRIED
@given(before=st.text(alphabet="知识库文档向量", max_size=20), after=st.text(alphabet="知识库文档向量", max_size=20))
def test_a_chinese_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert set(query_tokens("检索模型").all) <= set(index_tokens(f"{before}检索模型{after}"))


TEXT_OF_ALL_SORTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aé知報ｶﾞ한\u1112\u1161\u11abﬁ１ ,.-'’:_12\u0301\u200b\U0001f600\n%KBvß"), st.characters()
    ),
    max_size=60,
)


@UNHURRIED
@given(TEXT_OF_ALL_SORTS)
def test_located_tokens_are_those_of_the_index_with_their_places(text: str) -> None:
    located = list(located_tokens(text))
    assert [token.text for token in located] == index_tokens(text)
    assert all(0 <= token.start < token.end <= len(text) for token in located)


@UNHURRIED
@given(before=TEXT_OF_ALL_SORTS, after=TEXT_OF_ALL_SORTS)
def test_a_word_is_located_where_it_stands(before: str, after: str) -> None:
    text = f"{before} 报废 KB-2031 {after}"
    spans = {text[token.start : token.end] for token in located_tokens(text)}
    assert {"报废", "KB-2031", "2031"} <= spans


@UNHURRIED
@given(st.text(max_size=100))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
