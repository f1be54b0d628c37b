"""What the XML of a sheet says beside its cells, found in one pass over the stream, without a tree."""

import re
import zipfile
from dataclasses import dataclass, field

_PIECE_BYTES = 1 << 20
_OVERLAP_BYTES = 512
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_UNRESOLVED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]*/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_MAX_MERGED = 100_000
_MAX_FIELDS = 1_000  # a merged area of more rows or columns is decoration


@dataclass(slots=True)
class MergedCells:
    """Which fields show the text of another one."""

    by_first_row: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    """Row to (first column, last column, last row); columns from 0, rows from 1."""
    _hanging: list[tuple[int, int, int, str]] = field(default_factory=list)

    def fill(self, row: int, texts: list[str]) -> None:
        """Write the texts of merged cells into a row; rows have to come in their order."""
        self._hanging = [area for area in self._hanging if area[2] >= row]
        for first, last, last_row in self.by_first_row.get(row, ()):
            if first < len(texts) and texts[first]:
                self._hanging.append((first, last, last_row, texts[first]))
        for first, last, _, text in self._hanging:
            texts.extend([""] * (last + 1 - len(texts)))
            for column in range(first, last + 1):
                texts[column] = texts[column] or text


@dataclass(slots=True)
class SheetPart:
    merged: MergedCells = field(default_factory=MergedCells)
    unresolved: int = 0
    """Formulas without a stored result."""


def scan_sheet(archive: zipfile.ZipFile, name: str) -> SheetPart:
    """Read a sheet's XML as a stream; see `UNREADABLE` for what it raises."""
    part = SheetPart()
    found = 0
    before = b""
    with archive.open(name.lstrip("/")) as member:
        while piece := member.read(_PIECE_BYTES):
            window = before + piece
            new = len(before)
            part.unresolved += sum(match.end() > new for match in _UNRESOLVED.finditer(window))
            for match in _MERGED.finditer(window):
                if match.end() > new and found < _MAX_MERGED:
                    found += 1
                    _add(part.merged, match)
            before = window[-_OVERLAP_BYTES:]
    return part


def _add(merged: MergedCells, match: re.Match[bytes]) -> None:
    first, last = _column(match[1]), _column(match[3])
    top, bottom = int(match[2]), int(match[4])
    if 0 <= last - first < _MAX_FIELDS and 0 <= bottom - top < _MAX_FIELDS:
        merged.by_first_row.setdefault(top, []).append((first, last, bottom))


def _column(letters: bytes) -> int:
    """Return the number of a column from 0: `A` is 0, `AA` is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
