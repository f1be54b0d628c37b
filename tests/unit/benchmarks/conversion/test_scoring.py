"""The marks of a converted document say what differs from its reference, and nothing else."""

import pytest

from benchmarks.conversion.markdown_text import headings_of, plain_text, tables_of
from benchmarks.conversion.scoring import mean, score

REFERENCE = """# Report

Some **bold** text with a [link](https://example.org).

## Figures

| Part | Price |
| --- | --- |
| pump | 10 |
| valve | 20 |
"""


def test_the_same_document_scores_one() -> None:
    marks = score(REFERENCE, REFERENCE)
    assert (marks.text, marks.tables, marks.headings, marks.overall) == (1.0, 1.0, 1.0, 1.0)


def test_an_empty_document_scores_next_to_nothing() -> None:
    marks = score(REFERENCE, "")
    assert (marks.text, marks.tables) == (0.0, 0.0)
    assert marks.headings == pytest.approx(1 / 3)  # the root of the outline is all that it has


def test_other_marks_for_the_same_text_do_not_count() -> None:
    assert plain_text("* one\n* **two** \\# `x`\n\n---\n") == plain_text("- one\n- two # x")


def test_a_lost_row_costs_its_share_of_the_table() -> None:
    # The table is a tree of ten nodes, a row three of them.
    marks = score(REFERENCE, REFERENCE.replace("| valve | 20 |\n", ""))
    assert marks.tables == pytest.approx(0.7)
    assert marks.headings == 1.0


def test_a_heading_of_the_wrong_level_costs_headings_only() -> None:
    marks = score(REFERENCE, REFERENCE.replace("## Figures", "# Figures"))
    assert marks.headings is not None
    assert marks.headings < 1.0
    assert marks.tables == 1.0


def test_marks_that_do_not_apply_are_left_out() -> None:
    marks = score("Only text.", "Only text.")
    assert (marks.tables, marks.headings, marks.overall) == (None, None, 1.0)


def test_the_mean_is_over_the_documents_that_have_the_mark() -> None:
    average = mean([score(REFERENCE, REFERENCE), score("Only text.", "Only text."), score(REFERENCE, "")])
    assert average.text == pytest.approx(2 / 3)
    assert average.tables == 0.5


def test_code_holds_no_heading() -> None:
    assert list(headings_of("# One\n\n```\n# a comment\n```\n")) == [(1, "one")]


def test_tables_of_html_are_compared_too() -> None:
    html = "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
    assert tables_of(html) == [[["a", "b"], ["c", "d"]]]
