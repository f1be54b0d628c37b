"""Rows and columns of a table without vertical lines, from the white between its texts."""

import bisect
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from shared.converters.pdf.layout import Line
from shared.converters.pdf.lines import CELL_GAP, split_into_lines, text_of
from shared.converters.pdf.tables_grid import clustered
from shared.converters.pdf.tables_spanning import Span, cut_between, spanning_pieces
from shared.converters.pdf.words import Word

_MAX_CROSSING = 0.34  # of the rows may have a text that runs over a column edge
_MIN_WHITE = 0.35  # font sizes between two columns
_ROW_GAP_CONTRAST = 1.22  # gaps between rows are this much larger than those between the lines of a cell
_ALIGNED = 0.6  # of the cells of a column begin, end or are centred at one position


@dataclass(frozen=True, slots=True)
class Columns:
    """The pieces of text of a table and the x positions that part its columns."""

    pieces: Sequence[Line]
    edges: Sequence[float]

    def of(self, piece: Line) -> int:
        """Return the column of a piece; one that runs over several columns stands in the first."""
        position = piece.left if self.crosses(piece) else piece.middle_x
        return bisect.bisect(self.edges, position)

    def crosses(self, piece: Line) -> bool:
        return any(piece.left < edge - 1 and piece.right > edge + 1 for edge in self.edges)

    def spans(self) -> list[Span]:
        """Return where the texts of each column begin and end."""
        spans: list[Span] = []
        for column in range(len(self.edges) + 1):
            own = [piece for piece in self.pieces if not self.crosses(piece) and self.of(piece) == column]
            spans.append((min(p.left for p in own), max(p.right for p in own)) if own else (0.0, 0.0))
        return spans

    def are_aligned(self) -> bool:
        """Tell whether the texts of the columns line up, as those of a table do and words of prose do not."""
        size = statistics.median(piece.size for piece in self.pieces)
        columns: list[list[Line]] = [[] for _ in range(len(self.edges) + 1)]
        for piece in self.pieces:
            if not self.crosses(piece):
                columns[self.of(piece)].append(piece)
        ragged = sum(not _lined_up(column, 0.4 * size) for column in columns)
        return ragged == 0 or (ragged == 1 and len(columns) > 2)


def _lined_up(column: Sequence[Line], tolerance: float) -> bool:
    if len(column) < 3:
        return True
    for positions in (
        [piece.left for piece in column],
        [piece.right for piece in column],
        [piece.middle_x for piece in column],
    ):
        ordered = sorted(positions)
        most = max(bisect.bisect(ordered, position + tolerance) - i for i, position in enumerate(ordered))
        if most >= _ALIGNED * len(column):
            return True
    return False


def find_columns(words: Sequence[Word]) -> Columns:
    """Return the columns that white parts; without edges when the text is not in columns."""
    pieces = split_into_lines(words, page=0, gap=CELL_GAP)
    if not pieces:
        return Columns((), ())
    size = statistics.median(piece.size for piece in pieces)
    spanning = spanning_pieces(pieces, size)
    if spanning:
        spans = _text_spans([piece for piece in pieces if id(piece) not in spanning], size)
        cut = [(piece, cut_between(piece, spans)) if id(piece) in spanning else (piece, [piece]) for piece in pieces]
        spanning = {id(piece) for piece, parts in cut if len(parts) == 1} & spanning
        pieces = [part for _, parts in cut for part in parts]
    spans = _text_spans([piece for piece in pieces if id(piece) not in spanning], size)
    edges = [(before[1] + after[0]) / 2 for before, after in itertools.pairwise(spans)]
    allowed = max(1.0, _MAX_CROSSING * len({round(piece.bottom / (0.5 * size)) for piece in pieces}))
    kept = [edge for edge in edges if sum(p.left < edge - 1 and p.right > edge + 1 for p in pieces) <= allowed]
    return Columns(pieces, kept)


def _text_spans(pieces: Sequence[Line], size: float) -> list[Span]:
    """Where text stands in any row, from left to right."""
    spans: list[Span] = []
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if spans and piece.left <= spans[-1][1] + _MIN_WHITE * size:
            spans[-1] = (spans[-1][0], max(spans[-1][1], piece.right))
        else:
            spans.append((piece.left, piece.right))
    return spans


