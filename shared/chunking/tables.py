"""Takes tables and code apart into lines, with what has to be repeated around each part."""

import re
from dataclasses import dataclass

from shared.converters.base import Block, BlockKind

_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


@dataclass(frozen=True)
class Rows:
    """The lines of a table or of code, between an opening and a closing that may be empty."""

    opening: str
    lines: tuple[str, ...]
    closing: str
    pages: tuple[tuple[int, int], ...]
    """The first and the last page of each of all the lines."""

    @property
    def line_pages(self) -> tuple[tuple[int, int], ...]:
        start = self.opening.count("\n") + 1 if self.opening else 0
        return self.pages[start : start + len(self.lines)]

    @property
    def all_lines(self) -> tuple[str, ...]:
        opening = self.opening.split("\n") if self.opening else []
        return (*opening, *self.lines, *([self.closing] if self.closing else []))


def split_rows(block: Block) -> Rows:
    """Return the rows of a table below its header, or the lines of code inside its fence."""
    lines = tuple(block.markdown.strip("\n").rstrip().split("\n"))
    pages = _pages(block, lines)
    return _code(lines, pages) if block.kind is BlockKind.CODE else _table(lines, pages)


def _pages(block: Block, lines: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    if len(lines) != len(block.row_pages) + 1:
        return ((block.page_start, block.page_end),) * len(lines)
    # The rule below the header is a line and no row.
    return (block.row_pages[0], block.row_pages[0], *block.row_pages[1:])


def _table(lines: tuple[str, ...], pages: tuple[tuple[int, int], ...]) -> Rows:
    """The header is all that stands above the rule, and the rule; a table of nothing else has no header."""
    rule = next((at for at, line in enumerate(lines) if "-" in line and _RULE.fullmatch(line)), None)
    if rule is None or rule == 0 or rule == len(lines) - 1:
        return Rows("", lines, "", pages)
    return Rows("\n".join(lines[: rule + 1]), lines[rule + 1 :], "", pages)


def _code(lines: tuple[str, ...], pages: tuple[tuple[int, int], ...]) -> Rows:
    fence = _FENCE.match(lines[0])
    if fence is None or len(lines) < 3 or lines[-1].strip() != fence[1]:
        return Rows("", lines, "", pages)
    return Rows(lines[0], lines[1:-1], lines[-1], pages)
