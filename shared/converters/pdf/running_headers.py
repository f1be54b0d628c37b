"""Running headers, footers and page numbers: text that many pages repeat in their outer bands."""

import collections
import itertools
import re
from collections.abc import Sequence

from shared.converters.pdf.layout import Line, PageContent
from shared.converters.pdf.lines import split_into_lines
from shared.converters.pdf.running_zone import running_zone
from shared.converters.pdf.words import Word

_BAND = 0.11  # of the page's height at top and bottom
_WIDE_BAND = 0.22  # the same on a page with wide margins, for what stands outermost
_LEVEL = 8.0  # points: a running header keeps its height
_PAGE_NUMBER = re.compile(r"[-–—|·.\s]*(page|seite|第)?#{1,4}((of|/|von|sur)#)?(页|頁)?[-–—|·.\s]*")
_MIN_PAGES, _SHARE, _ENOUGH_PAGES = 2, 0.4, 5
_MANY_PAGES = 5


def drop_running_headers(pages: Sequence[PageContent]) -> None:
    """Take running headers, footers and page numbers out of the words of the pages."""
    zone = running_zone(pages)
    banded = [_banded_lines(page) for page in pages]
    outer = [
        [line for line in lines if _is_outermost(line, page, lines)] for page, lines in zip(pages, banded, strict=True)
    ]
    counts: collections.Counter[tuple[str, int]] = collections.Counter()
    for lines in outer:
        counts.update(_keys_of(lines))
    needed = max(_MIN_PAGES, min(_ENOUGH_PAGES, _SHARE * len(pages)))
    offsets = _number_offsets(pages, outer)
    for page, lines in zip(pages, outer, strict=True):
        dropped = set(zone)
        for rows in _from_each_edge(lines, page):
            for row in rows:
                running = _running(row, page, counts, offsets, needed=needed)
                if not running and not any(id(word) in zone for line in row for word in line.words):
                    break  # what stands further in is text, even if another page has the like at its height
                dropped.update(id(word) for line in running for word in line.words)
        _drop(page, dropped)
    if len(pages) >= _MANY_PAGES:
        _drop_repeated(pages, banded)


def _drop(page: PageContent, dropped: set[int]) -> None:
    if dropped:
        page.words = [word for word in page.words if id(word) not in dropped]


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    return [list(row) for _, row in itertools.groupby(lines, key=lambda line: round(line.bottom))]


def _from_each_edge(lines: Sequence[Line], page: PageContent) -> tuple[list[list[Line]], list[list[Line]]]:
    """Return the rows of the upper half from the top down, and those of the lower half from the bottom up."""
    rows = sorted(_rows(lines), key=lambda row: row[0].top)
    upper = [row for row in rows if row[0].top < page.height / 2]
    return upper, rows[len(upper) :][::-1]


def _running(
    row: Sequence[Line],
    page: PageContent,
    counts: collections.Counter[tuple[str, int]],
    offsets: collections.Counter[int],
    *,
    needed: float,
) -> list[Line]:
    """Return the pieces of a row that are a running header; all or none of three or more: they may be a table's."""
    repeated = [line for line in row if _count(line, row, counts) >= needed]
    if len(row) > 2:
        worded = sum(any(map(str.isalpha, line.text)) for line in repeated)
        return list(row) if worded > 1 and 3 * len(repeated) >= 2 * len(row) else []
    numbers = [line for line in row if _is_page_number(line, page, offsets)]
    return [line for line in row if line in repeated or (line in numbers and len(numbers) == 1)]


def _banded_lines(page: PageContent) -> list[Line]:
    words = [word for word in page.words if _in_band(word, page, _WIDE_BAND)]
    return split_into_lines(words, page=page.number)


def _drop_repeated(pages: Sequence[PageContent], banded: Sequence[Sequence[Line]]) -> None:
    """Take out what nearly every page repeats at one height, even if it does not stand outermost."""
    needed = max(_MANY_PAGES, _SHARE * len(pages))
    counts: collections.Counter[tuple[str, int]] = collections.Counter()
    for lines in banded:
        counts.update(_keys_of(lines))
    for page, lines in zip(pages, banded, strict=True):
        rows = _rows(lines)
        repeated = [line for row in rows if len(row) < 3 for line in row if _count(line, row, counts) >= needed]
        _drop(page, {id(word) for line in repeated if any(map(str.isalpha, line.text)) for word in line.words})


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


def _keys_of(lines: Sequence[Line]) -> set[tuple[str, int]]:
    return {key for row in _rows(lines) for line in row for key in _keys(line, row_length=len(row))}


def _count(line: Line, row: Sequence[Line], counts: collections.Counter[tuple[str, int]]) -> int:
    return max(counts[key] for key in _keys(line, row_length=len(row)))


def _keys(line: Line, *, row_length: int) -> tuple[tuple[str, int], tuple[str, int]]:
    # Two overlapping levels, so that a header that moves by a point is still counted as one. Figures that differ are
    # the same in a header ("page 3 of 9"), not by themselves and not in a row of a table.
    pattern = _pattern(line)
    if row_length > 2 or not any(map(str.isalpha, pattern)):
        pattern = line.text
    return (pattern, int(line.top // _LEVEL) * 2), (pattern, int((line.top + _LEVEL / 2) // _LEVEL) * 2 + 1)


def _number_offsets(pages: Sequence[PageContent], outer: Sequence[Sequence[Line]]) -> collections.Counter[int]:
    """Count by how much the numbers at the edges of the pages differ from the position of their page."""
    offsets: collections.Counter[int] = collections.Counter()
    for page, lines in zip(pages, outer, strict=True):
        numbers = [
            [int(line.text) for line in row if line.text.isdecimal() and len(line.text) < 7] for row in _rows(lines)
        ]
        offsets.update({row[0] - page.number for row in numbers if len(row) == 1})
    return offsets


def _is_page_number(line: Line, page: PageContent, offsets: collections.Counter[int]) -> bool:
    if not _PAGE_NUMBER.fullmatch(_pattern(line)):
        return False
    level = [word for word in page.words if abs(word.baseline - line.words[0].baseline) < 0.5 * line.size]
    if len(level) == len(line.words) or not line.text.isdecimal():
        return True
    # Beside other text it may be a figure of a table: a page number grows from page to page.
    return offsets[int(line.text) - page.number] > 1
