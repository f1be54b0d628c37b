"""Running headers, footers and page numbers: text that many pages repeat in their outer bands."""

import collections
import re
from collections.abc import Sequence

from shared.converters.pdf.layout import Line, PageContent
from shared.converters.pdf.lines import split_into_lines
from shared.converters.pdf.words import Word

_BAND = 0.11  # of the page's height at top and bottom
_WIDE_BAND = 0.22  # the same on a page with wide margins, for what stands outermost
_LEVEL = 8.0  # points: a running header keeps its height
_PAGE_NUMBER = re.compile(r"[-–—|·.\s]*(page|seite|第)?#{1,4}((of|/|von|sur)#)?(页|頁)?[-–—|·.\s]*")
_MIN_PAGES, _SHARE, _ENOUGH_PAGES = 2, 0.4, 5


def drop_running_headers(pages: Sequence[PageContent]) -> None:
    """Take running headers, footers and page numbers out of the words of the pages."""
    outer = [_outer_lines(page) for page in pages]
    counts: collections.Counter[tuple[str, int]] = collections.Counter()
    for lines in outer:
        counts.update({key for line in lines for key in _keys(line)})
    needed = max(_MIN_PAGES, min(_ENOUGH_PAGES, _SHARE * len(pages)))
    for page, lines in zip(pages, outer, strict=True):
        dropped = {
            id(word)
            for line in lines
            if _is_page_number(line) or max(counts[key] for key in _keys(line)) >= needed
            for word in line.words
        }
        page.words = [word for word in page.words if id(word) not in dropped]


def _outer_lines(page: PageContent) -> list[Line]:
    words = [word for word in page.words if _in_band(word, page, _WIDE_BAND)]
    lines = split_into_lines(words, page=page.number)
    return [line for line in lines if _is_outermost(line, page, lines)]


def _in_band(word: Word, page: PageContent, band: float) -> bool:
    return word.bottom < band * page.height or word.top > (1 - band) * page.height


def _is_outermost(line: Line, page: PageContent, lines: Sequence[Line]) -> bool:
    """Tell whether a line stands in the outer band, or alone at the edge of a page with wide margins."""
    if line.bottom < _BAND * page.height or line.top > (1 - _BAND) * page.height:
        return True
    apart = 1.5 * line.size
    if line.top < page.height / 2:
        return all(other is line or other.top > line.bottom + apart - line.size for other in lines)
    return all(other is line or other.bottom < line.top - apart + line.size for other in lines)


def _pattern(line: Line) -> str:
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", line.text)).lower()


def _keys(line: Line) -> tuple[tuple[str, int], tuple[str, int]]:
    # Two overlapping levels, so that a header that moves by a point is still counted as one.
    pattern = _pattern(line)
    return (pattern, int(line.top // _LEVEL) * 2), (pattern, int((line.top + _LEVEL / 2) // _LEVEL) * 2 + 1)


def _is_page_number(line: Line) -> bool:
    return bool(_PAGE_NUMBER.fullmatch(_pattern(line)))
