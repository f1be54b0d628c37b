"""Tables without any line: rows one below the other whose texts stand in the same columns."""

import statistics
from collections.abc import Sequence

from shared.converters.pdf.layout import Item, Line, Table, bounds
from shared.converters.pdf.leaders import contents_entry, may_hold_leader
from shared.converters.pdf.lines import CELL_GAP, has_gap, split_into_lines
from shared.converters.pdf.lists import list_marker
from shared.converters.pdf.scripts import join_words
from shared.converters.pdf.tables_columns import Columns, find_columns, is_plausible, rows_by_columns

Row = list[Line]
_MIN_ROWS = 3
_MAX_COLUMNS = 14
_MAX_CONTINUATIONS = 5  # lines of one cell that stand alone in their row
_PROSE_CELL = 90  # mean characters of a cell above which columns are text, not a table
_PROSE_WIDTH = 0.62  # of the table's width: a column of such lines is text with something beside it
_WIDE_STEP = 1.5  # times the widest step between rows so far: the table has ended


def find_borderless_tables(flow: Sequence[Row | Item]) -> list[Row | Item]:
    """Replace runs of aligned rows by tables; `flow` is the content of a page in reading order."""
    fine = [_cells(entry) if isinstance(entry, list) else [] for entry in flow]
    result: list[Row | Item] = []
    index = 0
    while index < len(flow):
        end = _run_end(fine, index)
        table = _table(fine[index:end]) if end - index > 1 else None
        if table is None:
            result.append(flow[index])
            index += 1
        else:
            result.append(table)
            index = end
    return result


def _cells(row: Row) -> Row:
    words = [word for line in row for word in line.words]
    if may_hold_leader("".join(word.text for word in words)) and contents_entry(join_words(words)):
        return []
    if len(row) == 1 and not has_gap(words, gap=CELL_GAP):
        return row
    return split_into_lines(words, page=row[0].page, gap=CELL_GAP)


def _run_end(rows: Sequence[Row], start: int) -> int:
    """Return the index after the last row that may belong to a table which starts at `start`."""
    if not _starts_table(rows[start]):
        return start
    run = _Run(rows[start])
    last_full, end = start, start + 1
    while end < len(rows) and rows[end] and run.accepts(rows[end]):
        if len(rows[end]) > 1:
            last_full = end
        elif end - last_full > _MAX_CONTINUATIONS:
            break
        run.add(rows[end])
        end += 1
    tail = last_full + 1
    # Lines below the last full row that stand right of the first column go on with its cells.
    while (
        tail < end
        and rows[tail][0].left > rows[start][0].right
        and _step(rows[tail - 1], rows[tail]) < 1.7 * (rows[start][0].size)
    ):
        tail += 1
    return tail


def _starts_table(cells: Row) -> bool:
    if len(cells) < 2:
        return False
    marker = list_marker(cells[0].text + " x")
    return marker is None or (len(cells) > 2 and not marker.is_bullet)


def _step(above: Row, below: Row) -> float:
    return below[0].bottom - above[0].bottom


class _Run:
    """Rows that share their columns so far."""

    def __init__(self, first: Row) -> None:
        self._rows = [first]
        self._spans = [(cell.left, cell.right) for cell in first]
        self._widest_step = 0.0

    def accepts(self, cells: Row) -> bool:
        """Tell whether a row keeps to the columns and the distance of the rows before it."""
        size = cells[0].size
        step = _step(self._rows[-1], cells)
        if not -0.5 * size <= step <= 3.2 * size + 4:
            return False
        if self._widest_step and step > _WIDE_STEP * max(self._widest_step, 1.2 * size):
            return False
        if len(cells) == 1 and not self._continues(cells[0], step):
            return False
        return self._with(cells) is not None

    def add(self, cells: Row) -> None:
        spans = self._with(cells)
        assert spans is not None
        self._spans = spans
        self._widest_step = max(self._widest_step, _step(self._rows[-1], cells))
        self._rows.append(cells)

    def _continues(self, line: Line, step: float) -> bool:
        marker = list_marker(line.text)
        if marker is not None and marker.is_bullet:
            return False
        first = self._rows[0][0]
        if line.bold and line.size > 1.1 * first.size:
            return False
        # Alone in the first column it is the rest of a label, close to it, or a heading of the next rows.
        return line.left >= first.right or step <= 1.1 * max(self._widest_step, 1.2 * line.size)

    def _with(self, cells: Row) -> list[tuple[float, float]] | None:
        """The columns with another row; None when one of its texts runs over two of them."""
        spans = list(self._spans)
        white = 0.35 * cells[0].size
        for cell in cells:
            touched = [span for span in spans if cell.left < span[1] + white and cell.right > span[0] - white]
            if len(touched) > 1:
                return None
            if touched:
                spans.remove(touched[0])
                spans.append((min(cell.left, touched[0][0]), max(cell.right, touched[0][1])))
            else:
                spans.append((cell.left, cell.right))
        return spans


def _table(run: Sequence[Row]) -> Table | None:
    full = sum(len(cells) > 1 for cells in run)
    lines = [line for cells in run for line in cells]
    if full < 2 or full < 0.34 * len(run) or sum(line.mono for line in lines) > 0.6 * len(lines):
        return None
    left, top, right, bottom = bounds(lines)
    if sum(line.width > _PROSE_WIDTH * (right - left) for line in lines) > 0.3 * len(run):
        return None
    columns = find_columns([word for line in lines for word in line.words])
    if not columns.edges or not columns.are_aligned():
        return None
    rows = rows_by_columns(columns)
    if not _is_table(rows, run, columns):
        return None
    return Table(left=left, top=top, right=right, bottom=bottom, rows=rows, page=lines[0].page)


def _is_table(rows: Sequence[Sequence[str]], run: Sequence[Row], columns: Columns) -> bool:
    if len(rows) < _MIN_ROWS and not (len(rows) == 2 and _has_header(run, columns)):
        return False
    if len(rows[0]) > _MAX_COLUMNS or not is_plausible(rows):
        return False
    if statistics.mean(len(cell) for row in rows for cell in row if cell) >= _PROSE_CELL:
        return False
    return all(sum(bool(row[column]) for row in rows) >= 0.34 * len(rows) for column in range(len(rows[0])))


def _has_header(run: Sequence[Row], columns: Columns) -> bool:
    """Tell whether the first row is bold over at least three columns, and the last one is not."""
    bold = all(cell.bold for cell in run[0]) and not any(cell.bold for cell in run[-1])
    return bold and len(run[0]) == len(columns.edges) + 1 >= 3
