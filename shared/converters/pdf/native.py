"""The pdfium functions that are called for every character or page object, bound so that a call costs little.

The bindings of pypdfium2 convert each argument and wrap each returned pointer. Here no argument types are declared, so
that ctypes hands on a reference which `byref` made once as it is; and the lock of the interpreter is kept, since each
of these functions takes well under a microsecond. Together that is three to four times as fast (measured).
Declared types would catch mistakes: whoever calls these passes a `Reference` for every pointer, and plain ints.
"""

import ctypes
from collections.abc import Callable
from typing import NewType, cast

import pypdfium2.raw as pdfium

Reference = NewType("Reference", object)
"""What `ctypes.byref` returns: ctypes has no public name for its type."""

Fill = Callable[[Reference, Reference, Reference], int]


class Handle(ctypes.c_void_p):
    """A returned pointer that can be passed on as it is."""


def reference(data: "ctypes._CData", offset_bytes: int = 0) -> Reference:
    """Return a reference to data, which has to live as long as the reference is used."""
    return cast("Reference", ctypes.byref(data, offset_bytes))


def reference_to(address: int) -> Reference:
    """Return a reference to what pdfium keeps at an address."""
    return reference(ctypes.c_char.from_address(address))


def address_of(pointer: object) -> int:
    """Return the address of a pointer of pypdfium2's, or of a function."""
    address = ctypes.cast(cast("ctypes.c_void_p", pointer), ctypes.c_void_p).value
    assert address is not None
    return address


def _bound(function: object, result: object) -> object:
    return ctypes.PYFUNCTYPE(cast("type[ctypes.c_int]", result))(address_of(function))


char_unicode = cast("Callable[[Reference, int], int]", _bound(pdfium.FPDFText_GetUnicode, ctypes.c_uint))
"""Return the UTF-16 unit of a character."""

char_box = cast(
    "Callable[[Reference, int, Reference, Reference, Reference, Reference], int]",
    _bound(pdfium.FPDFText_GetCharBox, ctypes.c_int),
)
"""Write left, right, bottom and top of the ink of a character as doubles."""

char_origin = cast(
    "Callable[[Reference, int, Reference, Reference], int]", _bound(pdfium.FPDFText_GetCharOrigin, ctypes.c_int)
)
"""Write x and y of the origin of a character as doubles; tell whether it has one."""

char_is_generated = cast("Callable[[Reference, int], int]", _bound(pdfium.FPDFText_IsGenerated, ctypes.c_int))
"""Return 1 for a character that pdfium made up."""

char_lacks_unicode = cast("Callable[[Reference, int], int]", _bound(pdfium.FPDFText_HasUnicodeMapError, ctypes.c_int))
"""Return 1 for a character of which the font does not say what it is."""

char_matrix = cast("Callable[[Reference, int, Reference], int]", _bound(pdfium.FPDFText_GetMatrix, ctypes.c_int))
"""Write the matrix of a character as six floats; tell whether it has one."""

char_font_size = cast("Callable[[Reference, int], float]", _bound(pdfium.FPDFText_GetFontSize, ctypes.c_double))
"""Return the font size at a character, before its matrix."""

char_text_object = cast(
    "Callable[[Reference, int], int | None]", _bound(pdfium.FPDFText_GetTextObject, ctypes.c_void_p)
)
"""Return the address of the text object of a character; None for one that pdfium made up."""

font_address = cast("Callable[[Reference], int | None]", _bound(pdfium.FPDFTextObj_GetFont, ctypes.c_void_p))
"""Return the address of the font of a text object."""

render_mode = cast("Callable[[Reference], int]", _bound(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_int))
"""Return the text rendering mode of a text object, ISO 32000-1, table 106."""

page_object_address = cast("Callable[[Reference, int], int | None]", _bound(pdfium.FPDFPage_GetObject, ctypes.c_void_p))
"""Return the address of an object of a page."""

form_object_address = cast(
    "Callable[[Reference, int], int | None]", _bound(pdfium.FPDFFormObj_GetObject, ctypes.c_void_p)
)
"""Return the address of an object of a form."""

object_kind = cast(
    "Callable[[int], int]",
    ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(address_of(pdfium.FPDFPageObj_GetType)),
)
"""Return the type of the page object at an address: with a declared type, for most objects need no reference."""

object_matrix = cast("Callable[[Reference, Reference], int]", _bound(pdfium.FPDFPageObj_GetMatrix, ctypes.c_int))
"""Write the matrix of a page object as six floats."""

object_bounds = cast(
    "Callable[[Reference, Reference, Reference, Reference, Reference], int]",
    _bound(pdfium.FPDFPageObj_GetBounds, ctypes.c_int),
)
"""Write left, bottom, right and top of a page object as floats; tell whether it has any."""

fill_colour = cast(
    "Callable[[Reference, Reference, Reference, Reference, Reference], int]",
    _bound(pdfium.FPDFPageObj_GetFillColor, ctypes.c_int),
)
"""Write red, green, blue and alpha of the fill of a page object as unsigned ints."""

path_draw_mode = cast("Fill", _bound(pdfium.FPDFPath_GetDrawMode, ctypes.c_int))
"""Write the way of filling, 0 for none, and whether the outline is drawn, as ints."""

path_segment_count = cast("Callable[[Reference], int]", _bound(pdfium.FPDFPath_CountSegments, ctypes.c_int))
"""Return how many segments a path has."""

path_segment = cast("Callable[[Reference, int], Handle]", _bound(pdfium.FPDFPath_GetPathSegment, Handle))
"""Return a segment of a path."""

segment_kind = cast("Callable[[Handle], int]", _bound(pdfium.FPDFPathSegment_GetType, ctypes.c_int))
"""Return the type of a segment."""

segment_point = cast(
    "Callable[[Handle, Reference, Reference], int]", _bound(pdfium.FPDFPathSegment_GetPoint, ctypes.c_int)
)
"""Write x and y of a segment as floats."""
