"""What is drawn on a page beside its text, read in one walk over its objects: paths, shadings and pictures."""

import ctypes
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2.raw as pdfium

from shared.converters.pdf.native import (
    Reference,
    address_of,
    form_object_address,
    object_bounds,
    object_kind,
    object_matrix,
    page_object_address,
    reference,
    reference_to,
)
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.words import Box

_MAX_FORM_DEPTH = 3
_MAX_DRAWN = 20_000  # a map has a hundred thousand
_KINDS = frozenset((pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING, pdfium.FPDF_PAGEOBJ_IMAGE))

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class DrawnObject(NamedTuple):
    """A path, a shading or a picture."""

    kind: int
    address: int
    form: Matrix
    """The matrix of the form that it stands in."""


def read_objects(page: ctypes.c_void_p, *, max_objects: int) -> list[DrawnObject]:
    """Return what is drawn on a page, at most `max_objects` of all its objects looked at."""
    found: list[DrawnObject] = []
    for drawn in _walk(page, max_objects):
        found.append(drawn)
        if len(found) == _MAX_DRAWN:
            break
    return found


def _walk(page: ctypes.c_void_p, limit: int) -> Iterator[DrawnObject]:
    measure = ObjectMeasure()
    stack = [(reference_to(address_of(page)), IDENTITY, 0, pdfium.FPDFPage_CountObjects(page), 0)]
    looked_at = 0
    while stack:
        parent, form, depth, count, first = stack.pop()
        get = form_object_address if depth else page_object_address
        for index in range(first, min(count, first + limit - looked_at)):
            address = get(parent, index)
            looked_at += 1
            kind = object_kind(address) if address else 0
            if not address or kind == pdfium.FPDF_PAGEOBJ_TEXT:
                continue
            if kind in _KINDS:
                yield DrawnObject(kind, address, form)
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH:
                stack.append((parent, form, depth, count, index + 1))
                inner = combined(measure.matrix(reference_to(address)), form)
                length = pdfium.FPDFFormObj_CountObjects(ctypes.cast(address, pdfium.FPDF_PAGEOBJECT))
                stack.append((reference_to(address), inner, depth + 1, length, 0))
                break


def combined(inner: Matrix, outer: Matrix) -> Matrix:
    """Return the matrix that applies `inner` first, then `outer`."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


class ObjectMeasure:
    """Asks for matrices and boxes of page objects."""

    def __init__(self) -> None:
        self._numbers = (ctypes.c_float * 6)()
        self._references = [reference(self._numbers, 4 * n) for n in range(4)]

    def matrix(self, page_object: Reference) -> Matrix:
        """Return the matrix of a page object."""
        object_matrix(page_object, self._references[0])
        a, b, c, d, e, f = self._numbers[:]
        return (a, b, c, d, e, f)

    def box(self, page_object: Reference, form: Matrix, space: PageSpace) -> Box:
        """Return where an object of a form stands on the page; nowhere when pdfium does not know."""
        if not object_bounds(page_object, *self._references):
            return Box(0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top = self._numbers[:4]
        if form is not IDENTITY:
            a, b, c, d, e, f = form
            xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
            ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
            left, bottom, right, top = min(xs), min(ys), max(xs), max(ys)
        left, top, right, bottom = space.box(left, bottom, right, top)
        return Box(max(left, 0.0), max(top, 0.0), min(right, space.width), min(bottom, space.height))
