"""Tables drawn with horizontal rules only, as books set them: rules that share both ends."""

import itertools
from collections.abc import Sequence

from shared.converters.pdf.layout import PageContent, Rule, Table
from shared.converters.pdf.tables_columns import find_columns, is_plausible, rows_by_columns
from shared.converters.pdf.tables_grid import TOLERANCE, merged_rules
from shared.converters.pdf.tables_outer_rows import add_outer_rows
from shared.converters.pdf.words import Word

_MIN_RULE = 60.0  # points
_SAME_END = 4.0
_ROWS_RULED = 4  # with more rules than this every row has its own


def find_ruled_tables(page: PageContent, words: Sequence[Word], taken: Sequence[Table]) -> list[Table]:
    """Return the tables between horizontal rules of equal extent, outside of the tables already found."""
    rules = [
        rule
        for rule in merged_rules(page.rules.horizontal)
        if rule.end - rule.start > _MIN_RULE and not any(_inside(rule, table) for table in taken)
    ]
    tables = []
    for start, end, levels in _same_extent(rules):
        for run in _runs(levels, start, end, words, page.height):
            table = _table(run, start, end, words, page.number)
            if table is not None:
                tables.append(table)
    return tables


def _inside(rule: Rule, table: Table) -> bool:
    across = table.left - TOLERANCE <= rule.start and rule.end <= table.right + TOLERANCE
    return across and table.top - TOLERANCE <= rule.at <= table.bottom + TOLERANCE


def _same_extent(rules: Sequence[Rule]) -> list[tuple[float, float, list[float]]]:
    groups: list[tuple[float, float, list[float]]] = []
    for rule in rules:
        for start, end, levels in groups:
            if abs(start - rule.start) < _SAME_END and abs(end - rule.end) < _SAME_END:
                levels.append(rule.at)
                break
        else:
            groups.append((rule.start, rule.end, [rule.at]))
    return [(start, end, sorted(levels)) for start, end, levels in groups if len(levels) > 1]


def _runs(
    levels: Sequence[float], start: float, end: float, words: Sequence[Word], page_height: float
) -> list[list[float]]:
    """Cut the rules where the text between two of them does not stand in columns."""
    runs = [[levels[0]]]
    for level, below in itertools.zip_longest(levels[1:], levels[2:]):
        above = runs[-1][-1]
        between = _between(words, start, end, above, level)
        # A header over several columns shows them only together with the rows below it.
        with_next = _between(words, start, end, above, below) if below is not None and len(runs[-1]) == 1 else []
        in_columns = between and (_in_columns(between) or (with_next and _in_columns(with_next)))
        if in_columns and level - above < 0.8 * page_height:
            runs[-1].append(level)
        else:
            runs.append([level])
    return [run for run in runs if len(run) > 1]


def _between(words: Sequence[Word], start: float, end: float, top: float, bottom: float) -> list[Word]:
    return [
        word for word in words if start - TOLERANCE <= word.middle_x <= end + TOLERANCE and top < word.middle_y < bottom
    ]


def _in_columns(words: Sequence[Word]) -> bool:
    if len(words) < 6:
        return True
    columns = find_columns(words)
    rows = len({round(piece.bottom / 3) for piece in columns.pieces})
    return bool(columns.edges) and len(columns.pieces) >= 1.5 * rows and columns.are_aligned()


def _table(run: Sequence[float], start: float, end: float, words: Sequence[Word], page: int) -> Table | None:
    inside = _between(words, start, end, run[0] - 1, run[-1] + 1)
    if len(inside) < 4:
        return None
    columns = find_columns(inside)
    every_row_ruled = len(run) > _ROWS_RULED
    rows = rows_by_columns(columns, run[1:-1] if every_row_ruled else None)
    if not is_plausible(rows):
        return None
    table = Table(left=start, top=run[0], right=end, bottom=run[-1], rows=rows, page=page)
    if every_row_ruled:
        # Many tables have a rule below each row and none above the first.
        tallest = max(below - above for above, below in itertools.pairwise(run))
        add_outer_rows(table, columns.spans(), words, reach=1.1 * tallest)
    return table
