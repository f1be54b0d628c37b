"""Tables drawn as a grid: lines that cross, cells that span several fields."""

import bisect
import collections
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.converters.pdf.layout import Rule, Rules
from shared.converters.pdf.lines import text_of
from shared.converters.pdf.tables_row_split import row_boundaries
from shared.converters.pdf.words import Word

Field = tuple[int, int]
"""Row and column of a grid, from 0."""

TOLERANCE = 3.0
"""Points by which lines that meet may miss each other."""

_MIN_OPEN_ROW = 8.0  # points by which lines reach beyond the last row
_MAX_CROSSINGS = 400_000  # a drawing with this many line pairs is no table


@dataclass(slots=True)
class Grid:
    """Columns and rows of a ruled table with the lines that draw it."""

    xs: list[float]
    ys: list[float]
    horizontal: list[Rule]
    vertical: list[Rule]
    banded: bool = False
    """Drawn as coloured bands with uncoloured rows between them: such rows may stand above and below it too."""
    is_open: bool = False
    """Its vertical lines go on below the last horizontal one: the page break divides a row."""


def clustered(values: Iterable[float], tolerance: float) -> list[float]:
    """Return the means of groups of numbers, neighbours of a group at most `tolerance` apart."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= tolerance:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def merged_rules(rules: Sequence[Rule]) -> list[Rule]:
    """Join rules that lie on one line and touch."""
    levels = clustered((rule.at for rule in rules), 1.5)
    by_level: dict[float, list[Rule]] = collections.defaultdict(list)
    for rule in rules:
        position = bisect.bisect(levels, rule.at)
        by_level[min(levels[max(0, position - 1) : position + 1], key=lambda at: abs(at - rule.at))].append(rule)
    merged: list[Rule] = []
    for at, group in by_level.items():
        group.sort(key=lambda rule: rule.start)
        start, end = group[0].start, group[0].end
        for rule in group[1:]:
            if rule.start <= end + TOLERANCE:
                end = max(end, rule.end)
                continue
            merged.append(Rule(at, start, end))
            start, end = rule.start, rule.end
        merged.append(Rule(at, start, end))
    return merged


def find_grids(rules: Rules) -> list[Grid]:
    """Return the grids of a page: groups of lines connected by crossings, from top to bottom."""
    if len(rules.horizontal) < 2 or len(rules.vertical) < 2:
        return []
    horizontal, vertical = merged_rules(rules.horizontal), merged_rules(rules.vertical)
    if len(horizontal) * len(vertical) > _MAX_CROSSINGS:
        return []
    grids = [_grid(*group) for group in _connected(horizontal, vertical)]
    return sorted((grid for grid in grids if grid is not None), key=lambda grid: grid.ys[0])


def _connected(horizontal: list[Rule], vertical: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    parent = list(range(len(horizontal) + len(vertical)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, row in enumerate(horizontal):
        for j, column in enumerate(vertical):
            crosses_x = row.start - TOLERANCE <= column.at <= row.end + TOLERANCE
            if crosses_x and column.start - TOLERANCE <= row.at <= column.end + TOLERANCE:
                parent[root(i)] = root(len(horizontal) + j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = collections.defaultdict(lambda: ([], []))
    for i, row in enumerate(horizontal):
        groups[root(i)][0].append(row)
    for j, column in enumerate(vertical):
        groups[root(len(horizontal) + j)][1].append(column)
    return list(groups.values())


def _grid(horizontal: list[Rule], vertical: list[Rule]) -> Grid | None:
    ys = clustered((rule.at for rule in horizontal), TOLERANCE)
    xs = clustered((rule.at for rule in vertical), TOLERANCE)
    if len(ys) < 2 or len(xs) < 2:
        return None
    hanging = [rule.end for rule in vertical if rule.end > ys[-1] + _MIN_OPEN_ROW]
    is_open = len(hanging) >= max(2, len(xs) - 1)
    if is_open:
        ys.append(min(hanging))
    # Many tables have no lines at their sides: there the horizontal rules end.
    start, end = min(rule.start for rule in horizontal), max(rule.end for rule in horizontal)
    if start < xs[0] - 12:
        xs = [start, *xs]
    if end > xs[-1] + 12:
        xs = [*xs, end]
    if (len(ys) - 1) * (len(xs) - 1) < 2:
        return None
    return Grid(xs, ys, horizontal, vertical, is_open=is_open)


def grid_rows(grid: Grid, words: Sequence[Word]) -> list[list[str]]:
    """Return the cells of a grid; the text of a cell that spans columns or rows is repeated in each of its fields."""
    owners = _owners(grid, words)
    by_cell: dict[Field, list[Word]] = collections.defaultdict(list)
    for word in words:
        row, column = _slot(grid.ys, word.middle_y), _slot(grid.xs, word.middle_x)
        by_cell[owners[row][column]].append(word)
    texts = {cell: text_of(cell_words) for cell, cell_words in by_cell.items()}
    rows = [[texts.get(owner, "") for owner in row] for row in owners]
    columns = _filled_columns(rows, owners)
    kept: list[list[str]] = []
    for r, texts_of_row in enumerate(rows):
        if any(texts_of_row) and not (r and owners[r] == owners[r - 1]):
            parts = _split_row(owners, r, texts_of_row, by_cell)
            kept.extend([part[column] for column in columns] for part in parts)
    return kept


def _split_row(
    owners: list[list[Field]], r: int, row: list[str], by_cell: Mapping[Field, Sequence[Word]]
) -> list[list[str]]:
    """Return the rows that a drawn row holds, itself when it holds one."""
    below = owners[r + 1] if r + 1 < len(owners) else []
    alone = {owner for owner in owners[r] if owner[0] == r and owner not in below}
    limits = row_boundaries([by_cell[owner] for owner in sorted(alone) if owner in by_cell])
    if not limits:
        return [row]
    parts = []
    for n in range(len(limits) + 1):
        inside = {
            owner: [word for word in by_cell.get(owner, ()) if bisect.bisect(limits, word.middle_y) == n]
            for owner in alone
        }
        parts.append(
            [
                text_of(inside[owner]) if inside.get(owner) else row[column] if owner not in alone else ""
                for column, owner in enumerate(owners[r])
            ]
        )
    return parts


def _slot(edges: Sequence[float], position: float) -> int:
    return min(max(bisect.bisect(edges, position) - 1, 0), len(edges) - 2)


def _owners(grid: Grid, words: Sequence[Word]) -> list[list[Field]]:
    """For each field the first field of the cell it belongs to."""
    row_count, column_count = len(grid.ys) - 1, len(grid.xs) - 1
    walls = _walls(grid, words)
    floors = [
        [_covered(grid.horizontal, y, (left + right) / 2) for left, right in zip(grid.xs, grid.xs[1:], strict=False)]
        for y in grid.ys
    ]
    owners: list[list[Field | None]] = [[None] * column_count for _ in range(row_count)]
    for row in range(row_count):
        for column in range(column_count):
            if owners[row][column] is not None:
                continue
            last = column
            while last + 1 < column_count and not walls[row][last + 1] and owners[row][last + 1] is None:
                last += 1
            span = range(column, last + 1)
            bottom = row
            while bottom + 1 < row_count and all(
                not floors[bottom + 1][k] and owners[bottom + 1][k] is None for k in span
            ):
                bottom += 1
            for r in range(row, bottom + 1):
                for k in span:
                    owners[r][k] = (row, column)
    return [[owner if owner is not None else (r, c) for c, owner in enumerate(line)] for r, line in enumerate(owners)]


def _covered(rules: Iterable[Rule], at: float, position: float) -> bool:
    return any(abs(rule.at - at) <= TOLERANCE and rule.start - 1 <= position <= rule.end + 1 for rule in rules)


def _walls(grid: Grid, words: Sequence[Word]) -> list[list[bool]]:
    """For each row, which column edges part its cells: those drawn, and those the text keeps clear of."""
    by_row: list[list[Word]] = [[] for _ in range(len(grid.ys) - 1)]
    for word in words:
        by_row[_slot(grid.ys, word.middle_y)].append(word)
    walls = []
    for row, (top, bottom) in enumerate(zip(grid.ys, grid.ys[1:], strict=False)):
        drawn = [_covered(grid.vertical, x, (top + bottom) / 2) for x in grid.xs]
        walls.append(
            [
                wall
                or (0 < k < len(grid.xs) - 1 and _clear(_between_walls(by_row[row], grid.xs, drawn, k), grid.xs[k]))
                for k, wall in enumerate(drawn)
            ]
        )
    return walls


def _between_walls(words: Sequence[Word], xs: Sequence[float], drawn: Sequence[bool], k: int) -> list[Word]:
    """The words between the drawn walls on both sides of a column edge."""
    left = next((xs[n] for n in range(k - 1, 0, -1) if drawn[n]), xs[0])
    right = next((xs[n] for n in range(k + 1, len(xs)) if drawn[n]), xs[-1])
    return [word for word in words if left <= word.middle_x <= right]


def _clear(words: Sequence[Word], x: float) -> bool:
    if any(word.left < x - 1.5 and word.right > x + 1.5 for word in words):
        return False
    before = [word.right for word in words if word.right <= x + 1.5]
    after = [word.left for word in words if word.left >= x - 1.5]
    return bool(before and after) and min(after) - max(before) > 0.9 * words[0].size


def _filled_columns(rows: list[list[str]], owners: list[list[Field]]) -> list[int]:
    """The columns that hold something of their own."""
    columns: list[int] = []
    for column in range(len(rows[0])):
        repeats = bool(columns) and all(
            owners[r][column] == owners[r][columns[-1]] or not rows[r][column] for r in range(len(rows))
        )
        if not repeats and any(row[column] for row in rows):
            columns.append(column)
    return columns
