"""Plain text: paragraphs parted by empty lines, and lists where lines begin like items."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import FORM_VERSION
from shared.converters.text.encoding import decode_text
from shared.errors import ConversionLimitExceeded

_VERSION = "1"
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<marker>[-*+•·●○■▪]|\d{1,3}[.)])[ \t]+(?P<text>\S.*)")
_CHAPTER = re.compile(r"第[0-9一二三四五六七八九十百零〇]{1,5}(?P<part>[编篇章节])(?:[\s:：、]\s*\S.{0,60})?")
_LEVELS = {"编": 1, "篇": 1, "章": 1, "节": 2}


class PlainTextConverter:
    """Converts plain text in any of the encodings that are told apart."""

    @property
    def name(self) -> str:
        return "text"

    @property
    def version(self) -> str:
        return f"{_VERSION}.{FORM_VERSION}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"text/plain"})

    def convert(
        self,
        source: Path,
        output_dir: Path,  # noqa: ARG002 - there are no pictures in a text
        *,
        limits: ConversionLimits,
        should_stop: Callable[[], bool],
    ) -> ConvertedDocument:
        writer = BlockWriter(limits, should_stop)
        lines: list[str] = []
        for line in [*read_text(source, writer).split("\n"), ""]:
            if line.strip():
                lines.append(line)
            elif lines:
                _write(lines, writer)
                lines = []
        return writer.document()


def read_text(source: Path, writer: BlockWriter) -> str:
    """Return the text of a file; what cannot be decoded is noted. Raises `ConversionLimitExceeded` unread."""
    most = 4 * writer.limits.max_characters  # no encoding needs more bytes for a character
    if source.stat().st_size > most:
        raise ConversionLimitExceeded(f"it has more than {writer.limits.max_characters} characters of text")
    decoded = decode_text(source.read_bytes())
    if decoded.is_damaged:
        writer.note(f"some characters could not be read as {decoded.encoding}")
    return decoded.text


def _write(lines: list[str], writer: BlockWriter) -> None:
    """Write the lines between two empty ones."""
    if len(lines) == 1 and (chapter := _CHAPTER.fullmatch(lines[0].strip())):
        writer.heading(lines[0], _LEVELS[chapter["part"]])
        return
    for group in _groups(lines):
        item = _ITEM.fullmatch(group[0])
        if item is None:
            writer.paragraph("\n".join(group))
            continue
        text = "\n".join([item["text"], *group[1:]])
        writer.list_item(text, depth=len(item["indent"].expandtabs(4)), marker=_marker(item["marker"]))


def _groups(lines: list[str]) -> Iterator[list[str]]:
    """Yield each list item with the lines that are indented below it, and the lines between items together."""
    group: list[str] = []
    for line in lines:
        is_item = _ITEM.fullmatch(line) is not None
        in_item = bool(group) and _ITEM.fullmatch(group[0]) is not None
        if group and (is_item or (in_item and not line.startswith((" ", "\t")))):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _marker(found: str) -> str:
    return found.replace(")", ".") if found[0].isdigit() else "-"
