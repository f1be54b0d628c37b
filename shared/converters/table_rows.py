"""Rows of a sheet or a CSV file on their way into a table."""

from collections.abc import Sequence

from shared.converters.block_writer import BlockWriter
from shared.converters.markdown_form import one_line

_MANY_ROWS = 3
_LONG_CELL = 60


class TableRows:
    """Collects neighbouring rows; the titles above a table become paragraphs."""

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._rows: list[list[str]] = []
        self._characters = 0

    def add(self, row: Sequence[str]) -> None:
        """Take a row. Raises `ConversionLimitExceeded` before the rows get too many, and `Cancelled`."""
        cells = [one_line(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            return
        self._characters += sum(map(len, cells)) + 3 * len(cells) + 2
        self._writer.check_room(self._characters)
        self._rows.append(cells)

    def write(self) -> None:
        """Write what was collected as one table, and be ready for the next."""
        rows, self._rows, self._characters = self._rows, [], 0
        start = 0
        if max(map(_values, rows), default=0) > 1:
            while _values(rows[start]) == 1:
                self._writer.paragraph(next(cell for cell in rows[start] if cell))
                start += 1
        texts = [cell for row in rows for cell in row if cell] if not start else []
        if texts and len(texts) == len(rows) and (len(rows) <= _MANY_ROWS or max(map(len, texts)) > _LONG_CELL):
            for text in texts:
                self._writer.paragraph(text)
            return
        self._writer.table(rows[start:])


def _values(row: Sequence[str]) -> int:
    """Count the different texts of a row: a cell that spans several fields is repeated in each."""
    return len({cell for cell in row if cell})
