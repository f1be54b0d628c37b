"""Reading order: columns told by the white between them, wide boxes as separators."""

import statistics
from collections.abc import Sequence

from shared.converters.pdf.layout import Item, Line

_MAX_DEPTH = 4
_MIN_PAGE_LINES = 6  # fewer do not show columns
_MIN_COLUMN_LINES = 10  # of a column that tells how the next page is set
_MIN_LINES = 4  # on each side of a gutter
_MAX_CROSSING = 0.3  # of the text's height may cross a gutter: titles, wide tables
_MIN_COLUMN = 12.0  # font sizes: narrower columns are those of a table
_MIN_WIDTH = 150.0  # points: narrower text has no columns


def page_gutter(items: Sequence[Item]) -> float | None:
    """Return where the two columns of a page of text part; None for a page without such columns."""
    lines = [item for item in items if isinstance(item, Line)]
    found = _gutter(items, lines) if len(lines) >= 2 * _MIN_COLUMN_LINES else None
    if found is None:
        return None
    gutter, crossing = found
    size = statistics.median(line.size for line in lines)
    before = [line for line in lines if line.right <= gutter + 1]
    after = [line for line in lines if line.left >= gutter - 1]
    if min(len(before), len(after)) < _MIN_COLUMN_LINES or len(crossing) > 0.1 * len(items):
        return None
    left, right = min(line.left for line in before), max(line.right for line in after)
    full = (_share_of_full_lines(before, gutter - left, size), _share_of_full_lines(after, right - gutter, size))
    return gutter if min(full) > 0.6 else None


def in_reading_order(items: Sequence[Item], depth: int = 0, *, expected: float | None = None) -> list[Item]:
    """Return lines, tables and pictures of a page in the order in which a person reads them.

    `expected` is where the gutter of the page before it lay: it decides for a page with too little text to tell.
    """
    lines = [item for item in items if isinstance(item, Line)]
    found = _gutter(items, lines) if len(lines) >= _MIN_PAGE_LINES and depth <= _MAX_DEPTH else None
    if found is None and expected is not None:
        found = _expected_gutter(items, expected)
    if found is None:
        return _from_top(items)
    gutter, crossing = found
    rest = [item for item in items if not any(item is other for other in crossing)]
    ordered: list[Item] = []
    for separator in sorted(crossing, key=lambda item: item.top):
        above = [item for item in rest if item.middle_y < separator.middle_y]
        rest = [item for item in rest if item.middle_y >= separator.middle_y]
        ordered += _columns(above, gutter, depth)
        ordered.append(separator)
    return ordered + _columns(rest, gutter, depth)


def _columns(items: Sequence[Item], gutter: float, depth: int) -> list[Item]:
    left = [item for item in items if item.middle_x < gutter]
    right = [item for item in items if item.middle_x >= gutter]
    return in_reading_order(left, depth + 1) + in_reading_order(right, depth + 1)


def _from_top(items: Sequence[Item]) -> list[Item]:
    """Sort by height, what stands on about one baseline from left to right."""
    by_height = sorted(items, key=lambda item: (item.middle_y if isinstance(item, Line) else item.top + 4, item.left))
    ordered: list[Item] = []
    row: list[Item] = []
    for item in by_height:
        if row and not _on_one_baseline(row[0], item):
            ordered += sorted(row, key=lambda other: other.left)
            row = []
        row.append(item)
    return ordered + sorted(row, key=lambda other: other.left)


def _on_one_baseline(first: Item, item: Item) -> bool:
    if not isinstance(first, Line) or not isinstance(item, Line):
        return False
    return abs(first.bottom - item.bottom) <= 0.35 * max(3.0, min(first.size, item.size))


def _gutter(items: Sequence[Item], lines: Sequence[Line]) -> tuple[float, list[Item]] | None:
    """Return the x position that parts two columns and the items that cross it."""
    left, right = min(item.left for item in items), max(item.right for item in items)
    if right - left <= _MIN_WIDTH:
        return None
    size = statistics.median(line.size for line in lines)
    for start, end in _white_streams(items, left, right, min_width=max(4.0, 0.45 * size)):
        gutter = left + (start + end) / 2
        crossing = [item for item in items if item.left < gutter - 1 and item.right > gutter + 1]
        if _parts_columns(items, gutter, (left, right), size):
            return gutter, crossing
    return None


