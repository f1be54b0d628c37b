"""Puts the characters of a page together to words."""

from collections.abc import Sequence

from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.scripts import CHARACTER_MAP, RTL
from shared.converters.pdf.text_styles import TextStyle
from shared.converters.pdf.words import ASCENT, DESCENT, Space, Word

_MAX_TILT_DEGREES = 5.0
_CLOSING = frozenset("，。、；：！？）」』》】〉〕")
_OPENING = frozenset("（「『《【〈〔")


class WordBuilder:
    """Takes characters in the order of the file."""

    def __init__(self, space: PageSpace) -> None:
        self.visible: list[Word] = []
        self.hidden: list[Word] = []
        self.text_object = -1
        """The address of the one that the characters stand in now."""
        self._page = space
        self._word: Word | None = None
        self._style: TextStyle | None = None
        self._space = Space.GUESSED
        self._baseline = 0.0
        self._last_left = 0.0

    def blank(self, kind: Space) -> None:
        """Take blanks: they end a word."""
        self._word = None
        self._space = max(self._space, kind)

    def start_object(self, address: int, origin: tuple[float, float]) -> None:
        """Begin with the characters of a text object that has its origin there."""
        _, _, _, d, e, f = self._page.to_layout
        self.text_object = address
        self._baseline = d * origin[0] + e * origin[1] + f

    def add(self, characters: Sequence[str], index: int, style: TextStyle, boxes: list[float]) -> None:
        """Take characters of one text object without blanks; `index` is that of the first.

        `boxes` holds left, bottom, right and top of each in the PDF's coordinates.
        """
        if style is not self._style and self._is_tilted(style):
            self._word = None
            return
        page, upright = self._page, self._page.turn == 0
        dx, dy = page.to_layout[2], page.to_layout[5]
        word = self._word if self._continues(style) else None
        numbers = iter(boxes)
        # This runs for every character there is: hence no calls in it for those that are as nearly all are.
        for character, left, bottom, right, top in zip(characters, numbers, numbers, numbers, numbers, strict=True):
            if upright:
                left, right, top, bottom = left + dx, right + dx, dy - top, dy - bottom  # noqa: PLW2901
            else:
                left, top, right, bottom = page.box(left, bottom, right, top)  # noqa: PLW2901
            index += 1
            if right < 0 or left > page.width or bottom < 0 or top > page.height:
                continue
            text = character
            if character > "~" or character < "!":
                text = character.translate(CHARACTER_MAP)
                if not text:
                    continue
                left, right = _advance(text, left, right, style.size)  # noqa: PLW2901
            if word is None or not self._extend(word, text, left, right):
                word = self._start(text, index - 1, style, height=bottom - top, extent=(left, right))
            self._last_left = left
            self._space = Space.NONE

    def _is_tilted(self, style: TextStyle) -> bool:
        tilt = (style.angle - self._page.turn) % 360
        return min(tilt, 360 - tilt) > _MAX_TILT_DEGREES

    def _continues(self, style: TextStyle) -> bool:
        """Tell whether text of a style may go on with the word: equal styles are one object."""
        word = self._word
        if word is None or style is not self._style:
            return False
        return abs(self._baseline + DESCENT * word.size - word.bottom) < 0.3 * word.size

    def _extend(self, word: Word, text: str, left: float, right: float) -> bool:
        if text >= "\u0590" and RTL.match(text):
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

    def _start(self, text: str, index: int, style: TextStyle, *, height: float, extent: tuple[float, float]) -> Word:
        # A font whose declared size is nonsense is measured by its glyphs.
        size = max(height, 1.0) if style.size < 0.6 * height or style.size > 6 * height > 18 else style.size
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
        return self._word


def _advance(text: str, left: float, right: float, size: float) -> tuple[float, float]:
    """Give full-width punctuation the width it takes: its ink fills a quarter, the rest would look like a gap."""
    if text in _CLOSING:
        return left, max(right, left + 0.8 * size)
    if text in _OPENING:
        return min(left, right - 0.8 * size), right
    return left, right
