"""Texts that run over several columns of a table: they say nothing about where its columns are."""

import bisect
import statistics
from collections.abc import Sequence

from shared.converters.pdf.layout import Line
from shared.converters.pdf.lines import make_line

_WIDE = 0.62  # of the table's width
_SHARE = 0.5  # of the rows below or above have several texts where a narrower text stands
_MAX_PIECES = 5000  # each is held against every row
_OVERLAP = 0.25  # font sizes
_CUT_GAP = 0.45  # font sizes of white before a column: more than a space

Span = tuple[float, float]
"""Left and right of the texts of a column."""


def spanning_pieces(pieces: Sequence[Line], size: float) -> set[int]:
    """Return the ids of the pieces over several columns: where they stand, other rows have several texts."""
    if len(pieces) > _MAX_PIECES:
        return set()
    rows = _rows(pieces, size)
    most = max(len(row) for row in rows)
    if most < 2:
        return set()
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    lefts, rights = [[p.left for p in row] for row in rows], [[p.right for p in row] for row in rows]
    narrow = statistics.median(piece.width for piece in pieces)
    found: set[int] = set()
    for number, row in enumerate(rows):
        if len(row) == most:
            continue
        for piece in row:
            if piece.width <= narrow:
                continue
            start, end = piece.left + _OVERLAP * size, piece.right - _OVERLAP * size
            counts = [
                bisect.bisect_left(lefts[n], end) - bisect.bisect(rights[n], start)
                for n in range(len(rows))
                if n != number
            ]
            several = sum(count > 1 for count in counts)
            touched = sum(count > 0 for count in counts)
            if several >= 2 and (several >= _SHARE * touched or piece.width > _WIDE * (right - left)):
                found.add(id(piece))
    return found


def _rows(pieces: Sequence[Line], size: float) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda piece: piece.bottom):
        if rows and piece.bottom - rows[-1][0].bottom < 0.5 * size:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda piece: piece.left)
    return rows


def cut_between(piece: Line, spans: Sequence[Span]) -> list[Line]:
    """Cut a piece before each column that begins in a gap of it that is more than a space."""
    groups = [[piece.words[0]]]
    for word in piece.words[1:]:
        before = groups[-1][-1].right
        begins = any(before - 1 <= left <= word.left + 0.5 * word.size for left, _ in spans)
        inside = any(left < before and right > word.left for left, right in spans)
        if word.left - before >= _CUT_GAP * word.size and begins and not inside:
            groups.append([word])
        else:
            groups[-1].append(word)
    return [piece] if len(groups) == 1 else [make_line(group, page=piece.page) for group in groups]
