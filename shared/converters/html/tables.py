"""Tables of HTML: their rows with every cell where it is shown, and which of them are mere layout."""

from collections.abc import Iterator

from lxml import etree

from shared.converters.block_writer import BlockWriter
from shared.converters.html.inline import inline_text
from shared.converters.html.tree import tag_of

_LAYOUT_PARTS = ["h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "form", "article", "section"]
_FRAME_TEXT = 2000  # characters of a cell: a text in a frame, not a table
_MAX_SPAN = 200
_MAX_ROW_SPAN = 2000


def is_layout(table: etree._Element) -> bool:
    """Tell whether a table only places text on the page: such tables are read like any other container."""
    if next(table.iterdescendants(*_LAYOUT_PARTS), None) is not None:
        return True
    cells = [cell for row in _rows(table) for cell in _cells(row)]
    if len(cells) < 2:
        return True
    return any(sum(map(len, cell.itertext())) > _FRAME_TEXT for cell in cells)


def table_rows(table: etree._Element, writer: BlockWriter) -> list[list[str]]:
    """Return the cells row by row; the text of a cell that spans several fields is repeated in each of them.

    Raises `ConversionLimitExceeded` before the repetitions get too many for the writer.
    """
    rows: list[list[str]] = []
    characters = 0
    from_above: dict[int, tuple[int, str]] = {}
    for row in _rows(table):
        texts: list[str] = []
        hanging, from_above = from_above, {}
        for cell in _cells(row):
            _fill(texts, hanging, from_above)
            text = inline_text(cell)
            rows_below = _span(cell, "rowspan", _MAX_ROW_SPAN) - 1
            for _ in range(_span(cell, "colspan", _MAX_SPAN)):
                if rows_below:
                    from_above[len(texts)] = (rows_below, text)
                texts.append(text)
        _fill(texts, hanging, from_above)
        rows.append(texts)
        characters += sum(map(len, texts)) + 3 * len(texts)
        writer.check_room(characters)
    return rows


def _fill(texts: list[str], hanging: dict[int, tuple[int, str]], below: dict[int, tuple[int, str]]) -> None:
    """Add the cells that hang down from earlier rows into the next fields."""
    while len(texts) in hanging:
        left, text = hanging.pop(len(texts))
        if left > 1:
            below[len(texts)] = (left - 1, text)
        texts.append(text)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for child in table:
        if tag_of(child) == "tr":
            yield child
        elif tag_of(child) in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if tag_of(row) == "tr")


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    return (cell for cell in row if tag_of(cell) in ("td", "th"))


def _span(cell: etree._Element, attribute: str, most: int) -> int:
    value = (cell.get(attribute) or "1").strip()
    return min(max(int(value), 1), most) if value.isascii() and value.isdigit() and len(value) < 6 else 1
