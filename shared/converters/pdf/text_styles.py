"""Size, weight and direction of the text of one text object."""

import ctypes
import math
import re
from dataclasses import dataclass

import pypdfium2.raw as pdfium

from shared.converters.pdf.native import (
    font_address,
    font_size_of,
    render_mode_of,
    text_object_address,
    text_page_address,
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


DEFAULT_STYLE = TextStyle(size=10.0, bold=False, mono=False, angle=0.0, hidden=False)


class TextStyles:
    """The styles of one page's text objects, each read once."""

    def __init__(self, text_page: ctypes.c_void_p) -> None:
        self._text_page = text_page
        self._text_page_address = text_page_address(text_page)
        self._styles: dict[int, TextStyle] = {}
        self._fonts: dict[int, tuple[bool, bool]] = {}
        self._buffer = ctypes.create_string_buffer(256)
        self._matrix = pdfium.FS_MATRIX()
        self._matrix_reference = ctypes.byref(self._matrix)

    def of_character(self, index: int) -> tuple[int, TextStyle]:
        """Return the address of the text object that holds a character, and its style; 0 for a made-up character."""
        address = text_object_address(self._text_page_address, index)
        if not address:
            return 0, DEFAULT_STYLE
        style = self._styles.get(address)
        if style is None:
            style = self._styles[address] = self._read(address, index)
        return address, style

    def _read(self, text_object: int, index: int) -> TextStyle:
        matrix = self._matrix
        scale, angle = 1.0, 0.0
        # The matrix of the character, not of the object: it counts the form the object may stand in.
        if pdfium.FPDFText_GetMatrix(self._text_page, index, self._matrix_reference):
            scale = math.hypot(matrix.c, matrix.d) or 1.0
            angle = math.degrees(math.atan2(matrix.b, matrix.a))
        size = abs(font_size_of(self._text_page_address, index) * scale)
        bold, mono = self._font(text_object)
        mode = render_mode_of(text_object)
        return TextStyle(
            size=round(size * 4) / 4 or 1.0,
            bold=bold or mode == _FILL_AND_STROKE,
            mono=mono,
            angle=angle,
            hidden=mode == _HIDDEN,
        )

    def _font(self, text_object: int) -> tuple[bool, bool]:
        address = font_address(text_object)
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
