"""The labels of drawn figures: scattered words that belong to their figure and not to the running text."""

import statistics
from dataclasses import dataclass, field

from shared.converters.markdown_form import paragraph_markdown
from shared.converters.pdf.figures import MARGIN
from shared.converters.pdf.layout import Item, Line, Picture, Table
from shared.converters.pdf.picture_writing import texts_in_order
from shared.converters.pdf.words import Box

Flow = list[list[Line] | Item]

_LONGEST_LABEL = 40  # characters: longer lines are sentences, whose order is that of the page
_LONGEST_OUTSIDE = 12  # of a label at the edge of a figure: what is longer there may be a caption
_MOST_CHARACTERS = 600
_MOST_OF_PAGE = 0.5  # of its characters: what holds more is the page's text on a drawn background
_TITLE_SIZE = 1.3  # times the page's usual font size
_TABLE_FILL = 0.5  # of its cells: labels that happen to stand in rows and columns fill fewer


@dataclass(slots=True)
class _Found:
    """What stands in a figure."""

    lines: list[Line] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def characters(self) -> int:
        cells = (cell for table in self.tables for row in table.rows for cell in row)
        return sum(len(line.text) for line in self.lines) + sum(map(len, cells))


def take_labels(flow: Flow) -> Flow:
    """Return a page's flow without the labels of its drawn figures, which hold them from now on.

    What may be more than labels stays in the text: sentences, titles, tables, the text of a page with a background.
    """
    pictures = [entry for entry in flow if isinstance(entry, Picture) and entry.letter_shapes is not None]
    lines = [line for entry in flow if isinstance(entry, list) for line in entry]
    if not pictures or not lines:
        return flow
    usual = statistics.median(line.size for line in lines)
    room = _MOST_OF_PAGE * sum(len(line.text) for line in lines)
    taken: set[int] = set()
    for picture in pictures:
        found = _inside(picture, flow, taken)
        if found.characters <= room and _are_labels(found, usual):
            room -= found.characters
            taken.update(map(id, [*found.lines, *found.tables]))
            _hand_over(picture, found)
    return _without(flow, taken)


def _inside(picture: Picture, flow: Flow, taken: set[int]) -> _Found:
    found = _Found()
    for entry in flow:
        if isinstance(entry, list):
            found.lines += [line for line in entry if id(line) not in taken and _is_label_of(picture, line)]
        elif isinstance(entry, Table) and id(entry) not in taken and _is_within(picture, entry, MARGIN):
            found.tables.append(entry)
    return found


def _is_label_of(picture: Picture, line: Line) -> bool:
    return _is_within(picture, line, 1.0) or (
        len(line.text) <= _LONGEST_OUTSIDE and _is_within(picture, line, MARGIN + line.size / 2)
    )


def _is_within(picture: Picture, box: Box, reach: float) -> bool:
    across = picture.left - reach <= box.left and box.right <= picture.right + reach
    return across and picture.top - reach <= box.top and box.bottom <= picture.bottom + reach


def _are_labels(found: _Found, usual_size: float) -> bool:
    if not 0 < found.characters <= _MOST_CHARACTERS:
        return False
    if any(len(line.text) > _LONGEST_LABEL or line.size > _TITLE_SIZE * usual_size for line in found.lines):
        return False
    return all(_fill(table) < _TABLE_FILL for table in found.tables)


def _fill(table: Table) -> float:
    cells = [cell for row in table.rows for cell in row]
    return sum(map(bool, cells)) / max(1, len(cells))


def _hand_over(picture: Picture, found: _Found) -> None:
    rows = [" ".join(filter(None, row)) for table in found.tables for row in table.rows]
    picture.labels = paragraph_markdown("\n".join([*texts_in_order(found.lines), *rows]))
    picture.image = picture.image.model_copy(update={"writing": picture.labels})


def _without(flow: Flow, taken: set[int]) -> Flow:
    kept: Flow = []
    for entry in flow:
        if isinstance(entry, list):
            rest = [line for line in entry if id(line) not in taken]
            if rest:
                kept.append(rest)
        elif id(entry) not in taken:
            kept.append(entry)
    return kept
