"""Bullets that are drawn as shapes: a sign is put before the text that stands beside them."""

from collections.abc import Sequence

from shared.converters.pdf.layout import PageContent
from shared.converters.pdf.words import Space, Word

_MAX_DOTS = 150  # more of them are a chart
_REACH = 2.8  # font sizes between the bullet and its text
_SIGN = "•"


def add_drawn_bullets(page: PageContent) -> None:
    """Add a word for each small shape that stands alone before a line of text, at the height of its letters."""
    if not 0 < len(page.rules.dots) <= _MAX_DOTS:
        return
    added = [_bullet(dot, page.words) for dot in page.rules.dots]
    page.words = [*page.words, *(word for word in added if word is not None)]


def _bullet(dot: tuple[float, float, float], words: Sequence[Word]) -> Word | None:
    x, y, width = dot
    line = [word for word in words if word.top < y < word.baseline + 0.1 * word.size]
    after = min((word for word in line if word.left > x), key=lambda word: word.left, default=None)
    if after is None or after.left - x > _REACH * after.size or width > 0.7 * after.size or after.text == _SIGN:
        return None
    if any(x - 4 * after.size < word.right and word.left < x + width / 2 for word in line if word is not after):
        return None
    return Word(
        left=x - width / 2,
        top=after.top,
        right=x + width / 2,
        bottom=after.bottom,
        text=_SIGN,
        size=after.size,
        bold=after.bold,
        mono=False,
        index=after.index,
        space=Space.WRITTEN,
    )
