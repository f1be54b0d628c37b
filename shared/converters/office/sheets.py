"""The XLSX converter."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from shared.converters.archives import XLSX
from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import FORM_VERSION

_VERSION = "1"


class SheetsConverter:
    """Converts workbooks with openpyxl, row by row and with the results that formulas had; a sheet is a page."""

    @property
    def name(self) -> str:
        return "xlsx"

    @property
    def version(self) -> str:
        return f"{_VERSION}.{FORM_VERSION}-openpyxl-{version('openpyxl')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({XLSX})

    def convert(
        self,
        source: Path,
        output_dir: Path,  # noqa: ARG002 - pictures of workbooks are left out
        *,
        limits: ConversionLimits,
        should_stop: Callable[[], bool],
    ) -> ConvertedDocument:
        from shared.converters.office.sheets_blocks import write_sheets

        writer = BlockWriter(limits, should_stop)
        page_count = write_sheets(source, writer)
        return writer.document(page_count=page_count)
