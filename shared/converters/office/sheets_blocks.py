"""From the rows of a workbook to tables."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
from openpyxl.workbook import Workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from shared.converters.archives import check_archive, open_archive
from shared.converters.block_writer import BlockWriter
from shared.converters.office.number_formats import shown
from shared.converters.office.package import LIBRARY_ERRORS, open_package
from shared.converters.office.sheet_parts import SheetPart, scan_sheet
from shared.converters.table_rows import TableRows
from shared.errors import ConversionLimitExceeded, DamagedFile

_MAX_BYTES = 4 << 30  # sheets are read as a stream; only their shared texts are kept
_MAX_WIDTH = 16_384  # columns, as many as Excel has


def write_sheets(source: Path, writer: BlockWriter) -> int:
    """Write every sheet, each on its page, and return how many there are."""
    check_archive(source, max_bytes=_MAX_BYTES, max_member_bytes=_MAX_BYTES)
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # openpyxl speaks of extensions that it passes over

        def opened(path: str) -> Workbook:
            # A file, not its path: openpyxl refuses paths that do not end as it expects.
            file = stack.enter_context(Path(path).open("rb"))
            return load_workbook(file, read_only=True, data_only=True, keep_links=False)

        workbook = open_package(source, writer, opened)
        stack.callback(workbook.close)
        sheets = workbook.worksheets
        if len(sheets) > writer.limits.max_pages:
            raise ConversionLimitExceeded(f"{len(sheets)} sheets, at most {writer.limits.max_pages} are read")
        for number, sheet in enumerate(sheets, start=1):
            writer.page = number
            _write_sheet(source, sheet, writer)
    return len(sheets)


def _write_sheet(source: Path, sheet: ReadOnlyWorksheet, writer: BlockWriter) -> None:
    if sheet.sheet_state != "visible":
        writer.note(f"page {writer.page}: {sheet.title} is a hidden sheet")
    rows, part = TableRows(writer), _scanned(source, sheet)
    is_named = False
    try:
        for row in _rows(sheet, part):
            if any(row) and not is_named:
                writer.heading(sheet.title, 1)
                is_named = True
            if any(row):
                rows.add(row)
            else:
                rows.write()
    except LIBRARY_ERRORS as error:
        writer.note(f"page {writer.page}: {sheet.title} could not be read to its end ({type(error).__name__})")
    rows.write()
    if part.unresolved:
        writer.note(f"page {writer.page}: {part.unresolved} formulas of {sheet.title} have no stored result")


def _scanned(source: Path, sheet: ReadOnlyWorksheet) -> SheetPart:
    try:
        with open_archive(source) as archive:
            return scan_sheet(archive, sheet._worksheet_path)
    except (*LIBRARY_ERRORS, DamagedFile):  # its cells may be readable all the same
        return SheetPart()


def _rows(sheet: ReadOnlyWorksheet, part: SheetPart) -> Iterator[list[str]]:
    """Yield the texts of each row; the text of a merged cell is repeated in each of its fields."""
    sheet.reset_dimensions()  # what a file says of its size may be anything
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell) for cell in cells[:_MAX_WIDTH]]
        part.merged.fill(number, texts)
        yield texts


def _text(cell: ReadOnlyCell | EmptyCell) -> str:
    value = cell.value
    if value is None:
        return ""
    return shown(value, str(cell.number_format or "General"))
