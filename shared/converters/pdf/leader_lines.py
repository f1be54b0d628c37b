"""Lines with leader dots: what stands before and after the dots belongs together, however wide the gaps are."""

from collections.abc import Sequence

from shared.converters.pdf.layout import Line
from shared.converters.pdf.lines import merge_line

_DOTS = "...."
_MAX_LEADERS = 300  # a page of a table of contents has a hundred


def join_across_leaders(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, those pieces put together that leader dots connect."""
    leaders = [line for line in lines if _holds_leader(line)]
    if not 0 < len(leaders) <= _MAX_LEADERS:
        return list(lines)
    joined = list(lines)
    for leader in leaders:
        beside = [other for other in joined if other is not leader and abs(other.bottom - leader.bottom) < 2]
        before = max((other for other in beside if other.right <= leader.left + 2), key=_right, default=None)
        after = min((other for other in beside if other.left >= leader.right - 2), key=_left, default=None)
        if leader not in joined or (before is None and after is None):
            continue
        pieces = [piece for piece in (before, leader, after) if piece is not None]
        position = min(joined.index(piece) for piece in pieces)
        joined = [line for line in joined if not any(line is piece for piece in pieces)]
        joined.insert(position, merge_line(pieces))
    return joined


def _holds_leader(line: Line) -> bool:
    if any(word.text.startswith(_DOTS) for word in line.words):
        return True
    return sum(word.text == "." for word in line.words) >= len(_DOTS)


def _right(line: Line) -> float:
    return line.right


def _left(line: Line) -> float:
    return line.left
