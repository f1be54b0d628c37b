"""The smallest pieces of a layout: boxes and words, in points from the top left corner of the page."""

from dataclasses import dataclass
from enum import IntEnum

ASCENT = 0.78
DESCENT = 0.22
"""Height of a line above and below its baseline, in font sizes: the same for every font, so that lines compare."""


class Space(IntEnum):
    """What stands before a word in the file."""

    NONE = 0
    GUESSED = 1
    """A gap, which pdfium reads as a space, or the start of a line."""
    WRITTEN = 2
    """A space character."""


@dataclass(slots=True, eq=False)
class Box:
    """A rectangle on a page."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle_x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def middle_y(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(slots=True, eq=False)
class Word(Box):
    """Characters of one style without a gap between them; Chinese runs on to the next style or gap."""

    text: str
    size: float
    bold: bool
    mono: bool
    index: int
    """Position of its first character in the page's text: reading order for right-to-left scripts."""
    space: Space
    rightward: int = 0
    """Of right-to-left text: steps to the right from character to character, less those to the left."""

    @property
    def baseline(self) -> float:
        return self.bottom - DESCENT * self.size
