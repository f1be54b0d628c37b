"""The headings above a text: as a path, and as words without Markdown."""

import re

from shared.converters.base import Block

_LEADING = re.compile(r"^\s{0,3}#{1,6}\s+|\s+#+\s*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*{1,3}|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
_BLANKS = re.compile(r"\s+")
_LONGEST_CHARACTERS = 500
"""What is longer is a paragraph that was taken for a heading."""


def plain_text(markdown: str) -> str:
    """Return the words of a heading, at most 500 characters of it, without its Markdown signs."""
    text = _LINK.sub(r"\1", _LEADING.sub("", markdown[:_LONGEST_CHARACTERS]))
    text = _ESCAPE.sub(r"\1", _EMPHASIS.sub(r"\2", text))
    return _BLANKS.sub(" ", text).strip()


class HeadingPath:
    """Follows the headings of a document from top to bottom."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, heading: Block) -> None:
        """Close the headings of the same level or below, then open this one."""
        level = heading.level or 1
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, plain_text(heading.markdown)))

    @property
    def titles(self) -> tuple[str, ...]:
        """Outermost first; a heading without words is left out."""
        return tuple(title for _, title in self._open if title)
