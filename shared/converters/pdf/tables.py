"""Every table of a page that rules show."""

import itertools
from collections.abc import Sequence

from shared.converters.pdf.layout import PageContent, Table
from shared.converters.pdf.scripts import RTL
from shared.converters.pdf.tables_bands import stack_bands
from shared.converters.pdf.tables_grid import Grid, find_grids, grid_rows
from shared.converters.pdf.tables_outer_rows import add_outer_rows
from shared.converters.pdf.tables_ruled import find_ruled_tables
from shared.converters.pdf.words import Word

_MIN_FILL = 0.2
_FRAME_TEXT = 900  # characters of a cell: with few rows that is a framed text, not a table
_LONG_CELL = 12


def take_drawn_tables(page: PageContent) -> tuple[list[Table], list[Word]]:
    """Return the tables that lines of the page draw, and the words outside of them."""
    tables: list[Table] = []
    words = page.words
    for grid in stack_bands(find_grids(page.rules), words):
        table = _grid_table(grid, words, page.number)
        if table is not None:
            tables.append(table)
            words = _outside(words, table)
    for table in find_ruled_tables(page, words, tables):
        tables.append(table)
        words = _outside(words, table)
    return tables, words


def _outside(words: Sequence[Word], table: Table) -> list[Word]:
    return [word for word in words if not _holds(table, word)]


def _holds(table: Table, word: Word) -> bool:
    across = table.left - 3 <= word.middle_x <= table.right + 3
    return across and table.top - 2 <= word.middle_y <= table.bottom + 2


def _grid_table(grid: Grid, words: Sequence[Word], page: int) -> Table | None:
    table = Table(left=grid.xs[0], top=grid.ys[0], right=grid.xs[-1], bottom=grid.ys[-1], rows=[], page=page)
    table.is_open = grid.is_open
    inside = [word for word in words if _holds(table, word)]
    if not inside:
        return None
    table.rows = grid_rows(grid, inside)
    if table.rows and len(table.rows[0]) == len(grid.xs) - 1:
        table.edges = grid.xs
    if grid.banded and table.edges:
        tallest = max(below - above for above, below in itertools.pairwise(grid.ys))
        add_outer_rows(table, list(itertools.pairwise(grid.xs)), words, reach=1.1 * tallest)
    return table if _is_table(table.rows) else None


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    if len(rows) < 2 or len(rows[0]) < 2:
        return False  # a single row is often the header of a table whose other rows have no lines
    cells = [cell for row in rows for cell in row]
    if sum(map(bool, cells)) < _MIN_FILL * len(cells):
        return False
    if len(rows) < 4 and max(map(len, cells)) > _FRAME_TEXT:
        return False
    beside = sum(1 for row in rows for a, b in itertools.pairwise(row) if a and a == b)
    below = sum(
        1
        for upper, lower in itertools.pairwise(rows)
        for a, b in zip(upper, lower, strict=True)
        if a == b and len(a) > _LONG_CELL
    )
    # A drawing seen as a grid gives cells that repeat each other.
    return len(rows) <= 3 or beside + below <= 0.35 * len(cells)


def in_reading_direction(table: Table) -> Table:
    """Turn the rows of a table in a right-to-left script: its first column is the rightmost."""
    text = "".join(cell for row in table.rows for cell in row)
    if 2 * len(RTL.findall(text)) > sum(character.isalpha() for character in text):
        table.rows = [row[::-1] for row in table.rows]
    return table
