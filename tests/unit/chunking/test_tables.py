from shared.chunking.tables import Rows, split_rows
from shared.converters.base import Block, BlockKind


def rows(kind: BlockKind, markdown: str) -> Rows:
    return split_rows(Block(kind=kind, markdown=markdown, page_start=1, page_end=1))


def test_everything_to_the_rule_is_the_header() -> None:
    found = rows(BlockKind.TABLE, "| a | b |\n| :-- | --- |\n| 1 | 2 |\n| 3 | 4 |")
    assert found == Rows("| a | b |\n| :-- | --- |", ("| 1 | 2 |", "| 3 | 4 |"), "")


def test_a_table_without_a_rule_or_without_rows_has_no_header() -> None:
    assert rows(BlockKind.TABLE, "| a |\n| b |").opening == ""
    assert rows(BlockKind.TABLE, "| a |\n| - |") == Rows("", ("| a |", "| - |"), "")


def test_a_row_of_dashes_below_the_rule_is_data() -> None:
    assert rows(BlockKind.TABLE, "| a |\n| --- |\n| - |\n| x |").lines == ("| - |", "| x |")


def test_code_is_what_stands_inside_the_fence() -> None:
    assert rows(BlockKind.CODE, "```py\nif x:\n    y()\n```") == Rows("```py", ("if x:", "    y()"), "```")


def test_an_unclosed_fence_is_taken_as_it_stands() -> None:
    assert rows(BlockKind.CODE, "```\nx").all_lines == ("```", "x")
