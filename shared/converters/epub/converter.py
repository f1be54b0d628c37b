"""The EPUB converter."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from shared.converters.archives import EPUB
from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.html.converter import HTML_VERSION

_VERSION = "1"


class EpubConverter:
    """Converts books with the means of the HTML converter; a chapter, an item of the spine, is a page."""

    @property
    def name(self) -> str:
        return "epub"

    @property
    def version(self) -> str:
        return f"{_VERSION}-html-{HTML_VERSION}-lxml-{version('lxml')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({EPUB})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        from shared.converters.epub.chapters import write_chapters
        from shared.converters.picture_files import PictureFiles

        writer = BlockWriter(limits, should_stop)
        pictures = PictureFiles(output_dir, writer)
        page_count = write_chapters(source, writer, pictures)
        return pictures.document(page_count=page_count)
