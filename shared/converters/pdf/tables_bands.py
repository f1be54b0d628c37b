"""Tables drawn as coloured bands or boxes one above the other: grids that share their columns become one."""

from collections.abc import Sequence

from shared.converters.pdf.layout import Rule
from shared.converters.pdf.tables_grid import TOLERANCE, Grid
from shared.converters.pdf.words import Word

_MAX_BAND_GAP = 75.0  # points: an uncoloured row of several lines fits in between


def stack_bands(grids: Sequence[Grid], words: Sequence[Word]) -> list[Grid]:
    """Join grids with the same column edges that stand one above the other without foreign text in between."""
    stacked: list[Grid] = []
    for grid in grids:
        above = next((other for other in reversed(stacked) if _continues(other, grid, words)), None)
        if above is None:
            whole = Grid(list(grid.xs), list(grid.ys), list(grid.horizontal), list(grid.vertical), is_open=grid.is_open)
            stacked.append(whole)
            continue
        end, start = above.ys[-1], grid.ys[0]
        above.banded = above.banded or start - end > 2 * TOLERANCE
        above.ys.extend(y for y in grid.ys if y > end + TOLERANCE)
        above.is_open = grid.is_open
        above.horizontal.extend(grid.horizontal)
        above.vertical.extend(grid.vertical)
        above.vertical.extend(Rule(x, end, start) for x in grid.xs)
    return stacked


def _continues(above: Grid, grid: Grid, words: Sequence[Word]) -> bool:
    if len(above.xs) != len(grid.xs) or len(grid.xs) <= 2:
        return False
    if any(abs(a - b) >= TOLERANCE for a, b in zip(above.xs, grid.xs, strict=True)):
        return False
    end, start = above.ys[-1], grid.ys[0]
    if not -2 < start - end < _MAX_BAND_GAP:
        return False
    between = [
        word for word in words if end < word.middle_y < start and word.left < grid.xs[-1] and word.right > grid.xs[0]
    ]
    if any(word.left < grid.xs[0] - TOLERANCE or word.right > grid.xs[-1] + TOLERANCE for word in between):
        return False
    crossing = any(word.left < x - 1 and word.right > x + 1 for word in between for x in grid.xs[1:-1])
    return start - end <= 4 or (bool(between) and not crossing)
