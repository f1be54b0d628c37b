"""The rules for single lines: list markers, joins, headings' numbers, rows inside a drawn row."""

import pytest

from shared.converters.markdown_form import table_markdown
from shared.converters.pdf.lists import item_markdown, list_marker, nesting_depths
from shared.converters.pdf.numbering import numbering_depth
from shared.converters.pdf.scripts import CHARACTER_MAP, join_lines
from shared.converters.pdf.tables_row_split import row_boundaries
from shared.converters.pdf.words import Space, Word


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("• apples", "- apples"),
        ("•apples", "- apples"),
        ("– pears", "- pears"),
        ("1. first", "1. first"),
        ("2)second", "2) second"),
        ("（三）规定", "（三） 规定"),
        ("a) letters", "a) letters"),
        ("iv. roman", "iv. roman"),
    ],
)
def test_a_list_item_is_told_by_its_marker(text: str, markdown: str) -> None:
    marker = list_marker(text)
    assert marker is not None
    assert item_markdown(text, marker, 0) == markdown
    assert item_markdown(text, marker, 1) == "  " + markdown


@pytest.mark.parametrize("text", ["apples", "1.5 percent", "p.m., Monday", "-5 degrees", "2018 年", ""])
def test_other_lines_begin_no_item(text: str) -> None:
    assert list_marker(text) is None


def test_depth_follows_the_indent() -> None:
    assert nesting_depths([72, 90, 90, 108, 73, 90], tolerance=5) == [0, 1, 1, 2, 0, 1]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("two", "words", "two words"),
        ("knowl-", "edge", "knowledge"),
        ("MiniLM-", "L6", "MiniLM-L6"),
        ("737–", "9", "737–9"),
        ("a dash -", "here", "a dash - here"),
        ("知识", "库", "知识库"),
        ("知识", "base", "知识 base"),
        ("", "start", "start"),
        ("end", "", "end"),
    ],
)
def test_lines_join_as_their_script_wants(first: str, second: str, joined: str) -> None:
    assert join_lines(first, second) == joined


def test_only_radicals_ligatures_and_hyphens_are_mapped() -> None:
    assert "⼀ﬁ\ufffe\u00ad²①Ａ".translate(CHARACTER_MAP) == "一fi-²①Ａ"


@pytest.mark.parametrize(
    ("text", "depth"), [("2 Methods", 1), ("2.1 Data", 2), ("3.1.4. More", 3), ("Methods", 0), ("2.5%", 0)]
)
def test_the_number_of_a_heading_tells_its_depth(text: str, depth: int) -> None:
    assert numbering_depth(text) == depth


def test_cells_keep_to_one_line_of_markdown() -> None:
    assert table_markdown([["a|b", "c\nd"], ["", "e"]]) == "| a\\|b | c d |\n| --- | --- |\n|  | e |"


def cell(*lines: str) -> list[Word]:
    return [
        Word(
            left=0.0,
            top=10.0 + 12 * n,
            right=30.0,
            bottom=20.0 + 12 * n,
            text=text,
            size=10.0,
            bold=False,
            mono=False,
            index=n,
            space=Space.GUESSED,
        )
        for n, text in enumerate(lines)
    ]


def test_a_drawn_row_of_numbers_one_below_the_other_holds_several_rows() -> None:
    assert row_boundaries([cell("May", "June"), cell("1,5", "2,5"), cell("10%", "20%")]) == [21.0]


def test_wrapped_text_stays_one_row() -> None:
    assert row_boundaries([cell("a long", "name"), cell("its", "purpose"), cell("some", "remark")]) == []
    assert row_boundaries([cell("May", "June"), cell("1", "2"), cell("only one")]) == []
