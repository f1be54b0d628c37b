"""Tables of Word: their cells row by row."""

from collections.abc import Callable, Iterator

from lxml import etree

from shared.converters.office.package import qualified

_ROW, _CELL = qualified("w:tr"), qualified("w:tc")
_CONTAINERS = frozenset(map(qualified, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins")))
_MAX_SPAN = 200


def cells_of(table: etree._Element) -> list[etree._Element]:
    return [cell for row in _children(table, _ROW) for cell in _children(row, _CELL)]


def table_rows(table: etree._Element, text_of: Callable[[etree._Element], str]) -> list[list[str]]:
    """Return the cells row by row; the text of a cell that spans several fields is repeated in each of them."""
    rows: list[list[str]] = []
    for row in _children(table, _ROW):
        above = rows[-1] if rows else []
        texts: list[str] = []
        for cell in _children(row, _CELL):
            properties = cell.find(qualified("w:tcPr"))
            text = text_of(cell)
            if _continues_above(properties) and not text.strip() and len(texts) < len(above):
                text = above[len(texts)]
            texts.extend([text] * _span(properties))
        rows.append(texts)
    return rows


def _children(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _CONTAINERS:
            yield from _children(child, tag)


def _span(properties: etree._Element | None) -> int:
    found = properties.find(qualified("w:gridSpan")) if properties is not None else None
    value = found.get(qualified("w:val")) if found is not None else None
    return min(max(int(value), 1), _MAX_SPAN) if value is not None and value.isdecimal() else 1


def _continues_above(properties: etree._Element | None) -> bool:
    found = properties.find(qualified("w:vMerge")) if properties is not None else None
    return found is not None and found.get(qualified("w:val")) != "restart"
