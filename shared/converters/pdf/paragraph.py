"""Lines that belong together."""

import statistics
from dataclasses import dataclass
from functools import cached_property

from shared.converters.pdf.layout import Line
from shared.converters.pdf.leaders import contents_entry
from shared.converters.pdf.lists import ListMarker
from shared.converters.pdf.scripts import OPEN_END, join_lines


@dataclass
class Paragraph:
    """Lines that belong together: a paragraph, a heading, a list item or a piece of code."""

    lines: list[Line]
    marker: ListMarker | None
    is_note: bool = False
    """A footnote: the text around it goes on as if it were not there."""

    @cached_property
    def text(self) -> str:
        text = ""
        for line in self.lines:
            text = join_lines(text, line.text.strip())
        return contents_entry(text) or text

    @cached_property
    def size(self) -> float:
        return statistics.median(line.size for line in self.lines)

    @property
    def bold(self) -> bool:
        return all(line.bold for line in self.lines)

    @property
    def mono(self) -> bool:
        return all(line.mono for line in self.lines)

    @property
    def is_open(self) -> bool:
        """Whether the text goes on after its last line."""
        return not OPEN_END.search(self.lines[-1].text.strip())
