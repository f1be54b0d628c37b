"""From words to lines: words on one baseline, cut where the gap is wide."""

import itertools
from collections.abc import Iterable, Sequence

from shared.converters.pdf.layout import Line, bounds
from shared.converters.pdf.raised import with_raised_figures
from shared.converters.pdf.scripts import HAN, join_lines, join_words
from shared.converters.pdf.words import Word

COLUMN_GAP = 1.0
"""Font sizes of white between two words that belong to different columns."""

CELL_GAP = 0.7
"""The same between two cells of a table: the space of justified text stays below it."""


_ROWS_BACK = 6  # a word belongs to one of the last rows: they are sorted from the top


def rows_of_words(words: Iterable[Word]) -> list[list[Word]]:
    """Group words that stand on one baseline, raised and lowered figures with them; each row from left to right."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.bottom, word.left)):
        for row in rows[: -_ROWS_BACK - 1 : -1]:
            if _same_baseline(row[0], word):
                row.append(word)
                break
        else:
            rows.append([word])
    for row in rows:
        row.sort(key=lambda word: word.left)
    return rows


def _same_baseline(first: Word, word: Word) -> bool:
    apart = abs(first.baseline - word.baseline)
    if apart > first.size and apart > word.size:
        return False
    smaller, larger = sorted((first.size, word.size))
    return apart <= 0.3 * max(3.0, smaller) or (smaller < 0.8 * larger and apart <= 0.5 * larger)


def split_into_lines(words: Iterable[Word], *, page: int, gap: float = COLUMN_GAP) -> list[Line]:
    """Return the lines of a page or a part of it, cut where the white between words exceeds `gap` font sizes."""
    lines = []
    for row in rows_of_words(words):
        current, right = [row[0]], row[0].right
        for word in row[1:]:
            if word.left - right > gap * max(word.size, current[-1].size):
                lines.append(make_line(current, page=page))
                current = [word]
            else:
                current.append(word)
            right = max(right, word.right)
        lines.append(make_line(current, page=page))
    return lines


def has_gap(words: Sequence[Word], *, gap: float) -> bool:
    """Tell whether `split_into_lines` would cut words on one baseline."""
    ordered = sorted(words, key=lambda word: word.left)
    right = ordered[0].right
    for before, word in itertools.pairwise(ordered):
        if word.left - right > gap * max(word.size, before.size):
            return True
        right = max(right, word.right)
    return False


def make_line(words: list[Word], *, page: int) -> Line:
    """Return the line that some words on one baseline make."""
    words = with_raised_figures(words)
    left, top, right, bottom = bounds(words)
    sizes: dict[float, int] = {}
    length = bold = 0
    mono = False
    for word in words:
        count = len(word.text)
        # Monospace within other text is often set smaller: it decides only where it is nearly alone.
        sizes[word.size] = sizes.get(word.size, 0) + count * (1 if word.mono else 8)
        length += count
        bold += count if word.bold else 0
        mono = mono or word.mono
    return Line(
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        words=words,
        size=max(sizes, key=sizes.__getitem__),
        bold=bold > 0.9 * length,
        mono=mono and _is_mono(words),
        page=page,
    )


def _is_mono(words: Sequence[Word]) -> bool:
    # Monospace fonts have no Han: a comment in Chinese stands in another font.
    latin = [word for word in words if not HAN.match(word.text)]
    return sum(len(word.text) for word in latin if word.mono) > 0.8 * sum(len(word.text) for word in latin)


def merge_line(lines: Sequence[Line]) -> Line:
    """Return one line of the pieces that stand beside each other."""
    if len(lines) == 1:
        return lines[0]
    return make_line([word for line in lines for word in line.words], page=lines[0].page)


def text_of(words: Sequence[Word]) -> str:
    """Return the text of words that make up one cell, its lines joined."""
    text = ""
    for row in rows_of_words(words):
        text = join_lines(text, join_words(with_raised_figures(row)))
    return text.strip()
