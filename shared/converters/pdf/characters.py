"""From the characters of a page to its words."""

import collections
import ctypes

import pypdfium2.raw as pdfium

from shared.converters.pdf.native import text_page_address, unicode_of
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.scripts import CHARACTER_MAP, RTL
from shared.converters.pdf.text_styles import TextStyle, TextStyles
from shared.converters.pdf.words import ASCENT, DESCENT, Space, Word

_BLANKS = frozenset((0x00, 0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x2002, 0x2003, 0x2009, 0x202F, 0x3000))
_WRITTEN_BLANKS = frozenset((0x20, 0xA0, 0x3000))
_HYPHEN = 0x02  # what pdfium reads at the end of a line that breaks a word
_LAST_CODE = 0x10FFFF
_MAX_TILT_DEGREES = 5.0
_CLOSING = frozenset("，。、；：！？）」』》】〉〕")
_OPENING = frozenset("（「『《【〈〔")


def dominant_turn(text_page: ctypes.c_void_p, count: int) -> int | None:
    """Return the direction of most of the text, 0, 90, 180 or 270 degrees; None for a page without text."""
    styles = TextStyles(text_page)
    turns: collections.Counter[int] = collections.Counter()
    for index in range(0, count, max(1, count // 200)):
        address, style = styles.of_character(index)
        if address:
            turns[round(style.angle / 90) * 90 % 360] += 1
    return turns.most_common(1)[0][0] if turns else None


def read_words(text_page: ctypes.c_void_p, count: int, space: PageSpace) -> list[Word]:
    """Return the words of a page in the order of the file.

    Text that leans more than a few degrees against the rest is left out. Invisible text is kept where it is the only
    text (the text layer of a scan) and left out beside visible text.
    """
    builder = _WordBuilder(space)
    _feed(builder, text_page, count)
    hidden = sum(len(word.text) for word in builder.hidden)
    visible = sum(len(word.text) for word in builder.visible)
    return _without_overprints(builder.hidden if hidden > 4 * visible else builder.visible)


def _feed(builder: "_WordBuilder", text_page: ctypes.c_void_p, count: int) -> None:
    styles = TextStyles(text_page)
    left, right, bottom, top = ctypes.c_double(), ctypes.c_double(), ctypes.c_double(), ctypes.c_double()
    box = (ctypes.byref(left), ctypes.byref(right), ctypes.byref(bottom), ctypes.byref(top))
    origin_x, origin_y = ctypes.c_double(), ctypes.c_double()
    get_box, page_address = pdfium.FPDFText_GetCharBox, text_page_address(text_page)
    high_surrogate = 0
    for index in range(count):
        code = unicode_of(page_address, index)
        if code in _BLANKS:
            written = code in _WRITTEN_BLANKS and not pdfium.FPDFText_IsGenerated(text_page, index)
            builder.blank(Space.WRITTEN if written else Space.GUESSED)
            continue
        if code > _LAST_CODE or (code < 0x20 and code != _HYPHEN):
            continue
        if 0xD800 <= code < 0xDC00:
            high_surrogate = code
            continue
        if 0xDC00 <= code < 0xE000:  # pdfium counts UTF-16 units: two of them are one character
            if not high_surrogate:
                continue
            code = 0x10000 + ((high_surrogate - 0xD800) << 10) + (code - 0xDC00)
        high_surrogate = 0
        address, style = styles.of_character(index)
        if not get_box(text_page, index, *box):
            continue
        if builder.needs_origin(address):
            found = pdfium.FPDFText_GetCharOrigin(text_page, index, ctypes.byref(origin_x), ctypes.byref(origin_y))
            builder.start_object(address, (origin_x.value, origin_y.value) if found else (left.value, bottom.value))
        builder.add(chr(code), index, style, (left.value, bottom.value, right.value, top.value))


class _WordBuilder:
    """Puts characters together to words."""

    def __init__(self, space: PageSpace) -> None:
        self.visible: list[Word] = []
        self.hidden: list[Word] = []
        self._page = space
        self._affine = space.to_layout
        self._upright = space.turn == 0
        self._word: Word | None = None
        self._style: TextStyle | None = None
        self._space = Space.GUESSED
        self._object = -1
        self._baseline = 0.0
        self._last_left = 0.0

    def blank(self, kind: Space) -> None:
        self._word = None
        self._space = max(self._space, kind)

    def needs_origin(self, address: int) -> bool:
        return address != self._object

    def start_object(self, address: int, origin: tuple[float, float]) -> None:
        # All characters of a text object stand on one baseline, so it is asked for once.
        _, _, _, d, e, f = self._page.to_layout
        self._object = address
        self._baseline = d * origin[0] + e * origin[1] + f

    def add(self, character: str, index: int, style: TextStyle, char_box: tuple[float, float, float, float]) -> None:
        if style is not self._style and self._is_tilted(style):
            self._word = None
            return
        if self._upright:  # nearly every page: no need for the general way
            left, right = char_box[0] + self._affine[2], char_box[2] + self._affine[2]
            top, bottom = self._affine[5] - char_box[3], self._affine[5] - char_box[1]
        else:
            left, top, right, bottom = self._page.box(*char_box)
        if right < 0 or left > self._page.width or bottom < 0 or top > self._page.height:
            return
        text = character
        if character > "~" or character == "\x02":
            text = character.translate(CHARACTER_MAP)
            if not text:
                return
            left, right = _advance(text, left, right, style.size)
        height = bottom - top
        # A font whose declared size is nonsense is measured by its glyphs.
        size = max(height, 1.0) if style.size < 0.6 * height or style.size > 6 * height > 18 else style.size
        if not self._extend(text, style, left, right):
            self._start(text, index, style, size=size, extent=(left, right))
        self._last_left = left
        self._space = Space.NONE

    def _is_tilted(self, style: TextStyle) -> bool:
        tilt = (style.angle - self._page.turn) % 360
        return min(tilt, 360 - tilt) > _MAX_TILT_DEGREES

    def _extend(self, text: str, style: TextStyle, left: float, right: float) -> bool:
        word = self._word
        if word is None or (style is not self._style and style != self._style):
            return False
        if abs(self._baseline + DESCENT * word.size - word.bottom) >= 0.3 * word.size:
            return False
        if RTL.match(text):
            gap = min(abs(word.left - right), max(0.0, left - word.right))
            if gap >= 0.6 * word.size:
                return False
            word.rightward += 1 if left > self._last_left else -1
            word.left = min(word.left, left)
        else:
            if not -0.5 * word.size < left - word.right < 0.8 * word.size:
                return False
            if word.text[-1] == text and abs(left - self._last_left) < 0.15 * word.size:
                return True  # printed twice, a little apart, to look bold
        word.text += text
        word.right = max(word.right, right)
        return True

    def _start(self, text: str, index: int, style: TextStyle, *, size: float, extent: tuple[float, float]) -> None:
        self._word = Word(
            left=extent[0],
            top=self._baseline - ASCENT * size,
            right=extent[1],
            bottom=self._baseline + DESCENT * size,
            text=text,
            size=size,
            bold=style.bold,
            mono=style.mono,
            index=index,
            space=self._space,
        )
        self._style = style
        (self.hidden if style.hidden else self.visible).append(self._word)


def _advance(text: str, left: float, right: float, size: float) -> tuple[float, float]:
    """Give full-width punctuation the width it takes: its ink fills a quarter, the rest would look like a gap."""
    if text in _CLOSING:
        return left, max(right, left + 0.8 * size)
    if text in _OPENING:
        return min(left, right - 0.8 * size), right
    return left, right


def _without_overprints(words: list[Word]) -> list[Word]:
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for word in words:
        key = (word.text, round(word.left / 2), round(word.bottom / 2))
        if len(word.text) > 1 and key in seen:
            continue
        seen.add(key)
        kept.append(word)
    return kept
