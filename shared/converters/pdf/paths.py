"""The paths that are drawn on a page, each read once for all that is made of it."""

import ctypes
from typing import NamedTuple

import pypdfium2.raw as pdfium

from shared.converters.pdf.native import (
    Reference,
    fill_colour,
    path_draw_mode,
    path_segment,
    path_segment_count,
    reference,
    segment_kind,
    segment_point,
)

MOVE, LINE, CURVE = pdfium.FPDF_SEGMENT_MOVETO, pdfium.FPDF_SEGMENT_LINETO, pdfium.FPDF_SEGMENT_BEZIERTO
_WHITE = 250  # of 255

Segment = tuple[int, float, float]
"""The type of a segment and where it ends, in the coordinates of the path."""


class Path(NamedTuple):
    """How a path is painted and the beginning of its outline."""

    filled: bool
    """Visibly: white is left out."""
    stroked: bool
    length: int
    segments: list[Segment]


class PathReader:
    """Reads the paths of one page."""

    def __init__(self) -> None:
        self._fill_mode, self._stroked = ctypes.c_int(), ctypes.c_int()
        self._mode = (reference(self._fill_mode), reference(self._stroked))
        self._colour = (ctypes.c_uint * 4)()
        self._colour_parts = [reference(self._colour, 4 * n) for n in range(4)]
        self._x, self._y = ctypes.c_float(), ctypes.c_float()

    def read(self, path: Reference, *, max_segments: int, many_segments: int) -> Path:
        """Return a path with its first `max_segments` segments, of one with more with its first `many_segments`."""
        path_draw_mode(path, *self._mode)
        filled = bool(self._fill_mode.value) and self._is_visible(path)
        stroked = bool(self._stroked.value)
        length = path_segment_count(path)
        wanted = length if length <= max_segments else many_segments
        return Path(filled, stroked, length, self._segments(path, wanted) if filled or stroked else [])

    def _is_visible(self, path: Reference) -> bool:
        if not fill_colour(path, *self._colour_parts):
            return False
        red, green, blue, alpha = self._colour[:]
        return alpha > 0 and min(red, green, blue) < _WHITE

    def _segments(self, path: Reference, count: int) -> list[Segment]:
        x, y = self._x, self._y
        at_x, at_y = reference(x), reference(y)
        segments = []
        for index in range(count):
            segment = path_segment(path, index)
            segment_point(segment, at_x, at_y)
            segments.append((segment_kind(segment), x.value, y.value))
        return segments
