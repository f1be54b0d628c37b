import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chunking.sentences import split_sentences, split_to_fit

TEXT = st.text(alphabet=st.sampled_from("abc XYZ1.!?,;。！？；，、”\n\t()é🙂"), max_size=200)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One two. Three four! Five?", ["One two.", "Three four!", "Five?"]),
        ("它很快。真的吗？是的！好；行", ["它很快。", "真的吗？", "是的！", "好；", "行"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("See Fig. 3 and e.g. J. Smith et al. (2003). Next.", ["See Fig. 3 and e.g. J. Smith et al. (2003).", "Next."]),
        ("1. First item. 2nd", ["1. First item.", "2nd"]),
        ("It costs 3.50 in v1.2.3 at kb.example.org now", ["It costs 3.50 in v1.2.3 at kb.example.org now"]),
        ("a heading\n\nand text", ["a heading", "and text"]),
        ("and so on... but not here", ["and so on... but not here"]),
    ],
)
def test_text_is_cut_after_its_sentences(text: str, sentences: list[str]) -> None:
    assert [part.text for part in split_sentences(text)] == sentences


@given(TEXT)
def test_sentences_and_their_separators_make_up_the_text(text: str) -> None:
    parts = split_sentences(text)
    assert "".join(part.separator + part.text for part in parts) == text
    assert all(not part.separator.strip() for part in parts)


@given(text=TEXT, limit=st.integers(1, 30))
def test_cutting_to_fit_loses_nothing_and_fits(text: str, limit: int) -> None:
    parts = split_to_fit(text, lambda parts: [len(part) <= limit for part in parts])
    assert "".join(part.separator + part.text for part in parts) == text
    assert all(len(part.text) <= limit for part in parts)


def test_clauses_are_preferred_to_words_and_words_to_letters() -> None:
    def cut(text: str, limit: int) -> list[str]:
        return [part.text for part in split_to_fit(text, lambda parts: [len(part) <= limit for part in parts])]

    assert cut("when it rains, we stay", 14) == ["when it rains,", "we stay"]
    assert cut("下雨的时候，我们在家", 6) == ["下雨的时候，", "我们在家"]
    assert cut("when it rains", 7) == ["when", "it", "rains"]
    assert cut("raining", 4) == ["rai", "ning"]
