"""Rows of a table outside of its lines: a header above the first rule, an uncoloured row below the last band."""

from collections.abc import Sequence

from shared.converters.pdf.layout import Line, Table
from shared.converters.pdf.lines import CELL_GAP, rows_of_words, split_into_lines, text_of
from shared.converters.pdf.words import Word

_MIN_COLUMNS = 2
_LEADING = 1.6  # font sizes: a line nearer than this goes on with the text of the line before it


Span = tuple[float, float]


def add_outer_rows(table: Table, spans: Sequence[Span], words: Sequence[Word], *, reach: float) -> None:
    """Add the rows right above and right below a table to it; `spans` are left and right of each column.

    `reach` is how far such a row may extend, in points from the edge of the table.
    """
    beside = [word for word in words if word.right > table.left - 6 and word.left < table.right + 6]
    above = [word for word in beside if table.top - reach <= word.top and word.middle_y < table.top]
    row = _outer_row(list(reversed(rows_of_words(above))), table, spans)
    if row:
        table.rows.insert(0, [text_of(cell) if cell else "" for cell in row])
        table.top = min(word.top for cell in row for word in cell)
    below = [word for word in beside if table.bottom < word.middle_y and word.bottom <= table.bottom + reach]
    row = _outer_row(rows_of_words(below), table, spans)
    if row:
        table.rows.append([text_of(cell) if cell else "" for cell in row])
        table.bottom = max(word.bottom for cell in row for word in cell)


def _outer_row(lines: Sequence[list[Word]], table: Table, spans: Sequence[Span]) -> list[list[Word]]:
    """Return the cells of the row whose lines are given from the table outwards; none if they keep to no columns."""
    cells: list[list[Word]] = [[] for _ in spans]
    last: list[Word] = []
    for line in lines:
        if last and abs(line[0].bottom - last[0].bottom) > _LEADING * line[0].size:
            break
        last = line
        for piece in split_into_lines(line, page=table.page, gap=CELL_GAP):
            column = _column(piece, table, spans)
            if column is None:
                return []
            cells[column] += piece.words
    filled = sum(map(bool, cells))
    return cells if filled >= max(_MIN_COLUMNS, 0.6 * len(spans)) else []


def _column(piece: Line, table: Table, spans: Sequence[Span]) -> int | None:
    """The one column above or below which a text stands; it may be wider than the texts of its column."""
    if piece.left < table.left - 3 or piece.right > table.right + 3:
        return None
    touched = [n for n, (left, right) in enumerate(spans) if piece.left < right - 1 and piece.right > left + 1]
    return touched[0] if len(touched) == 1 else None
