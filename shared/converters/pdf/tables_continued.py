"""Tables that go on over a page break."""

from collections.abc import Mapping, Sequence

from shared.converters.pdf.layout import Table
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.paragraphs import Part

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
            whole.rows.extend(piece.rows[1:] if piece.rows[0] == whole.rows[0] else piece.rows)
            whole.page_end = piece.page
        else:
            joined.append(part)
        last_piece = piece
    return joined


def _goes_on(above: Table, below: Table, spaces: Mapping[int, PageSpace]) -> bool:
    if below.page != above.page + 1 or len(below.rows[0]) != len(above.rows[0]):
        return False
    at_top = below.top < _PAGE_TOP * spaces[below.page].height
    return at_top and above.bottom > _PAGE_BOTTOM * spaces[above.page].height
