"""The straight lines of a page: strokes, thin rectangles and the edges of filled cells."""

import itertools

from shared.converters.pdf.layout import Rule, Rules
from shared.converters.pdf.page_objects import Matrix
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.paths import CURVE, MOVE, Path

MAX_SEGMENTS = 400
"""A path with more is a drawing."""

_MAX_PATHS = 6000  # a table has hundreds of lines, a map has a hundred thousand
_DOT = (1.5, 7.0)  # points: the width of a bullet drawn as a shape
_THIN = 2.5  # points: a rectangle this thin is a line

Point = tuple[float, float]


class RuleCollector:
    """Takes the paths of a page, one after the other."""

    def __init__(self, space: PageSpace) -> None:
        self._horizontal: list[Rule] = []
        self._vertical: list[Rule] = []
        self._dots: list[tuple[float, float, float]] = []
        self._space = space
        self._paths = 0

    def rules(self) -> Rules:
        """Return the horizontal and vertical lines of the paths, and the dots."""
        return Rules(horizontal=self._horizontal, vertical=self._vertical, dots=self._dots)

    def wants(self, path: Path) -> bool:
        """Tell whether a path may hold lines."""
        self._paths += 1
        return self._paths <= _MAX_PATHS and 2 <= path.length <= MAX_SEGMENTS and (path.stroked or path.filled)

    def add(self, path: Path, matrix: Matrix) -> None:
        """Take a path; `matrix` leads from its coordinates to those of the page."""
        subpaths, curved = self._subpaths(path, matrix)
        if len(subpaths) == 1 and len(subpaths[0]) > 3:
            self._add_dot(subpaths[0])
        if curved and path.length > 24:
            return
        for points in subpaths:
            self._add_subpath(points, stroked=path.stroked, curved=curved)

    def _subpaths(self, path: Path, matrix: Matrix) -> tuple[list[list[Point]], bool]:
        a, b, c, d, e, f = matrix
        p, q, r, s, t, u = self._space.to_layout
        subpaths: list[list[Point]] = []
        curved = False
        for kind, path_x, path_y in path.segments:
            x, y = a * path_x + c * path_y + e, b * path_x + d * path_y + f
            point = (p * x + q * y + r, s * x + t * y + u)
            curved = curved or kind == CURVE
            if kind == MOVE:
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
            self._dots.append(((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2, width))

    def _add_segment(self, start: Point, end: Point) -> None:
        left, right = (start[0], end[0]) if start[0] <= end[0] else (end[0], start[0])
        top, bottom = (start[1], end[1]) if start[1] <= end[1] else (end[1], start[1])
        if bottom - top <= 2 and right - left > 6:
            self._horizontal.append(Rule((top + bottom) / 2, left, right))
        elif right - left <= 2 and bottom - top > 4:
            self._vertical.append(Rule((left + right) / 2, top, bottom))
