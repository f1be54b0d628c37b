import pytest

from shared.chunking.headings import HeadingPath, plain_text
from shared.converters.base import Block, BlockKind


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("## 1.2 Methods", "1.2 Methods"),
        ("# **Bold** and `code` ##", "Bold and code"),
        ("### [Linked](https://example.org) title", "Linked title"),
        ("# 1\\. Escaped \\# sign", "1. Escaped # sign"),
        ("# snake_case 2 * 3", "snake_case 2 * 3"),
        ("第一章 总则", "第一章 总则"),
    ],
)
def test_headings_lose_their_markdown(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain


def test_a_paragraph_taken_for_a_heading_is_cut() -> None:
    assert plain_text("# " + "word " * 1000).startswith("word word")
    assert len(plain_text("# " + "[" * 100_000)) < 501


def test_a_heading_closes_those_of_its_level_and_below() -> None:
    path = HeadingPath()
    seen = []
    for level, title in ((1, "A"), (2, "B"), (4, "C"), (3, "D"), (2, "E"), (1, "F")):
        path.enter(
            Block(kind=BlockKind.HEADING, markdown=f"{'#' * level} {title}", page_start=1, page_end=1, level=level)
        )
        seen.append("".join(path.titles))
    assert seen == ["A", "AB", "ABC", "ABD", "AE", "F"]
