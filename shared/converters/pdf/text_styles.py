"""Size, weight and direction of the text of one text object."""

import ctypes
import math
import re
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from shared.converters.pdf.native import (
    Reference,
    char_font_size,
    char_matrix,
    font_address,
    reference,
    reference_to,
    render_mode,
)

_BOLD = re.compile(
    r"bold|black|heavy|semib|demi|-bd\b|,b\b|cmbx|sf[bs]x|\bbx|medi$|-B$|-Hei|SimHei|黑体", re.IGNORECASE
)
_MONO = re.compile(r"mono|courier|consol|menlo|cmtt|typewriter|\bcode|sftt|nimbusmonl", re.IGNORECASE)
_BOLD_WEIGHT = 600
_FORCE_BOLD = 1 << 18  # ISO 32000-1, table 123, bit 19
_HIDDEN = 3  # text rendering mode, ISO 32000-1, table 106
_FILL_AND_STROKE = 2  # how word processors embolden a font that has no bold face


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How the text of one text object looks."""

    size: float
    bold: bool
    mono: bool
    angle: float
    """Counter-clockwise in degrees, in the coordinates of the PDF."""
    hidden: bool


_NO_MATRIX = (1.0, 0.0, 0.0, 1.0)
DEFAULT_STYLE = TextStyle(size=10.0, bold=False, mono=False, angle=0.0, hidden=False)


class TextStyles:
    """The styles of one page's text objects, each read once; equal styles are one object."""

    def __init__(self, text_page: Reference) -> None:
        self._text_page = text_page
        self._of_object: dict[int, TextStyle] = {}
        self._of_look: dict[tuple[float, ...], TextStyle] = {}
        self._known: dict[TextStyle, TextStyle] = {}
        self._fonts: dict[int, tuple[bool, bool]] = {}
        self._buffer = ctypes.create_string_buffer(256)
        self._matrix = (ctypes.c_float * 6)()
        self._matrix_reference = reference(self._matrix)

    def of_object(self, address: int, index: int) -> TextStyle:
        """Return the style of the text object at an address, 0 for none; `index` is that of a character in it."""
        style = self._of_object.get(address)
        if style is None:
            style = self._of_object[address] = self._read(address, index) if address else DEFAULT_STYLE
        return style

    def _read(self, address: int, index: int) -> TextStyle:
        text_object = reference_to(address)
        # The matrix of the character, not of the object: it counts the form the object may stand in.
        found = char_matrix(self._text_page, index, self._matrix_reference)
        a, b, c, d = self._matrix[:4] if found else _NO_MATRIX
        font, mode = font_address(text_object) or 0, render_mode(text_object)
        look = (a, b, c, d, char_font_size(self._text_page, index), font, mode)
        style = self._of_look.get(look)
        if style is None:  # a page has thousands of text objects and a dozen looks
            style = self._of_look[look] = self._style(*look[:5], font=font, mode=mode)
        return style

    def _style(self, a: float, b: float, c: float, d: float, size: float, *, font: int, mode: int) -> TextStyle:
        bold, mono = self._font(font)
        style = TextStyle(
            size=round(abs(size * (math.hypot(c, d) or 1.0)) * 4) / 4 or 1.0,
            bold=bold or mode == _FILL_AND_STROKE,
            mono=mono,
            angle=math.degrees(math.atan2(b, a)),
            hidden=mode == _HIDDEN,
        )
        return self._known.setdefault(style, style)

    def _font(self, address: int) -> tuple[bool, bool]:
        if not address:
            return False, False
        if address not in self._fonts:
            self._fonts[address] = self._read_font(ctypes.cast(address, pdfium.FPDF_FONT))
        return self._fonts[address]

    def _read_font(self, font: ctypes.c_void_p) -> tuple[bool, bool]:
        length = pdfium.FPDFFont_GetBaseFontName(font, self._buffer, 256)
        name = self._buffer.value.decode("utf-8", "replace") if length else ""
        flags = pdfium.FPDFFont_GetFlags(font)
        heavy = pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT or (flags > 0 and flags & _FORCE_BOLD)
        return bool(heavy or _BOLD.search(name)), bool(_MONO.search(name))
