"""What a document of the set consists of. The same model makes the document and its reference.

Texts may hold marks: **bold**, `code`, ^raised^, [text](address) and ((a footnote)).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


@dataclass(frozen=True)
class Heading:
    """A heading, level 1 to 4."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str


@dataclass(frozen=True)
class Item:
    """An item of a list with its depth from 0."""

    text: str
    depth: int = 0


@dataclass(frozen=True)
class Items:
    """A list; a numbered one counts 1, 2, 3 on the outer level."""

    items: Sequence[Item]
    numbered: bool = False


class TableStyle(StrEnum):
    GRID = "grid"
    BOOKTABS = "booktabs"
    ZEBRA = "zebra"
    PLAIN = "plain"
    ROW_RULES = "rowrules"


@dataclass(frozen=True)
class Table:
    """A table whose first row is its header; columns in `right` are set flush right."""

    rows: Sequence[Sequence[str]]
    style: TableStyle
    right: Sequence[int] = ()
    spans: Mapping[tuple[int, int], int] = field(default_factory=lambda: MappingProxyType({}))
    """Row and column of a cell to how many columns it spans; the cells it covers repeat its text."""


@dataclass(frozen=True)
class Code:
    """A block of code."""

    text: str


@dataclass(frozen=True)
class Contents:
    """A printed table of contents: depth, title and page of each entry, leader dots between."""

    entries: Sequence[tuple[int, str, str]]


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a page; footnotes before it stand at the foot of the page."""


Block = Heading | Paragraph | Items | Table | Code | Contents | PageBreak


class Producer(StrEnum):
    CHROMIUM = "chromium"
    WEASYPRINT = "weasyprint"
    LIBREOFFICE = "libreoffice"
    TYPST = "typst"


@dataclass(frozen=True)
class Document:
    """One document of the set."""

    name: str
    producer: Producer
    language: str
    blocks: Sequence[Block]
    title: str = ""
    """Over all columns of a document in columns; a heading of level 1."""
    style: str = ""
    """More CSS, or a preamble of Typst."""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """For Word: `header`, `footer`, `headings`."""


_MARK = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`|\^(?P<raised>[^^]+)\^"
    r"|\[(?P<link>[^\]]+)\]\((?P<address>[^)]+)\)|\(\((?P<note>.+?)\)\)"
)


def inline(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind (`text`, `bold`, `code`, `raised`, `link`, `note`), text and address of each piece of a text."""
    position = 0
    for match in _MARK.finditer(text):
        if match.start() > position:
            yield "text", text[position : match.start()], ""
        kind = match.lastgroup if match.lastgroup != "address" else "link"
        assert kind is not None
        yield kind, match[kind], match["address"] or ""
        position = match.end()
    if position < len(text):
        yield "text", text[position:], ""
