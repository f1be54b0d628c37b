"""Coordinates: from those of the PDF to a page whose text stands upright, and on to the page as it is shown."""

from dataclasses import dataclass

from shared.converters.base import BoundingBox
from shared.converters.pdf.words import Box

Affine = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f of x' = ax + by + c and y' = dx + ey + f."""


def _turned(left: float, bottom: float, right: float, top: float, *, turn: int) -> Affine:
    if turn == 90:
        return (0.0, 1.0, -bottom, 1.0, 0.0, -left)
    if turn == 180:
        return (-1.0, 0.0, right, 0.0, 1.0, -bottom)
    if turn == 270:
        return (0.0, -1.0, top, -1.0, 0.0, right)
    return (1.0, 0.0, -left, 0.0, -1.0, top)


@dataclass(frozen=True, slots=True)
class PageSpace:
    """The page turned until its text stands upright, with the origin in the top left corner.

    `turn` is the clockwise turn of the layout, `shown_turn` that of the page (`/Rotate`); they differ on a page whose
    text was drawn sideways.
    """

    width: float
    height: float
    turn: int
    to_layout: Affine
    to_shown: Affine

    @classmethod
    def of(cls, crop: tuple[float, float, float, float], *, turn: int, shown_turn: int) -> "PageSpace":
        """Return the space of a page with this crop box (left, bottom, right, top)."""
        left, bottom, right, top = crop
        width, height = right - left, top - bottom
        if turn in (90, 270):
            width, height = height, width
        return cls(
            width=width,
            height=height,
            turn=turn,
            to_layout=_turned(left, bottom, right, top, turn=turn),
            to_shown=_turned(left, bottom, right, top, turn=shown_turn),
        )

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom in the layout of a rectangle in the PDF's coordinates."""
        return _mapped(self.to_layout, left, bottom, right, top)

    def shown(self, box: Box) -> BoundingBox:
        """Return where a box of the layout lies on the page as it is shown."""
        if self.to_layout == self.to_shown:
            return (round(box.left, 2), round(box.top, 2), round(box.right, 2), round(box.bottom, 2))
        left, top, right, bottom = _mapped(_inverse(self.to_layout), box.left, box.top, box.right, box.bottom)
        left, top, right, bottom = _mapped(self.to_shown, left, top, right, bottom)
        return (round(left, 2), round(top, 2), round(right, 2), round(bottom, 2))


def _mapped(affine: Affine, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    a, b, c, d, e, f = affine
    xs = (a * x0 + b * y0 + c, a * x1 + b * y1 + c)
    ys = (d * x0 + e * y0 + f, d * x1 + e * y1 + f)
    return (min(xs), min(ys), max(xs), max(ys))


def _inverse(affine: Affine) -> Affine:
    a, b, c, d, e, f = affine
    det = a * e - b * d
    ia, ib, id_, ie = e / det, -b / det, -d / det, a / det
    return (ia, ib, -(ia * c + ib * f), id_, ie, -(id_ * c + ie * f))
