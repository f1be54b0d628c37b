"""Tables that go on over a page break."""

import bisect
import itertools
from collections.abc import Mapping, Sequence

from shared.converters.pdf.layout import Table
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.paragraphs import Part
from shared.converters.pdf.scripts import join_lines

_SAME_EDGE = 3.0  # points
_PAGE_TOP, _PAGE_BOTTOM = 0.2, 0.6  # of the page's height: where a part that goes on begins, and its first part ends


def join_continued_tables(parts: Sequence[Part], spaces: Mapping[int, PageSpace]) -> list[Part]:
    """Join a table at the top of a page to the one that ended the page before, when their columns are as many.

    A header row that the second page repeats is dropped.
    """
    joined: list[Part] = []
    last_piece: Table | None = None
    for part in parts:
        whole = joined[-1] if joined else None
        piece = part if isinstance(part, Table) else None
        if piece and isinstance(whole, Table) and last_piece and _goes_on(last_piece, piece, spaces):
            _append(whole, _in_columns_of(whole, piece), page=piece.page, is_open=last_piece.is_open)
            whole.page_end = piece.page
        else:
            joined.append(part)
        last_piece = piece
    return joined


def _columns_within(fine: Table, coarse: Table) -> list[int]:
    """For each column of `fine` the column of `coarse` it lies in; empty unless all edges of `coarse` are in `fine`.

    The first row of a page may have cells over several columns: its lines then show fewer columns.
    """
    if len(coarse.edges) < 3 or len(fine.edges) < len(coarse.edges):
        return []
    shift = coarse.edges[0] - fine.edges[0]  # the margins of left and right pages differ
    moved = [edge + shift for edge in fine.edges]
    if any(min(abs(edge - other) for other in moved) > _SAME_EDGE for edge in coarse.edges):
        return []
    middles = [(left + right) / 2 for left, right in itertools.pairwise(moved)]
    return [bisect.bisect(coarse.edges, middle) - 1 for middle in middles]


def _in_columns_of(whole: Table, piece: Table) -> list[list[str]]:
    """Return the rows of a further page with the columns of the table; a text over several stands in each."""
    if len(piece.rows[0]) == len(whole.rows[0]):
        return piece.rows
    columns = _columns_within(whole, piece)
    if columns:
        return [[row[column] for column in columns] for row in piece.rows]
    columns = _columns_within(piece, whole)
    whole.rows = [[row[column] for column in columns] for row in whole.rows]
    whole.edges = piece.edges
    return piece.rows


def _append(whole: Table, rows: Sequence[list[str]], *, page: int, is_open: bool) -> None:
    """Append the rows of a page; `is_open` tells that nothing closed the last row on the page before."""
    whole.row_pages = whole.row_pages or [(whole.page, whole.page)] * len(whole.rows)
    repeated = rows[0] == whole.rows[0]
    rest = list(rows[1:] if repeated else rows)
    if repeated and rest and len(whole.rows) > 1 and rest[0] == whole.rows[1] and not rest[0][0]:
        rest.pop(0)  # the second row of the header
    first_cells = rest[0] if rest else [""]
    divided = is_open or (repeated and not first_cells[0] and 2 * sum(map(bool, first_cells)) <= len(first_cells))
    if rest and divided:
        # A row that the page break divides: what is below the repeated header goes on with its cells.
        first = rest.pop(0)
        whole.rows[-1] = [join_lines(above, below) for above, below in zip(whole.rows[-1], first, strict=True)]
        whole.row_pages[-1] = (whole.row_pages[-1][0], page)
    whole.rows.extend(rest)
    whole.row_pages += [(page, page)] * len(rest)


def _goes_on(above: Table, below: Table, spaces: Mapping[int, PageSpace]) -> bool:
    if below.page == (above.page_end or above.page) and below.left > above.right:
        return below.rows[0] == above.rows[0] and below.top < above.top  # in the next column
    if below.page != above.page + 1:
        return False
    if len(below.rows[0]) != len(above.rows[0]) and not (
        _columns_within(above, below) or _columns_within(below, above)
    ):
        return False
    at_top = below.top < _PAGE_TOP * spaces[below.page].height
    return at_top and above.bottom > _PAGE_BOTTOM * spaces[above.page].height