def rows_by_columns(columns: Columns, boundaries: Sequence[float] | None = None) -> list[list[str]]:
    """Return the cells of a table whose columns are parted by white; no row when it has a single column.

    `boundaries` are the y positions between rows where rules show them; without them rows are told by wider gaps,
    or by lines that have text in the first column. A text over several columns stands in each of them.
    """
    if not columns.edges:
        return []
    limits = list(boundaries) if boundaries is not None else _row_boundaries(columns)
    cells: list[list[list[Word]]] = [[[] for _ in range(len(columns.edges) + 1)] for _ in range(len(limits) + 1)]
    over_columns: list[Line] = []
    for piece in columns.pieces:
        if columns.crosses(piece):
            over_columns.append(piece)
        else:
            cells[bisect.bisect(limits, piece.middle_y)][columns.of(piece)].extend(piece.words)
    for piece in over_columns:
        row = bisect.bisect(limits, piece.middle_y)
        for column in _spanned(piece, columns, cells[row], cells[row + 1] if row + 1 < len(cells) else []):
            cells[row][column].extend(piece.words)
    rows = [[text_of(cell) if cell else "" for cell in row] for row in cells]
    return _with_group_header([row for row in rows if any(row)])


def _with_group_header(rows: list[list[str]]) -> list[list[str]]:
    """Repeat a header that stands over all columns but the first, wherever over them it was set."""
    if len(rows) > 2 and len(rows[0]) > 2 and not rows[1][0] and all(rows[1][1:]):
        groups = [cell for cell in rows[0][1:] if cell]
        if len(groups) == 1:
            rows[0][1:] = groups * (len(rows[0]) - 1)
    return rows


def _spanned(piece: Line, columns: Columns, row: Sequence[list[Word]], below: Sequence[list[Word]]) -> Sequence[int]:
    """The columns over which a text stands: those it touches, and free ones beside it with text below them."""
    first, last = bisect.bisect(columns.edges, piece.left + 1), bisect.bisect(columns.edges, piece.right - 1)
    touched = range(first, last + 1)
    if any(row[column] for column in touched) or not below:
        return [column for column in touched if not row[column]] if not row[first] else [first]
    while first > 1 and not row[first - 1] and below[first - 1]:
        first -= 1
    while last + 1 < len(row) and not row[last + 1] and below[last + 1]:
        last += 1
    return range(first, last + 1)


def _row_boundaries(columns: Columns) -> list[float]:
    size = statistics.median(piece.size for piece in columns.pieces)
    levels = clustered((piece.middle_y for piece in columns.pieces), 0.45 * size)
    gaps = [below - above for above, below in itertools.pairwise(levels)]
    if not gaps:
        return []
    narrow, wide = min(gaps), max(gaps)
    if wide >= _ROW_GAP_CONTRAST * narrow:
        middle = (narrow + wide) / 2
        return [level + gap / 2 for level, gap in zip(levels, gaps, strict=False) if gap > middle]
    filled = [_filled(columns, level, 0.5 * size) for level in levels]
    return [
        level + gap / 2
        for level, gap, above, below in zip(levels, gaps, filled, filled[1:], strict=False)
        if 0 in below or len(below - above) >= max(2, (len(columns.edges) + 1) / 2)
    ]


def _filled(columns: Columns, level: float, tolerance: float) -> set[int]:
    """The columns that have text of their own on a level."""
    return {
        columns.of(piece)
        for piece in columns.pieces
        if abs(piece.middle_y - level) < tolerance and not (columns.crosses(piece) and columns.of(piece))
    }


def is_plausible(rows: Sequence[Sequence[str]], *, min_fill: float = 0.5, max_cell: int = 500) -> bool:
    """Tell whether cells look like a table: several rows and columns, not mostly empty, none of them an essay."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    cells = [cell for row in rows for cell in row]
    return sum(map(bool, cells)) >= min_fill * len(cells) and max(map(len, cells)) < max_cell
