from shared.chunking.tables import Rows, split_rows
from shared.converters.base import Block, BlockKind

PAGE = ((1, 1),)


def rows(kind: BlockKind, markdown: str) -> Rows:
    return split_rows(Block(kind=kind, markdown=markdown, page_start=1, page_end=1))


def test_everything_to_the_rule_is_the_header() -> None:
    found = rows(BlockKind.TABLE, "| a | b |\n| :-- | --- |\n| 1 | 2 |\n| 3 | 4 |")
    assert found == Rows("| a | b |\n| :-- | --- |", ("| 1 | 2 |", "| 3 | 4 |"), "", PAGE * 4)


def test_a_table_without_a_rule_or_without_rows_has_no_header() -> None:
    assert rows(BlockKind.TABLE, "| a |\n| b |").opening == ""
    assert rows(BlockKind.TABLE, "| a |\n| - |") == Rows("", ("| a |", "| - |"), "", PAGE * 2)


def test_a_row_of_dashes_below_the_rule_is_data() -> None:
    assert rows(BlockKind.TABLE, "| a |\n| --- |\n| - |\n| x |").lines == ("| - |", "| x |")


def test_code_is_what_stands_inside_the_fence() -> None:
    assert rows(BlockKind.CODE, "```py\nif x:\n    y()\n```") == Rows("```py", ("if x:", "    y()"), "```", PAGE * 4)


def test_an_unclosed_fence_is_taken_as_it_stands() -> None:
    assert rows(BlockKind.CODE, "```\nx").all_lines == ("```", "x")


def test_lines_have_the_pages_of_their_rows() -> None:
    table = Block(
        kind=BlockKind.TABLE,
        markdown="| a |\n| --- |\n| 1 |\n| 2 |",
        page_start=3,
        page_end=4,
        row_pages=((3, 3), (3, 4), (4, 4)),
    )
    assert split_rows(table).line_pages == ((3, 4), (4, 4))
    assert split_rows(table).pages == ((3, 3), (3, 3), (3, 4), (4, 4))


def test_lines_have_the_pages_of_their_table_where_those_of_the_rows_are_not_known() -> None:
    table = Block(kind=BlockKind.TABLE, markdown="| a |\n| --- |\n| 1 |", page_start=3, page_end=4)
    assert split_rows(table).line_pages == ((3, 4),)
