"""The white between the columns of a page, seen in its words: narrow gutters part lines that a gap alone would not."""

import statistics
from collections.abc import Sequence

from shared.converters.pdf.layout import Line
from shared.converters.pdf.lines import make_line
from shared.converters.pdf.words import Word

_MAX_COVER = 0.3  # of the height of the text may cross a gutter: titles and tables do
_MIN_WIDTH = 0.5  # font sizes; justified prose has such gaps too, but not one below the other
_MIN_WORDS = 40


def find_gutters(words: Sequence[Word]) -> list[tuple[float, float]]:
    """Return where hardly any word stands, as left and right positions, margins left out."""
    if len(words) < _MIN_WORDS:
        return []
    left, right = min(word.left for word in words), max(word.right for word in words)
    size = statistics.median(word.size for word in words)
    steps = int(right - left) + 2
    change = [0.0] * (steps + 1)
    for word in words:
        change[max(0, int(word.left - left))] += word.size
        change[min(steps, int(word.right - left) + 1)] -= word.size
    heights = {round(word.bottom / (0.5 * size)): word.size for word in words}
    limit = _MAX_COVER * sum(heights.values())
    gutters: list[tuple[float, float]] = []
    cover, start = 0.0, -1
    for position in range(steps):
        cover += change[position]
        if cover <= limit and start < 0:
            start = position
        elif cover > limit and start >= 0:
            if start > 0.1 * steps and position < 0.9 * steps and position - start >= _MIN_WIDTH * size:
                gutters.append((left + start, left + position))
            start = -1
    return gutters


def cut_at_gutters(lines: Sequence[Line], gutters: Sequence[tuple[float, float]]) -> list[Line]:
    """Cut lines in two where a gap of theirs lies on a gutter."""
    cut: list[Line] = []
    for line in lines:
        cut.extend(_pieces(line, gutters) if len(line.words) > 1 else [line])
    return cut


def _pieces(line: Line, gutters: Sequence[tuple[float, float]]) -> list[Line]:
    crossed = [(start + end) / 2 for start, end in gutters if line.left < start and line.right > end]
    if not crossed:
        return [line]
    groups, right = [[line.words[0]]], line.words[0].right
    for word in line.words[1:]:
        wide = word.left - right >= _MIN_WIDTH * word.size
        if wide and any(right - 1 <= middle <= word.left + 1 for middle in crossed):
            groups.append([word])
        else:
            groups[-1].append(word)
        right = max(right, word.right)
    return [line] if len(groups) == 1 else [make_line(group, page=line.page) for group in groups]
