"""From lines in reading order to paragraphs, over column and page breaks."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.converters.pdf.layout import Item, Line, Picture, Table
from shared.converters.pdf.lines import merge_line
from shared.converters.pdf.lists import ListMarker, list_marker
from shared.converters.pdf.scripts import HAN, OPEN_END, join_lines

_DEFAULT_LEADING = 1.3  # font sizes from baseline to baseline
_WIDE_LEADING = 2.4  # the same in text set with space between its lines


@dataclass
class Paragraph:
    """Lines that belong together: a paragraph, a heading, a list item or a piece of code."""

    lines: list[Line]
    marker: ListMarker | None

    @cached_property
    def text(self) -> str:
        text = ""
        for line in self.lines:
            text = join_lines(text, line.text.strip())
        return text

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


Flow = Sequence[list[Line] | Item]
Part = Paragraph | Table | Picture


def build_paragraphs(flows: Sequence[Flow]) -> list[Part]:
    """Return paragraphs, tables and pictures of a document; `flows` holds each page in reading order."""
    parts: list[Part] = []
    current: Paragraph | None = None
    setting = _Setting([])
    for flow in flows:
        items = [merge_line(entry) if isinstance(entry, list) else entry for entry in flow]
        before, setting = setting, _Setting(items)
        for item in items:
            if not isinstance(item, Line):
                parts.append(item)
                current = None
                continue
            marker = list_marker(item.text)
            place = setting if current is None or current.lines[-1].page == item.page else before
            if current is None or not _belongs(item, marker, current, place):
                current = Paragraph([item], marker)
                parts.append(current)
            else:
                current.lines.append(item)
    return parts


class _Setting:
    """How the text of a page is set: the distance of its lines and where they end."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._lines = [item for item in items if isinstance(item, Line)]
        self.leading = self._usual_leading()

    def _usual_leading(self) -> float:
        distances = []
        for above, below in itertools.pairwise(self._lines):
            distance = below.bottom - above.bottom
            if 0 < distance < 2.2 * max(above.size, 1.0) and abs(above.size - below.size) < 0.6:
                distances.append(distance)
        if len(distances) > 2:
            return statistics.median(distances)
        return _DEFAULT_LEADING * (statistics.median(line.size for line in self._lines) if self._lines else 10.0)

    def fills_its_column(self, line: Line) -> bool:
        """Tell whether a line ends where the lines above and below it usually end."""
        rights = [other.right for other in self._lines if other.left < line.right and other.right > line.left]
        edge = statistics.median(rights) if rights else line.right
        return line.right >= edge - 0.1 * (edge - line.left)


def _belongs(line: Line, marker: ListMarker | None, paragraph: Paragraph, setting: _Setting) -> bool:
    last = paragraph.lines[-1]
    if (
        (marker is not None and not _is_mid_sentence(line, marker, paragraph, setting))
        or abs(line.size - last.size) > 0.06 * last.size + 0.26
        or line.mono != last.mono
    ):
        return False
    if line.bold != last.bold and (paragraph.lines[0].bold or (line.bold and not paragraph.is_open)):
        return False
    step = line.bottom - last.bottom
    if line.page != last.page or step <= 0:
        return paragraph.is_open and setting.fills_its_column(last)
    if line.left > last.right or line.right < last.left:
        return False  # beside it, not below it
    if step > max(1.3 * setting.leading, setting.leading + 0.4 * line.size) and step > 1.45 * line.size:
        widely_set = step < _WIDE_LEADING * line.size and paragraph.is_open and (not line.bold or _is_han(last))
        return widely_set and line.left <= last.left and setting.fills_its_column(last) and len(line.text) > 3
    return paragraph.marker is not None or not _begins_paragraph(line, paragraph)


def _is_mid_sentence(line: Line, marker: ListMarker, paragraph: Paragraph, setting: _Setting) -> bool:
    """Tell a number in the middle of a text, at the start of a line by chance, from one that begins an item."""
    last = paragraph.lines[-1]
    aligned = paragraph.marker is None and abs(line.left - last.left) < 0.3 * line.size
    return aligned and not marker.is_bullet and paragraph.is_open and setting.fills_its_column(last)


def _is_han(line: Line) -> bool:
    return bool(HAN.match(line.text[-1:]))


def _begins_paragraph(line: Line, paragraph: Paragraph) -> bool:
    """Tell a new paragraph without extra space before it: a short last line, or an indented first one."""
    last = paragraph.lines[-1]
    if len(paragraph.lines) < 2 or paragraph.is_open:
        return False
    same_column = [other for other in paragraph.lines if other.page == last.page and other.right > last.left]
    left, right = min(other.left for other in same_column), max(other.right for other in same_column)
    if last.right < right - 0.2 * (right - left):
        return True
    return line.left > last.left + 1.2 * line.size and abs(last.left - left) < 3
