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

    @property
    def all_lines(self) -> tuple[str, ...]:
        opening = self.opening.split("\n") if self.opening else []
        return (*opening, *self.lines, *([self.closing] if self.closing else []))


def split_rows(block: Block) -> Rows:
    """Return the rows of a table below its header, or the lines of code inside its fence."""
    lines = tuple(block.markdown.strip("\n").rstrip().split("\n"))
    return _code(lines) if block.kind is BlockKind.CODE else _table(lines)


def _table(lines: tuple[str, ...]) -> Rows:
    """The header is all that stands above the rule, and the rule; a table of nothing else has no header."""
    rule = next((at for at, line in enumerate(lines) if "-" in line and _RULE.fullmatch(line)), None)
    if rule is None or rule == 0 or rule == len(lines) - 1:
        return Rows("", lines, "")
    return Rows("\n".join(lines[: rule + 1]), lines[rule + 1 :], "")


def _code(lines: tuple[str, ...]) -> Rows:
    fence = _FENCE.match(lines[0])
    if fence is None or len(lines) < 3 or lines[-1].strip() != fence[1]:
        return Rows("", lines, "")
    return Rows(lines[0], lines[1:-1], lines[-1])
