"""From the tokens of markdown-it to blocks."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from shared.converters.base import BlockKind
from shared.converters.block_writer import BlockWriter
from shared.converters.html.blocks import HtmlBlocks
from shared.converters.html.tree import parse_html
from shared.converters.markdown_form import ITEM_INDENT
from shared.converters.picture_files import PictureFiles

_DATA = r"data:image/[\w.+-]+;base64,(?P<data>[A-Za-z0-9+/=\s]+?)"
_PICTURE = re.compile(rf"!\[(?P<text>[^\]\n]*)\]\(\s*<?{_DATA}>?(?:\s+\"[^\"\n]*\")?\s*\)")
_DEFINITION = re.compile(rf"^ {{0,3}}\[(?P<label>[^\]\n]+)\]:[ \t]*<?{_DATA}>?[ \t]*$", re.MULTILINE)
_REFERENCE = re.compile(r"!\[(?P<text>[^\]\n]*)\]\[(?P<label>[^\]\n]*)\]")
_MAX_NESTING = 100  # lists in quotes in lists: the parser calls itself for each
_MARK = "\ue000"  # private use: stands for a picture that was taken out of the text
_MARKED = re.compile(rf"{_MARK}(\d+){_MARK}")


class MarkdownBlocks:
    """Writes the blocks of one text."""

    def __init__(self, writer: BlockWriter, pictures: PictureFiles) -> None:
        self._writer = writer
        self._pictures = pictures
        self._parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
        # Only the blocks are wanted: their text stays as it was written.
        self._parser.disable(["inline", "text_join"])
        self._taken: list[bytes] = []
        self._lists: list[Token] = []
        self._item: Token | None = None
        """The list item whose first text comes next."""
        self._quotes = 0

    def take_pictures(self, text: str) -> str:
        """Return the text with marks in the place of the pictures that it holds itself; its lines stay in number."""
        text = text.replace(_MARK, "")
        defined: dict[str, str] = {}

        def define(match: re.Match[str]) -> str:
            defined[match["label"].lower()] = match["data"]
            return "\n" * match[0].count("\n")

        def refer(match: re.Match[str]) -> str:
            data = defined.get((match["label"] or match["text"]).lower())
            return match[0] if data is None else self._mark(data, match["text"])

        text = _PICTURE.sub(lambda match: self._mark(match["data"], match["text"]), text)
        text = _DEFINITION.sub(define, text)
        return _REFERENCE.sub(refer, text) if defined else text

    def _mark(self, data: str, text: str) -> str:
        try:
            self._taken.append(base64.b64decode(data))
        except (binascii.Error, ValueError):
            return text
        return f"{_MARK}{len(self._taken) - 1}{_MARK}{text}" + "\n" * data.count("\n")

    def parse(self, text: str) -> Iterator[tuple[int, int, list[Token]]]:
        """Yield the blocks of the first level: their first line, the line after their last, and their tokens."""
        group: list[Token] = []
        for token in self._parser.parse(text):
            group.append(token)
            if token.level == 0 and token.nesting <= 0:
                start, end = group[0].map or (0, 0)
                yield start, end, group
                group = []

    def write(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type == "table_open":
                end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close")
                self._table(tokens[at:end])
                at = end
            elif token.type == "heading_open":
                self._heading(tokens[at + 1].content, int(token.tag[1:]))
            elif token.type == "paragraph_open":
                self._paragraph(tokens[at + 1].content)
            else:
                self._write_other(token)
            at += 1

    def _write_other(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(token)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._item = token
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "fence" | "code_block":
                self._writer.code(token.content, token.info.strip().partition(" ")[0].strip("`"))
            case "html_block":
                self._html(token.content)

    def _heading(self, text: str, level: int) -> None:
        self._writer.heading(self._without_pictures(text), level)

    def _paragraph(self, content: str) -> None:
        text = self._without_pictures(content)
        if not text:
            return
        if not self._lists:
            quote = "> " * self._quotes
            self._writer.write(BlockKind.PARAGRAPH, "\n".join(f"{quote}{line}" for line in text.split("\n")))
            return
        depth = len(self._lists) - 1
        marker = f"{self._item.info}." if self._item is not None and self._item.info else "-"
        first = f"{marker} " if self._item is not None else "  "
        indent = ITEM_INDENT * depth
        inner = "\n" + indent + " " * len(first)
        self._writer.write(BlockKind.LIST_ITEM, indent + first + text.replace("\n", inner), level=depth)
        self._item = None

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[str]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(self._without_pictures(token.content))
        self._writer.table(rows)

    def _html(self, content: str) -> None:
        tree = parse_html(_MARKED.sub("", content).encode("utf-8", "replace"), self._writer)
        if tree is not None:
            HtmlBlocks(self._writer, self._pictures, lambda _: None).write(tree)

    def _without_pictures(self, text: str) -> str:
        """Write the pictures that stand in a text and return it without them."""
        for number in _MARKED.findall(text):
            self._pictures.add(self._taken[int(number)])
        return _MARKED.sub("", text).strip()
