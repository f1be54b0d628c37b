"""Markdown: its own blocks, their text as it was written."""

import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from shared.converters.base import BlockKind, ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.html.converter import HTML_VERSION
from shared.converters.text.plain import read_text

if TYPE_CHECKING:
    from shared.converters.text.markdown_blocks import MarkdownBlocks

_VERSION = "1"
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:(?!---[ \t]*$).*\n){0,500})(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.M)


class MarkdownConverter:
    """Converts Markdown with markdown-it."""

    @property
    def name(self) -> str:
        return "markdown"

    @property
    def version(self) -> str:
        return f"{_VERSION}-html-{HTML_VERSION}-markdown-it-py-{version('markdown-it-py')}-lxml-{version('lxml')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"text/markdown"})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        from shared.converters.picture_files import PictureFiles
        from shared.converters.text.markdown_blocks import MarkdownBlocks

        writer = BlockWriter(limits, should_stop)
        pictures = PictureFiles(output_dir, writer)
        blocks = MarkdownBlocks(writer, pictures)
        _write(read_text(source, writer), writer, blocks)
        return pictures.document()


def _write(text: str, writer: BlockWriter, blocks: "MarkdownBlocks") -> None:
    front = _FRONT_MATTER.match(text)
    if front is not None and front["fields"].strip():
        writer.code(front["fields"], "yaml")
        text = text[front.end() :]
    lines = text.split("\n")
    text = blocks.take_pictures(text)
    done = 0
    for start, end, tokens in blocks.parse(text):
        _write_left_out(lines[done:start], writer)
        blocks.write(tokens)
        done = max(done, end)
    _write_left_out(lines[done:], writer)


def _write_left_out(lines: list[str], writer: BlockWriter) -> None:
    """Write lines that belong to no block: definitions of links and footnotes."""
    for line in lines:
        if line.strip() and "](data:" not in line and "]: <data:" not in line and "]: data:" not in line:
            kind = BlockKind.FOOTNOTE if line.lstrip().startswith("[^") else BlockKind.PARAGRAPH
            writer.write(kind, line.strip())
