"""CSV: one table, whatever parts its fields."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import FORM_VERSION
from shared.converters.table_rows import TableRows
from shared.converters.text.flavours import csv_delimiter
from shared.converters.text.plain import read_text

_VERSION = "1"
_SAMPLE_CHARACTERS = 64 << 10
_EXCEL_HINT = "sep="


class CsvConverter:
    """Converts CSV and TSV. The first row is taken for the header."""

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> str:
        return f"{_VERSION}.{FORM_VERSION}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"text/csv"})

    def convert(
        self,
        source: Path,
        output_dir: Path,  # noqa: ARG002 - there are no pictures in it
        *,
        limits: ConversionLimits,
        should_stop: Callable[[], bool],
    ) -> ConvertedDocument:
        writer = BlockWriter(limits, should_stop)
        text = read_text(source, writer)
        first, _, rest = text.partition("\n")
        if first.lower().startswith(_EXCEL_HINT) and len(first) == len(_EXCEL_HINT) + 1:
            delimiter, text = first[-1], rest
        else:
            head = text[:_SAMPLE_CHARACTERS]
            delimiter = csv_delimiter(head, is_whole=len(text) <= _SAMPLE_CHARACTERS) or ","
        rows = TableRows(writer)
        csv.field_size_limit(limits.max_characters)
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.add(row)
        rows.write()
        return writer.document()
