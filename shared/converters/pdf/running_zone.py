"""Running headers whose words change, as those with the title of the section do."""

import collections
import statistics
from collections.abc import Sequence

from shared.converters.pdf.layout import Line, PageContent
from shared.converters.pdf.lines import split_into_lines

_BAND = 0.13  # of the page's height
_MIN_PAGES, _SHARE = 6, 0.5
_MAX_LENGTH = 100  # characters
_APART = 0.8  # font sizes of white between the line and the text, more than between lines


def running_zone(pages: Sequence[PageContent]) -> set[int]:
    """Return the ids of the words in short lines at the top that stand apart at one height on half of the pages."""
    if len(pages) < _MIN_PAGES:
        return set()
    found = [_top_line(page) for page in pages]
    levels = collections.Counter(round(row[0].bottom / 2) for row in found if row)
    zone: set[int] = set()
    for row in found:
        level = round(row[0].bottom / 2) if row else -1
        if row and levels[level - 1] + levels[level] + levels[level + 1] >= max(_MIN_PAGES, _SHARE * len(pages)):
            zone.update(id(word) for line in row for word in line.words)
    return zone


def _top_line(page: PageContent) -> list[Line]:
    """Return the pieces of the topmost line of a page if it stands apart and is no larger than the text."""
    if not page.words:
        return []
    first = min(page.words, key=lambda word: word.bottom)
    if first.bottom > _BAND * page.height:
        return []
    level = [word for word in page.words if abs(word.baseline - first.baseline) < 0.5 * first.size]
    rest = [word for word in page.words if word.bottom > first.bottom + 0.5 * first.size]
    size = statistics.median(word.size for word in page.words)
    if not rest or max(word.size for word in level) > 1.1 * size:
        return []
    row = split_into_lines(level, page=page.number)
    apart = min(word.top for word in rest) - first.bottom > _APART * size
    return row if apart and len(row) < 3 and sum(len(line.text) for line in row) < _MAX_LENGTH else []
