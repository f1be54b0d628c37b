"""The straight lines of a page: strokes, thin rectangles and the edges of filled cells."""

import ctypes
import itertools
from collections.abc import Iterator

import pypdfium2.raw as pdfium

from shared.converters.pdf.layout import Rule, Rules
from shared.converters.pdf.page_space import PageSpace

_MAX_PATHS = 6000  # a table has hundreds of lines, a map has a hundred thousand
_MAX_SEGMENTS = 400
_MAX_FORM_DEPTH = 3
_DOT = (1.5, 7.0)  # points: the width of a bullet drawn as a shape
_THIN = 2.5  # points: a rectangle this thin is a line

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def matrix_of(page_object: ctypes.c_void_p) -> Matrix:
    """Return the matrix of a page object."""
    m = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(page_object, ctypes.byref(m))
    return (m.a, m.b, m.c, m.d, m.e, m.f)


def combined(inner: Matrix, outer: Matrix) -> Matrix:
    """Return the matrix that applies `inner` first, then `outer`."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def walk_objects(
    page: ctypes.c_void_p, limit: int, *, kinds: tuple[int, ...]
) -> Iterator[tuple[ctypes.c_void_p, Matrix]]:
    """Yield the page objects of some kinds with the matrix of the form they stand in, at most `limit` looked at."""
    stack = [(page, IDENTITY, 0, pdfium.FPDFPage_CountObjects(page), 0)]
    looked_at = 0
    while stack and looked_at < limit:
        parent, matrix, depth, count, index = stack.pop()
        if index >= count:
            continue
        stack.append((parent, matrix, depth, count, index + 1))
        get = pdfium.FPDFFormObj_GetObject if depth else pdfium.FPDFPage_GetObject
        page_object = get(parent, index)
        looked_at += 1
        kind = pdfium.FPDFPageObj_GetType(page_object)
        if kind in kinds:
            yield page_object, matrix
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH:
            inner = combined(matrix_of(page_object), matrix)
            stack.append((page_object, inner, depth + 1, pdfium.FPDFFormObj_CountObjects(page_object), 0))


def read_rules(page: ctypes.c_void_p, space: PageSpace, *, max_objects: int) -> Rules:
    """Return the horizontal and vertical lines of a page."""
    collector = _Collector(space)
    paths = walk_objects(page, max_objects, kinds=(pdfium.FPDF_PAGEOBJ_PATH,))
    for path, matrix in itertools.islice(paths, _MAX_PATHS):
        collector.add_path(path, matrix)
    return Rules(horizontal=collector.horizontal, vertical=collector.vertical, dots=collector.dots)


class _Collector:
    def __init__(self, space: PageSpace) -> None:
        self.horizontal: list[Rule] = []
        self.vertical: list[Rule] = []
        self.dots: list[tuple[float, float, float]] = []
        self._space = space
        self._fill_mode, self._stroked = ctypes.c_int(), ctypes.c_int()
        self._x, self._y = ctypes.c_float(), ctypes.c_float()
        self._colour = tuple(ctypes.c_uint() for _ in range(4))

    def add_path(self, path: ctypes.c_void_p, form: Matrix) -> None:
        count = pdfium.FPDFPath_CountSegments(path)
        if not 2 <= count <= _MAX_SEGMENTS:
            return
        pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(self._fill_mode), ctypes.byref(self._stroked))
        stroked, filled = bool(self._stroked.value), bool(self._fill_mode.value)
        if not stroked and not (filled and self._visible_fill(path)):
            return
        subpaths, curved = self._subpaths(path, count, combined(matrix_of(path), form))
        if len(subpaths) == 1 and len(subpaths[0]) > 3:
            self._add_dot(subpaths[0])
        if curved and count > 24:
            return
        for points in subpaths:
            self._add_subpath(points, stroked=stroked, curved=curved)

    def _visible_fill(self, path: ctypes.c_void_p) -> bool:
        pdfium.FPDFPageObj_GetFillColor(path, *(ctypes.byref(part) for part in self._colour))
        red, green, blue, alpha = (part.value for part in self._colour)
        return alpha > 0 and min(red, green, blue) < 250

    def _subpaths(self, path: ctypes.c_void_p, count: int, matrix: Matrix) -> tuple[list[list[Point]], bool]:
        a, b, c, d, e, f = matrix
        p, q, r, s, t, u = self._space.to_layout
        subpaths: list[list[Point]] = []
        curved = False
        for index in range(count):
            segment = pdfium.FPDFPath_GetPathSegment(path, index)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(self._x), ctypes.byref(self._y))
            x, y = self._x.value, self._y.value
            x, y = a * x + c * y + e, b * x + d * y + f
            point = (p * x + q * y + r, s * x + t * y + u)
            curved = curved or kind == pdfium.FPDF_SEGMENT_BEZIERTO
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                subpaths.append([point])
            elif subpaths:
                subpaths[-1].append(point)
        return subpaths, curved

    def _add_subpath(self, points: list[Point], *, stroked: bool, curved: bool) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        width, height = right - left, bottom - top
        if width > 0.98 * self._space.width and height > 0.9 * self._space.height:
            return  # the background of the page
        if min(width, height) <= _THIN:
            if width > height:
                self._add_segment((left, (top + bottom) / 2), (right, (top + bottom) / 2))
            else:
                self._add_segment(((left + right) / 2, top), ((left + right) / 2, bottom))
        elif stroked:
            closed = [*points, points[0]] if len(points) > 3 else points
            for start, end in itertools.pairwise(closed):
                self._add_segment(start, end)
        elif len(points) >= 4 and not curved and height > 6 and width > 8:
            for y in (top, bottom):
                self._add_segment((left, y), (right, y))
            for x in (left, right):
                self._add_segment((x, top), (x, bottom))

    def _add_dot(self, points: list[Point]) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        if _DOT[0] < width < _DOT[1] and abs(width - height) < 0.2 * width:
            self.dots.append(((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2, width))

    def _add_segment(self, start: Point, end: Point) -> None:
        left, right = sorted((start[0], end[0]))
        top, bottom = sorted((start[1], end[1]))
        if bottom - top <= 2 and right - left > 6:
            self.horizontal.append(Rule((top + bottom) / 2, left, right))
        elif right - left <= 2 and bottom - top > 4:
            self.vertical.append(Rule((left + right) / 2, top, bottom))
