"""Rows and columns of a table without vertical lines, from the white between its texts."""

import bisect
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from shared.converters.pdf.layout import Line
from shared.converters.pdf.lines import CELL_GAP, split_into_lines, text_of
from shared.converters.pdf.tables_grid import clustered
from shared.converters.pdf.words import Word

_SPANNING = 0.62  # of the table's width: such a text runs over several columns and says nothing about them
_MAX_CROSSING = 0.2  # of the rows may have a text that runs over a column edge
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
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    size = statistics.median(piece.size for piece in pieces)
    spans: list[list[float]] = []
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if piece.width > _SPANNING * (right - left):
            continue
        if spans and piece.left <= spans[-1][1] + _MIN_WHITE * size:
            spans[-1][1] = max(spans[-1][1], piece.right)
        else:
            spans.append([piece.left, piece.right])
    edges = [(before[1] + after[0]) / 2 for before, after in itertools.pairwise(spans)]
    allowed = max(1.0, _MAX_CROSSING * len({round(piece.bottom / (0.5 * size)) for piece in pieces}))
    return Columns(
        pieces,
        [edge for edge in edges if sum(p.left < edge - 1 and p.right > edge + 1 for p in pieces) <= allowed],
    )


def rows_by_columns(columns: Columns, boundaries: Sequence[float] | None = None) -> list[list[str]]:
    """Return the cells of a table whose columns are parted by white; no row when it has a single column.

    `boundaries` are the y positions between rows where rules show them; without them rows are told by wider gaps,
    or by lines that have text in the first column.
    """
    if not columns.edges:
        return []
    limits = list(boundaries) if boundaries is not None else _row_boundaries(columns)
    cells: list[list[list[Word]]] = [[[] for _ in range(len(columns.edges) + 1)] for _ in range(len(limits) + 1)]
    for piece in columns.pieces:
        cells[bisect.bisect(limits, piece.middle_y)][columns.of(piece)].extend(piece.words)
    rows = [[text_of(cell) if cell else "" for cell in row] for row in cells]
    return [row for row in rows if any(row)]


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
    starts = [piece.middle_y for piece in columns.pieces if piece.left < columns.edges[0]]
    return [
        level + gap / 2
        for level, below, gap in zip(levels, levels[1:], gaps, strict=False)
        if any(abs(start - below) < 0.5 * size for start in starts)
    ]


def is_plausible(rows: Sequence[Sequence[str]], *, min_fill: float = 0.5, max_cell: int = 500) -> bool:
    """Tell whether cells look like a table: several rows and columns, not mostly empty, none of them an essay."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    cells = [cell for row in rows for cell in row]
    return sum(map(bool, cells)) >= min_fill * len(cells) and max(map(len, cells)) < max_cell
