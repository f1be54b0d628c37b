"""Which tokens stand for a text, and which a query asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vector_stores.text_tokens import LONGEST_TOKEN, index_tokens, query_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  \n… —— 。！", []),
        ("Hello, World", ["hello", "world"]),
        ("KB-2031", ["kb-2031", "kb", "2031"]),
        ("foo_bar.py", ["foo_bar.py", "foo", "bar", "py"]),
        ("a@b.org", ["a@b.org", "a", "b", "org"]),
        ("C++ and C#", ["c++", "c", "and", "c#", "c"]),
        ("end.", ["end"]),
        ("ＫＢ２０３１", ["kb2031"]),
        ("Ünïcode Ålesund", ["unicode", "alesund"]),
        ("йога", ["иога"]),
        ("がぎ", ["が", "ぎ", "がぎ"]),
        ("库", ["库"]),
        ("知识库", ["知", "识", "库", "知识", "识库"]),
        ("用Python3写", ["用", "python3", "写"]),
        ("知识、库", ["知", "识", "知识", "库"]),
        ("ｶﾞｽ", ["ガ", "ス", "ガス"]),
        ("한국어", ["한", "국", "어", "한국", "국어"]),
        ("\U00020000\U00020001", ["\U00020000", "\U00020001", "\U00020000\U00020001"]),
    ],
)
def test_a_text_is_found_by_its_words_parts_and_pairs(text: str, tokens: list[str]) -> None:
    assert index_tokens(text) == tokens


def test_a_query_asks_for_pairs_and_for_each_token_once() -> None:
    assert query_tokens("知识库") == ["知识", "识库"]
    assert query_tokens("库") == ["库"]
    assert query_tokens("KB-2031 kb 知识 知识") == ["kb-2031", "kb", "2031", "知识"]


def test_an_endless_word_is_cut_the_same_way_on_both_sides() -> None:
    word = "x" * 10_000
    assert index_tokens(word) == query_tokens(word) == ["x" * LONGEST_TOKEN]


@given(st.text(max_size=200))
def test_every_text_finds_itself(text: str) -> None:
    assert set(query_tokens(text)) <= set(index_tokens(text))


@given(st.text(max_size=200))
def test_tokens_survive_division_by_spaces(text: str) -> None:
    tokens = index_tokens(text)
    assert " ".join(tokens).split() == tokens


@given(before=st.text(alphabet="知识库文档向量", max_size=20), after=st.text(alphabet="知识库文档向量", max_size=20))
def test_a_chinese_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert set(query_tokens("检索模型")) <= set(index_tokens(f"{before}检索模型{after}"))
