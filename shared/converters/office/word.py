"""The DOCX converter."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from shared.converters.archives import DOCX
from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import FORM_VERSION

_VERSION = "1"


class WordConverter:
    """Converts Word documents with python-docx. Where their pages end is not in the file: all of it is page 1."""

    @property
    def name(self) -> str:
        return "docx"

    @property
    def version(self) -> str:
        return f"{_VERSION}.{FORM_VERSION}-python-docx-{version('python-docx')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({DOCX})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        from shared.converters.office.package import check_package, damage_as_ours
        from shared.converters.office.word_blocks import WordBlocks
        from shared.converters.picture_files import PictureFiles

        check_package(source)
        writer = BlockWriter(limits, should_stop)
        pictures = PictureFiles(output_dir, writer)
        with damage_as_ours():
            WordBlocks.opened(source, writer, pictures).write()
        return pictures.document()
