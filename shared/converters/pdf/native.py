"""The pdfium functions that are called for every character or text object, bound so that a call costs little.

The bindings of pypdfium2 wrap each returned pointer in an object; here it is a plain address (twice as fast).
"""

import ctypes
from collections.abc import Callable
from typing import cast

import pypdfium2.raw as pdfium


def _address_of(function: object) -> int:
    address = ctypes.cast(cast("ctypes.c_void_p", function), ctypes.c_void_p).value
    assert address is not None
    return address


_TEXT_PAGE_AND_INDEX = (ctypes.c_void_p, ctypes.c_int)

text_object_address = cast(
    "Callable[[int, int], int | None]",
    ctypes.CFUNCTYPE(ctypes.c_void_p, *_TEXT_PAGE_AND_INDEX)(_address_of(pdfium.FPDFText_GetTextObject)),
)
"""Return the address of the text object of a character; None for one that pdfium made up."""

unicode_of = cast(
    "Callable[[int, int], int]",
    ctypes.CFUNCTYPE(ctypes.c_uint, *_TEXT_PAGE_AND_INDEX)(_address_of(pdfium.FPDFText_GetUnicode)),
)
"""Return the UTF-16 unit of a character."""


font_address = cast(
    "Callable[[int], int | None]",
    ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(_address_of(pdfium.FPDFTextObj_GetFont)),
)
"""Return the address of the font of a text object."""

render_mode_of = cast(
    "Callable[[int], int]",
    ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_address_of(pdfium.FPDFTextObj_GetTextRenderMode)),
)
"""Return the text rendering mode of a text object, ISO 32000-1, table 106."""

font_size_of = cast(
    "Callable[[int, int], float]",
    ctypes.CFUNCTYPE(ctypes.c_double, *_TEXT_PAGE_AND_INDEX)(_address_of(pdfium.FPDFText_GetFontSize)),
)
"""Return the font size at a character, before its matrix."""


def text_page_address(text_page: ctypes.c_void_p) -> int:
    """Return the address of a text page, as the functions here want it."""
    address = ctypes.cast(text_page, ctypes.c_void_p).value
    assert address is not None
    return address
