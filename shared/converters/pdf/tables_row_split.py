"""Rows that a grid draws as one: several lines of text, each a row of its own, between two rules."""

import re
from collections.abc import Sequence

from shared.converters.pdf.lines import rows_of_words
from shared.converters.pdf.words import Word

_MIN_COLUMNS = 3
_NUMBER = re.compile(r"^[-+(¥$€£]?[\d.,%\s]+[)%]?$")


def row_boundaries(cells: Sequence[Sequence[Word]]) -> list[float]:
    """Return the y positions that part the rows inside one drawn row; none when its cells are texts of several lines.

    `cells` holds the words of those cells that lie in this row alone. They are rows of their own when every cell has
    a text on every line, and there are so many lines or numbers that wrapped text cannot be the reason.
    """
    filled = [list(cell) for cell in cells if cell]
    if len(filled) < _MIN_COLUMNS:
        return []
    lines = [rows_of_words(cell) for cell in filled]
    count = len(lines[0])
    if count < 2 or any(len(cell) != count for cell in lines):
        return []
    levels = [sum(cell[n][0].bottom for cell in lines) / len(lines) for n in range(count)]
    size = lines[0][0][0].size
    if any(abs(cell[n][0].bottom - levels[n]) > 0.6 * size for cell in lines for n in range(count)):
        return []
    numbers = sum(all(_NUMBER.match(" ".join(word.text for word in line)) for line in cell) for cell in lines)
    if numbers < 1 or (count == 2 and numbers < len(lines) / 2):
        return []
    tops = [min(word.top for cell in lines for word in cell[n]) for n in range(1, count)]
    bottoms = [max(word.bottom for cell in lines for word in cell[n]) for n in range(count - 1)]
    return [(bottom + top) / 2 for bottom, top in zip(bottoms, tops, strict=True)]
