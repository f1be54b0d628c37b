"""The PDF converter on pdfium."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.markdown_form import FORM_VERSION

_LAYOUT_VERSION = 4
"""Raise it whenever the layout code turns the same file into other blocks."""


class PdfiumConverter:
    """Converts PDF with pdfium for the characters and our own layout.

    pdfium is not safe to use from several threads: one converter at a time in a process.
    """

    @property
    def name(self) -> str:
        return "pdfium"

    @property
    def version(self) -> str:
        return f"{_LAYOUT_VERSION}-{FORM_VERSION}-pypdfium2-{version('pypdfium2')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"application/pdf"})

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        from shared.converters.pdf.engine import convert_pdf

        return convert_pdf(source, output_dir, limits=limits, should_stop=should_stop)
