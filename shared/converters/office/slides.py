"""The PPTX converter."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from shared.converters.archives import PPTX
from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import FORM_VERSION

_VERSION = "1"


class SlidesConverter:
    """Converts presentations with python-pptx; a slide is a page."""

    @property
    def name(self) -> str:
        return "pptx"

    @property
    def version(self) -> str:
        return f"{_VERSION}.{FORM_VERSION}-python-pptx-{version('python-pptx')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({PPTX})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        from shared.converters.office.package import check_package
        from shared.converters.office.slides_blocks import write_slides
        from shared.converters.picture_files import PictureFiles

        check_package(source)
        writer = BlockWriter(limits, should_stop)
        pictures = PictureFiles(output_dir, writer)
        page_count = write_slides(source, writer, pictures)
        return pictures.document(page_count=page_count)
