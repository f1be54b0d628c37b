"""What the steps of the layout hand to each other: lines, tables, pictures and the rules of a page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.converters.base import ExtractedImage
from shared.converters.pdf.scripts import join_words
from shared.converters.pdf.words import Box, Word


@dataclass(slots=True, eq=False)
class Line(Box):
    """Words on one baseline without a wide gap between them."""

    words: list[Word]
    size: float
    bold: bool
    mono: bool
    page: int
    _text: str | None = None

    @property
    def text(self) -> str:
        # Put together when it is wanted: many lines are only measured.
        if self._text is None:
            self._text = join_words(self.words)
        return self._text


@dataclass(slots=True, eq=False)
class Table(Box):
    """A table and its cells, row by row; every row has the same number of cells."""

    rows: list[list[str]]
    page: int
    page_end: int = 0
    """The last page of a table that goes on after `page`; 0 when it does not."""
    row_pages: list[tuple[int, int]] = field(default_factory=list)
    """The first and the last page of each row of a table that goes on; empty for another."""
    is_open: bool = False
    """No line closes its last row: the page break divides it."""
    edges: Sequence[float] = ()
    """Where the lines between its columns stand, both sides included; empty where they are not drawn."""


@dataclass(slots=True, eq=False)
class Figure(Box):
    """Where a figure is drawn on a page, and how many of its shapes may be letters."""

    letter_shapes: int = 0


@dataclass(slots=True, eq=False)
class Picture(Box):
    """A picture that was written to the output directory: an embedded one, or a drawn figure."""

    image: ExtractedImage
    page: int
    letter_shapes: int | None = None
    """Of a figure drawn on the page: how many of its shapes may be letters. None for an embedded picture."""
    labels: str = ""
    """What is written in a drawn figure, as Markdown, when it was taken out of the running text."""


Item = Line | Table | Picture


class Rule(NamedTuple):
    """A horizontal rule at y = `at` from x = `start` to `end`, or a vertical one the other way round."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The straight lines drawn on a page, edges of filled rectangles among them."""

    horizontal: Sequence[Rule] = ()
    vertical: Sequence[Rule] = ()
    dots: Sequence[tuple[float, float, float]] = ()
    """Small round or square shapes: x and y of the middle, and the width."""


@dataclass(slots=True)
class PageContent:
    """What was read from one page before its layout is understood."""

    number: int
    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    rules: Rules = field(default_factory=Rules)
    pictures: list[Picture] = field(default_factory=list)


def bounds(boxes: Sequence[Box]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the rectangle around some boxes."""
    if len(boxes) == 1:  # half of all lines
        return boxes[0].left, boxes[0].top, boxes[0].right, boxes[0].bottom
    return (
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