def _expected_gutter(items: Sequence[Item], gutter: float) -> tuple[float, list[Item]] | None:
    crossing = [item for item in items if item.left < gutter - 1 and item.right > gutter + 1]
    before, after = (any(item.right <= gutter + 1 for item in items), any(item.left >= gutter - 1 for item in items))
    return (gutter, []) if before and after and not crossing else None


def _white_streams(items: Sequence[Item], left: float, right: float, *, min_width: float) -> list[tuple[int, int]]:
    """Return where little text stands above each other, as offsets from `left`; the most promising first."""
    width = int(right - left) + 2
    change = [0.0] * (width + 1)
    for item in items:
        height = min(item.height, 40.0)
        change[max(0, int(item.left - left))] += height
        change[min(width, int(item.right - left) + 1)] -= height
    cover, current = [], 0.0
    for step in change[:width]:
        current += step
        cover.append(current)
    total = sum(min(item.height, 40.0) for item in items)
    streams: list[tuple[float, int, int]] = []
    position, last = int(width * 0.12), int(width * 0.88)
    while position < last:
        end = position
        while end < last and abs(cover[end] - cover[position]) < 1e-6:
            end += 1
        if cover[position] <= _MAX_CROSSING * total and end - position >= min_width:
            streams.append((cover[position] / total - 0.0015 * (end - position), position, end))
        position = max(end, position + 1)
    return [(start, end) for _, start, end in sorted(streams)[:12]]


def _parts_columns(items: Sequence[Item], gutter: float, extent: tuple[float, float], size: float) -> bool:
    """Tell columns of text from the columns of a table: text fills its column, or its lines do not align."""
    before = [item for item in items if item.right <= gutter + 1]
    after = [item for item in items if item.left >= gutter - 1]
    if min(_weight(before, size), _weight(after, size)) < _MIN_LINES:
        return False
    full_before = _share_of_full_lines(before, gutter - extent[0], size)
    full_after = _share_of_full_lines(after, extent[1] - gutter, size)
    if min(full_before, full_after) >= 0.5:
        return True
    levels = {round(item.middle_y / (0.5 * size)) for item in before if isinstance(item, Line)}
    lines_after = [item for item in after if isinstance(item, Line)]
    aligned = sum(round(line.middle_y / (0.5 * size)) in levels for line in lines_after)
    return aligned < 0.45 * len(lines_after) and min(full_before, full_after) > 0.25


def _weight(items: Sequence[Item], size: float) -> float:
    """How many lines some items are worth: a table or a picture stands for the lines that its height would hold."""
    return sum(1.0 if isinstance(item, Line) else max(1.0, item.height / (1.3 * size)) for item in items)


def _share_of_full_lines(items: Sequence[Item], width: float, size: float) -> float:
    """The share of lines that fill their column; several columns may stand on this side of the gutter."""
    widths = sorted(item.width for item in items)
    usual = max(widths[int(0.9 * (len(widths) - 1))], _MIN_COLUMN * size)
    full = [item for item in items if item.width > 0.6 * min(width, usual)]
    return _weight(full, size) / _weight(items, size)


def rows_in_order(items: Sequence[Item]) -> list[list[Line] | Item]:
    """Put lines that follow each other on one baseline into one row; tables and pictures stay as they are."""
    flow: list[list[Line] | Item] = []
    for item in items:
        row = flow[-1] if flow else None
        if not isinstance(item, Line):
            flow.append(item)
        elif isinstance(row, list) and _beside(row, item):
            row.append(item)
        else:
            flow.append([item])
    return flow


def _beside(row: Sequence[Line], line: Line) -> bool:
    first, last = row[0], row[-1]
    return abs(first.bottom - line.bottom) <= 0.5 * max(3.0, min(first.size, line.size)) and line.left >= last.right - 1
