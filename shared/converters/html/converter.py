"""The HTML converter."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import FORM_VERSION
from shared.errors import ConversionLimitExceeded

HTML_VERSION = f"1.{FORM_VERSION}"
"""Part of the version of every converter that reads HTML by the way."""

_MAX_BYTES = 64 << 20
"""Of a page with the pictures inside of it; its tree takes about ten times as much memory."""


class HtmlConverter:
    """Converts one page of HTML. What it refers to is not fetched."""

    @property
    def name(self) -> str:
        return "html"

    @property
    def version(self) -> str:
        return f"{HTML_VERSION}-lxml-{version('lxml')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"text/html"})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        from shared.converters.html.blocks import HtmlBlocks
        from shared.converters.html.tree import parse_html
        from shared.converters.picture_files import PictureFiles

        if source.stat().st_size > _MAX_BYTES:
            raise ConversionLimitExceeded(f"it has more than {_MAX_BYTES >> 20} MiB")
        writer = BlockWriter(limits, should_stop)
        pictures = PictureFiles(output_dir, writer)
        tree = parse_html(source.read_bytes(), writer)
        if tree is not None:
            title = " ".join((tree.findtext(".//head/title") or "").split())
            if next(tree.iter("h1"), None) is None:
                writer.heading(title, 1)
            HtmlBlocks(writer, pictures, lambda _: None).write(tree)
        return pictures.document()
