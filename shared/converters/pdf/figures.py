"""Figures drawn with lines, curves and fills, such as charts and diagrams: where they are, and their pictures."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pypdfium2

from shared.converters.pdf.layout import Figure
from shared.converters.pdf.page_objects import Matrix
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.paths import CURVE, LINE, Path
from shared.converters.pdf.words import Box, Word

if TYPE_CHECKING:
    from PIL.Image import Image

LOOKED_AT_SEGMENTS = 40
"""Of each path, to tell what it is."""

_CELL = 8.0  # points: what is no further apart belongs to one figure
_MIN_SIDE, _MIN_AREA, _MAX_AREA = 60.0, 0.02, 0.85  # points, and parts of the page
MAX_PATH_AREA = 0.5
"""Of the page: a larger path is a frame or a background."""

_MIN_DRAWN = 5  # curves and slanting lines: tables, rules and boxes have none
_MAX_TEXT = 0.35  # of a figure: what is filled with text is text in a box
_LETTER_HEIGHT = (2.5, 30.0)  # points
MARGIN = 8.0  # points around a figure, for labels that stand at its edge
_DPI, _MAX_PIXELS = 125.0, 2000  # a label of 7 points is 12 pixels high, and drawing costs a third less than at 150


@dataclass(slots=True)
class DrawnPath(Box):
    """A path, and what makes it a drawing."""

    drawn: bool = False
    filled: bool = False


@dataclass(slots=True)
class _Cluster:
    """Paths that touch or nearly do."""

    paths: list[DrawnPath] = field(default_factory=list)

    def figure(self) -> Figure:
        return Figure(
            min(path.left for path in self.paths),
            min(path.top for path in self.paths),
            max(path.right for path in self.paths),
            max(path.bottom for path in self.paths),
            letter_shapes=self._letter_shapes(),
        )

    def _letter_shapes(self) -> int:
        """Count small shapes, those of one size once: the marks of a chart are alike, the letters of a word are not."""
        least, most = _LETTER_HEIGHT
        small = (path for path in self.paths if path.drawn and least <= path.height <= most)
        return len({(round(path.width, 1), round(path.height, 1)) for path in small})

    def may_be_drawing(self) -> bool:
        """Tell, at little cost, whether these paths or some of them can be a drawing."""
        return self._is_drawn() or any(_differ_in_height(bars) for bars in self._standing())

    def is_drawing(self) -> bool:
        return self._is_drawn() or self._has_bars()

    def _is_drawn(self) -> bool:
        return sum(path.drawn for path in self.paths) >= _MIN_DRAWN

    def _has_bars(self) -> bool:
        """Tell the bars of a chart: fills of different heights that stand beside each other on one line."""
        for bars in self._standing():
            bars.sort(key=lambda path: path.left)
            apart = all(left.right <= right.left + 1 for left, right in itertools.pairwise(bars))
            if apart and _differ_in_height(bars):
                return True
        return False

    def _standing(self) -> Iterator[list[DrawnPath]]:
        """Yield the fills that stand on one line, line by line."""
        fills = [path for path in self.paths if path.filled and path.width > 3 and path.height > 3]
        fills.sort(key=lambda path: round(path.bottom))
        for _, group in itertools.groupby(fills, key=lambda path: round(path.bottom)):
            yield list(group)


def _differ_in_height(bars: Sequence[DrawnPath]) -> bool:
    return len({round(bar.height / 3) for bar in bars}) >= 3


def find_figures(
    paths: Sequence[DrawnPath], space: PageSpace, words: Sequence[Word], pictures: Sequence[Box]
) -> list[Figure]:
    """Return the drawn figures of a page, in its layout."""
    if not _Cluster(list(paths)).may_be_drawing():
        return []
    page_area = space.width * space.height
    figures = []
    for cluster in _clusters(paths, space):
        box = cluster.figure()
        area = box.width * box.height
        if (
            min(box.width, box.height) >= _MIN_SIDE
            and _MIN_AREA * page_area <= area <= _MAX_AREA * page_area
            and cluster.is_drawing()
            and _covered(box, words) <= _MAX_TEXT * area
            and _covered(box, pictures) <= 0.5 * area
        ):
            figures.append(box)
    return figures


def draw_figure(page: pypdfium2.PdfPage, space: PageSpace, figure: Box) -> "Image":
    """Return the picture of a figure as it is shown, a little of what stands around it included."""
    width, height = page.get_size()
    left, top, right, bottom = space.shown(figure)
    left, top = max(0.0, left - MARGIN), max(0.0, top - MARGIN)
    right, bottom = min(width, right + MARGIN), min(height, bottom + MARGIN)
    scale = min(_DPI / 72, _MAX_PIXELS / max(right - left, bottom - top))
    bitmap = page.render(scale=scale, crop=(left, height - bottom, width - right, top), rev_byteorder=True)
    picture: Image = bitmap.to_pil().convert("RGB")
    return picture


def is_drawn(path: Path, form: Matrix) -> bool:
    """Tell curves and slanting lines from rectangles and rules; a form that turns its content is rare."""
    if abs(form[1]) > 1e-3 and abs(form[0]) > 1e-3:
        return True
    last: tuple[float, float] | None = None
    for kind, x, y in path.segments[:LOOKED_AT_SEGMENTS]:
        if kind == CURVE:
            return True
        if kind == LINE and last is not None:
            across, up = abs(x - last[0]), abs(y - last[1])
            if min(across, up) > 0.05 * max(across, up) and max(across, up) > 1e-3:
                return True
        last = (x, y)
    return False


def _clusters(paths: Sequence[DrawnPath], space: PageSpace) -> list[_Cluster]:
    """Group paths by the cells of a grid that they cover: cells beside each other are one figure."""
    columns, rows = int(space.width // _CELL) + 1, int(space.height // _CELL) + 1
    covered = [0] * (rows + 1)  # a row of cells is a number, with a bit for each
    places = []
    for path in paths:
        first, last = max(0, int(path.left // _CELL)), min(columns, int(path.right // _CELL))
        top, bottom = max(0, int(path.top // _CELL)), min(rows, int(path.bottom // _CELL))
        places.append((top, first))
        for row in range(top, bottom + 1):
            covered[row] |= (2 << last) - (1 << first)
    groups = _connected_cells(covered)
    clusters: dict[int, _Cluster] = {}
    for path, (row, column) in zip(paths, places, strict=True):
        group = next(group for start, end, group in groups[row] if start <= column <= end)
        clusters.setdefault(group, _Cluster()).paths.append(path)
    return list(clusters.values())


def _connected_cells(covered: Sequence[int]) -> list[list[tuple[int, int, int]]]:
    """Return first and last column and the group of the runs of cells in each row; runs that touch share a group."""
    parents: list[int] = []

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    found: list[list[tuple[int, int, int]]] = []
    above: list[tuple[int, int, int]] = []
    for bits in covered:
        row = []
        for run in re.finditer("1+", f"{bits:b}"[::-1]):
            start, end, own = run.start(), run.end() - 1, len(parents)
            parents.append(own)
            row.append((start, end, own))
            for other_start, other_end, other in above:
                if other_start <= end + 1 and start <= other_end + 1:
                    parents[root(own)] = root(other)
        found.append(row)
        above = row
    return [[(start, end, root(own)) for start, end, own in row] for row in found]


def _covered(box: Box, others: Sequence[Box]) -> float:
    """Return how much of a box others cover, overlaps of theirs counted twice."""
    covered = 0.0
    for other in others:
        width = min(box.right, other.right) - max(box.left, other.left)
        height = min(box.bottom, other.bottom) - max(box.top, other.top)
        if width > 0 and height > 0:
            covered += width * height
    return covered
