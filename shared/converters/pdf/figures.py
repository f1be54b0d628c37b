"""Figures drawn with lines, curves and fills, such as charts and diagrams: where they are, and their pictures."""

import ctypes
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pypdfium2
import pypdfium2.raw as pdfium

from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.pictures import object_box
from shared.converters.pdf.rules import Matrix, walk_objects
from shared.converters.pdf.words import Box, Word

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_OBJECTS = 20_000
_CELL = 8.0  # points: what is no further apart belongs to one figure
_MIN_SIDE, _MIN_AREA, _MAX_AREA = 60.0, 0.02, 0.85  # points, and parts of the page
_MAX_PATH_AREA = 0.5  # of the page: a larger path is a frame or a background
_MIN_DRAWN = 5  # curves and slanting lines: tables, rules and boxes have none
_MAX_TEXT = 0.35  # of a figure: what is filled with text is text in a box
_SEGMENTS = 40  # looked at in each path
_MARGIN = 8.0  # points around a figure, for labels that stand at its edge
_DPI, _MAX_PIXELS = 150.0, 2000


@dataclass(slots=True)
class _Path(Box):
    """A path, and what makes it a drawing."""

    drawn: bool = False
    filled: bool = False


@dataclass(slots=True)
class _Cluster:
    """Paths that touch or nearly do."""

    paths: list[_Path] = field(default_factory=list)

    def box(self) -> Box:
        return Box(
            min(path.left for path in self.paths),
            min(path.top for path in self.paths),
            max(path.right for path in self.paths),
            max(path.bottom for path in self.paths),
        )

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

    def _standing(self) -> Iterator[list[_Path]]:
        """Yield the fills that stand on one line, line by line."""
        fills = [path for path in self.paths if path.filled and path.width > 3 and path.height > 3]
        fills.sort(key=lambda path: round(path.bottom))
        for _, group in itertools.groupby(fills, key=lambda path: round(path.bottom)):
            yield list(group)


def _differ_in_height(bars: Sequence[_Path]) -> bool:
    return len({round(bar.height / 3) for bar in bars}) >= 3


def find_figures(page: ctypes.c_void_p, space: PageSpace, words: Sequence[Word], pictures: Sequence[Box]) -> list[Box]:
    """Return where the drawn figures of a page stand, in its layout."""
    paths = _paths(page, space)
    if not _Cluster(paths).may_be_drawing():
        return []
    page_area = space.width * space.height
    figures = []
    for cluster in _clusters(paths, space):
        box = cluster.box()
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
    left, top = max(0.0, left - _MARGIN), max(0.0, top - _MARGIN)
    right, bottom = min(width, right + _MARGIN), min(height, bottom + _MARGIN)
    scale = min(_DPI / 72, _MAX_PIXELS / max(right - left, bottom - top))
    bitmap = page.render(scale=scale, crop=(left, height - bottom, width - right, top), rev_byteorder=True)
    picture: Image = bitmap.to_pil().convert("RGB")
    return picture


def _paths(page: ctypes.c_void_p, space: PageSpace) -> list[_Path]:
    found = []
    page_area = space.width * space.height
    for path, form in walk_objects(page, _MAX_OBJECTS, kinds=(pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING)):
        box = object_box(path, form, space)
        if box.width < 0 or box.height < 0 or box.width * box.height > _MAX_PATH_AREA * page_area:
            continue
        is_path = pdfium.FPDFPageObj_GetType(path) == pdfium.FPDF_PAGEOBJ_PATH
        filled, stroked = _paint(path) if is_path else (True, False)
        if filled or stroked:
            drawn = not is_path or _is_drawn(path, form)
            found.append(_Path(box.left, box.top, box.right, box.bottom, drawn=drawn, filled=filled))
    return found


def _paint(path: ctypes.c_void_p) -> tuple[bool, bool]:
    """Tell whether a path is filled, white left out, and whether its outline is drawn."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke))
    parts = tuple(ctypes.c_uint() for _ in range(4))
    pdfium.FPDFPageObj_GetFillColor(path, *(ctypes.byref(part) for part in parts))
    red, green, blue, alpha = (part.value for part in parts)
    visible = alpha > 0 and min(red, green, blue) < 250
    return bool(fill.value) and visible, bool(stroke.value)


def _is_drawn(path: ctypes.c_void_p, form: Matrix) -> bool:
    """Tell curves and slanting lines from rectangles and rules; a form that turns its content is rare."""
    x, y = ctypes.c_float(), ctypes.c_float()
    last: tuple[float, float] | None = None
    if abs(form[1]) > 1e-3 and abs(form[0]) > 1e-3:
        return True
    for index in range(min(_SEGMENTS, pdfium.FPDFPath_CountSegments(path))):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_BEZIERTO:
            return True
        pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        if kind == pdfium.FPDF_SEGMENT_LINETO and last is not None:
            across, up = abs(x.value - last[0]), abs(y.value - last[1])
            if min(across, up) > 0.05 * max(across, up) and max(across, up) > 1e-3:
                return True
        last = (x.value, y.value)
    return False


def _clusters(paths: Sequence[_Path], space: PageSpace) -> list[_Cluster]:
    """Group paths by the cells of a grid that they cover: cells beside each other are one figure."""
    columns, rows = int(space.width // _CELL) + 1, int(space.height // _CELL) + 1
    owner: dict[tuple[int, int], int] = {}
    parents = list(range(len(paths)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for index, path in enumerate(paths):
        first_column, last_column = max(0, int(path.left // _CELL)), min(columns, int(path.right // _CELL))
        first_row, last_row = max(0, int(path.top // _CELL)), min(rows, int(path.bottom // _CELL))
        for column in range(first_column - 1, last_column + 2):
            for row in range(first_row - 1, last_row + 2):
                inside = first_column <= column <= last_column and first_row <= row <= last_row
                other = owner.get((column, row))
                if other is not None:
                    parents[root(index)] = root(other)
                elif inside:
                    owner[column, row] = index
    clusters: dict[int, _Cluster] = {}
    for index, path in enumerate(paths):
        clusters.setdefault(root(index), _Cluster()).paths.append(path)
    return list(clusters.values())


def _covered(box: Box, others: Sequence[Box]) -> float:
    """Return how much of a box others cover, overlaps of theirs counted twice."""
    covered = 0.0
    for other in others:
        width = min(box.right, other.right) - max(box.left, other.left)
        height = min(box.bottom, other.bottom) - max(box.top, other.top)
        if width > 0 and height > 0:
            covered += width * height
    return covered
