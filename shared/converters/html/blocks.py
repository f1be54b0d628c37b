"""From a tree of HTML to blocks, in one walk and without recursion: pages can be nested very deeply."""

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from shared.converters.block_writer import BlockWriter
from shared.converters.html.inline import collapsed, link_markdown
from shared.converters.html.tables import is_layout, table_rows
from shared.converters.html.tree import tag_of
from shared.converters.picture_files import PictureFiles

LoadPicture = Callable[[str], bytes | None]
"""Gives the bytes of a picture by its address; None for one that is not part of the document."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCK = re.compile(
    r"address|article|aside|blockquote|body|caption|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure"
    r"|footer|form|header|hgroup|hr|html|legend|main|menu|nav|noscript|optgroup|option|p|section|summary|table|tbody"
    r"|td|tfoot|th|thead|title|tr"
)
_LISTS = frozenset(("ul", "ol", "menu", "dir"))


@dataclass(slots=True)
class _List:
    is_ordered: bool
    number: int


class HtmlBlocks:
    """Writes the blocks of one or more trees."""

    def __init__(self, writer: BlockWriter, pictures: PictureFiles, load_picture: LoadPicture) -> None:
        self._writer = writer
        self._pictures = pictures
        self._load_picture = load_picture
        self._parts: list[str] = []
        self._lists: list[_List] = []
        self._item_marker: str | None = None
        """Of the list item whose text comes next."""
        self._heading = 0
        self._links: list[int] = []

    def write(self, tree: etree._Element) -> None:
        """Write everything below an element."""
        walk = etree.iterwalk(tree, events=("start", "end"))
        for event, element in walk:
            tag = tag_of(element)
            if event == "start":
                if self._start(element, tag):
                    walk.skip_subtree()
                else:
                    self._add(element.text)
            else:
                self._end(element, tag)
                if element is not tree:
                    self._add(element.tail)
        self._flush()
        self._lists.clear()

    def _start(self, element: etree._Element, tag: str) -> bool:
        """Begin an element and tell whether it is done with all that is in it."""
        if tag in _HEADINGS:
            self._flush()
            self._item_marker = None
            self._heading = _HEADINGS[tag]
        elif tag in _LISTS:
            self._flush()
            start = element.get("start") or ""
            self._lists.append(_List(tag == "ol", int(start) if start.isdecimal() and len(start) < 9 else 1))
        elif tag == "li":
            self._begin_item()
        elif tag == "pre":
            self._flush()
            self._writer.code("".join(element.itertext()))
            return True
        elif tag == "table" and not is_layout(element):
            self._table(element)
            return True
        elif tag == "head":
            return True
        elif _BLOCK.fullmatch(tag):
            self._part()
        else:
            self._start_inline(element, tag)
        return False

    def _start_inline(self, element: etree._Element, tag: str) -> None:
        if tag == "br":
            self._parts.append("\n")
        elif tag == "a":
            self._links.append(len(self._parts))
        elif tag == "img":
            self._picture(element)

    def _end(self, element: etree._Element, tag: str) -> None:
        if tag in _HEADINGS or tag == "li":
            self._flush()
            self._heading = 0
            self._item_marker = None
        elif tag in _LISTS:
            self._flush()
            if self._lists:
                self._lists.pop()
        elif _BLOCK.fullmatch(tag):
            self._part()
        elif tag == "a" and self._links:
            at = self._links.pop()
            text = "".join(self._parts[at:])
            self._parts[at:] = [link_markdown(text.strip(), element.get("href")) if text.strip() else text]

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(collapsed(text))

    def _begin_item(self) -> None:
        self._flush()
        if not self._lists:
            self._lists.append(_List(is_ordered=False, number=1))
        inner = self._lists[-1]
        self._item_marker = f"{inner.number}." if inner.is_ordered else "-"
        inner.number += 1

    def _part(self) -> None:
        """Begin a new block, or a new line where a list item or a heading holds the block."""
        if self._item_marker is not None or self._heading:
            self._parts.append("\n")
        else:
            self._flush()

    def _flush(self) -> None:
        lines = (collapsed(line).strip() for line in "".join(self._parts).split("\n"))
        text = "\n".join(line for line in lines if line)
        self._parts.clear()
        self._links.clear()
        if not text:
            return
        if self._heading:
            self._writer.heading(text, self._heading)
        elif self._item_marker is not None:
            self._writer.list_item(text, depth=max(len(self._lists) - 1, 0), marker=self._item_marker)
            self._item_marker = None
        else:
            self._writer.paragraph(text)

    def _table(self, table: etree._Element) -> None:
        self._flush()
        for caption in table.iterchildren("caption"):
            self._writer.paragraph(" ".join("".join(caption.itertext()).split()))
        self._writer.table(table_rows(table, self._writer))
        for image in table.iterdescendants("img"):
            self._picture(image, with_text=False)

    def _picture(self, image: etree._Element, *, with_text: bool = True) -> None:
        source = (image.get("src") or "").strip()
        data = _inline_data(source) if source.lower().startswith("data:") else self._load_picture(source)
        if data is not None:
            if not self._heading and self._item_marker is None:
                self._flush()
            self._pictures.add(data)
        if with_text:
            self._add(image.get("alt"))


def _inline_data(source: str) -> bytes | None:
    header, _, body = source.partition(",")
    try:
        data = urllib.parse.unquote_to_bytes(body)
        return base64.b64decode(data) if header.lower().endswith(";base64") else data
    except (binascii.Error, ValueError):
        return None
