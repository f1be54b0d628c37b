"""From lines in reading order to paragraphs, over column and page breaks."""

import re
from collections.abc import Iterator, Sequence

from shared.converters.pdf.layout import Item, Line, Picture, Table
from shared.converters.pdf.leaders import contents_entry
from shared.converters.pdf.lines import merge_line
from shared.converters.pdf.lists import ListMarker, list_marker
from shared.converters.pdf.numbering import NUMBERED
from shared.converters.pdf.paragraph import Paragraph
from shared.converters.pdf.paragraph_rules import belongs
from shared.converters.pdf.setting import Setting

_REMARK_GAP = 3.0  # font sizes


CONTENTS_ENTRY = ListMarker("•", 0, is_bullet=True)
"""The marker of an entry of a table of contents: an item of a list without a sign of its own."""

_CHAPTER = re.compile(r"^\S.{0,120}[^\d\s.,]\s+(?:\d{1,4}|[ivxlc]{1,6})$")

Flow = Sequence[list[Line] | Item]
Part = Paragraph | Table | Picture


def build_paragraphs(flows: Sequence[Flow]) -> list[Part]:
    """Return paragraphs, tables and pictures of a document; `flows` holds each page in reading order."""
    builder = _Builder()
    for flow in flows:
        items = list(_items(flow))
        builder.begin_page(Setting(items))
        for item in items:
            builder.add(item)
    _mark_chapters_of_contents(builder.parts)
    return builder.parts


class _Builder:
    """Puts lines to paragraphs, one after the other."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._current: Paragraph | None = None
        self._interrupted: Paragraph | None = None
        self._before = self._setting = Setting([])

    def begin_page(self, setting: Setting) -> None:
        self._before, self._setting = self._setting, setting

    def add(self, item: Item) -> None:
        if not isinstance(item, Line):
            self.parts.append(item)
            self._current = None
            return
        if contents_entry(item.text):
            self.parts.append(Paragraph([item], CONTENTS_ENTRY))
            self._current = None
            return
        current = self._current
        marker = list_marker(item.text)
        begins_note = self._setting.begins_note(item)
        if current is not None and current.is_note and not begins_note and not self._continues(item, marker, current):
            # After a footnote goes on what stood before it, in the next column or on the next page.
            current, self._interrupted = self._interrupted, None
        if current is not None and not begins_note and self._continues(item, marker, current):
            current.lines.append(item)
            self._current = current
            return
        if begins_note and (current is None or not current.is_note):
            self._interrupted = current
        self._current = Paragraph([item], None if begins_note else marker, is_note=begins_note)
        self.parts.append(self._current)

    def _continues(self, line: Line, marker: ListMarker | None, paragraph: Paragraph) -> bool:
        place = self._setting if paragraph.lines[-1].page == line.page else self._before
        return belongs(line, marker, paragraph, place)


def _mark_chapters_of_contents(parts: Sequence[Part]) -> None:
    """In a table of contents the chapters often have no leader dots: they are told by their page and neighbours."""
    for position, part in enumerate(parts):
        if not isinstance(part, Paragraph) or part.marker is CONTENTS_ENTRY or not _CHAPTER.search(part.text):
            continue
        beside = (parts[n] for n in (position - 1, position + 1) if 0 <= n < len(parts))
        if any(isinstance(other, Paragraph) and other.marker is CONTENTS_ENTRY for other in beside):
            part.marker = CONTENTS_ENTRY


def _items(flow: Flow) -> Iterator[Item]:
    """Yield the lines of a page, the pieces of one baseline put together, tables and pictures among them."""
    for entry in flow:
        if not isinstance(entry, list):
            yield entry
        elif _is_heading_with_remark(entry):
            yield entry[0]
            yield merge_line(entry[1:])
        else:
            yield merge_line(entry)


def _is_heading_with_remark(row: Sequence[Line]) -> bool:
    """Tell whether a row is a bold, numbered heading with something else far to its right, like a unit."""
    if len(row) < 2 or not row[0].bold or row[1].bold:
        return False
    return row[1].left - row[0].right > _REMARK_GAP * row[0].size and bool(NUMBERED.match(row[0].text))
