"""The pieces that chunks are packed from: sentences, list items, table rows, lines of code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from shared.chunking.sentences import Part, split_sentences, split_to_fit
from shared.chunking.sizes import NOTHING, Ruler, Size
from shared.chunking.tables import split_rows
from shared.converters.base import Block, BlockKind

_ROWED = frozenset({BlockKind.TABLE, BlockKind.CODE})


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """What stands around the rows of a table or the lines of code, in every chunk that has some of them."""

    opening: str
    closing: str
    size: Size


@dataclass(frozen=True, slots=True)
class Piece:
    """What is packed as one."""

    text: str
    separator: str
    """What stands between it and the piece before it in the same chunk."""
    size: Size
    """Of text and separator."""
    page_start: int
    page_end: int
    frame: Frame | None = None
    starts_sentence: bool = True
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """Pieces that belong together: a paragraph, a list, a table, a block of code."""

    pieces: tuple[Piece, ...]
    keep_together: bool
    """Rather begin a new chunk than be cut."""

    @property
    def size(self) -> Size:
        total = NOTHING
        frame: Frame | None = None
        for piece in self.pieces:
            total = total.plus(piece.size)
            if piece.frame is not None and piece.frame is not frame:
                total = total.plus(piece.frame.size)
            frame = piece.frame
        return total


def units_of(blocks: Iterable[Block], limit: Size, ruler: Ruler) -> list[Unit]:
    """Make the text blocks of one section into units of which every piece fits in `limit`."""
    units: list[Unit] = []
    for is_list, group in groupby(blocks, key=lambda block: block.kind is BlockKind.LIST_ITEM):
        if is_list:
            items = list(group)
            pieces = [piece for at, item in enumerate(items) for piece in _prose(item, limit, ruler, tight=at > 0)]
            units.append(Unit(tuple(pieces), keep_together=True))
            continue
        units.extend(_unit(block, limit, ruler) for block in group)
    return units


def heading_pieces(headings: Sequence[Block], limit: Size, ruler: Ruler) -> list[Piece]:
    """Make headings into pieces; they stay with the text below where all of them take half a chunk at most."""
    pieces = [piece for block in headings for piece in _prose(block, limit, ruler)]
    if not total_size(pieces).fits(limit.share(2)):
        return pieces
    return [
        Piece(piece.text, piece.separator, piece.size, piece.page_start, piece.page_end, is_heading=True)
        for piece in pieces
    ]


def total_size(pieces: Iterable[Piece]) -> Size:
    return Unit(tuple(pieces), keep_together=False).size


def lines_of(block: Block) -> list[str]:
    """Return the sentences or rows of a block as they will be measured."""
    if block.kind in _ROWED:
        return list(split_rows(block).all_lines)
    return [part.separator + part.text for part in _sentences(block)]


def _sentences(block: Block) -> list[Part]:
    return split_sentences(block.markdown.strip())


def render(pieces: Sequence[Piece]) -> str:
    """Return the text of a chunk."""
    parts: list[str] = []
    frame: Frame | None = None
    for piece in pieces:
        if piece.frame is frame:
            parts.append(piece.separator if parts else "")
        else:
            parts.append(_between(frame, piece.frame, is_first=not parts))
        parts.append(piece.text)
        frame = piece.frame
    parts.append(f"\n{frame.closing}" if frame is not None and frame.closing else "")
    return "".join(parts)


def _between(left: Frame | None, entered: Frame | None, *, is_first: bool) -> str:
    closing = f"\n{left.closing}" if left is not None and left.closing else ""
    opening = f"{entered.opening}\n" if entered is not None else ""
    gap = "" if is_first else "\n\n"
    return f"{closing}{gap}{opening}"


def _unit(block: Block, limit: Size, ruler: Ruler) -> Unit:
    if block.kind in _ROWED:
        return Unit(tuple(_rows(block, limit, ruler)), keep_together=True)
    return Unit(tuple(_prose(block, limit, ruler)), keep_together=False)


def _prose(block: Block, limit: Size, ruler: Ruler, *, tight: bool = False) -> Iterable[Piece]:
    before = "\n" if tight else "\n\n"
    for sentence in _sentences(block):
        yield from _pieces((block.page_start, block.page_end), sentence, before, limit, ruler)
        before = ""


def _rows(block: Block, limit: Size, ruler: Ruler) -> Iterable[Piece]:
    rows = split_rows(block)
    opening_size = ruler.size(f"{rows.opening}\n").plus(ruler.size(f"\n{rows.closing}" if rows.closing else ""))
    frame = Frame(rows.opening, rows.closing, opening_size) if rows.opening else None
    lines, pages = rows.lines, rows.line_pages
    if frame is not None and not frame.size.fits(limit.share(2)):
        frame, lines, pages = None, rows.all_lines, rows.pages
    room = limit.minus(frame.size) if frame is not None else limit
    for at, (line, span) in enumerate(zip(lines, pages, strict=True)):
        separator = "\n" if at else "\n\n"
        yield from _pieces(span, Part("", line), separator, room, ruler, frame=frame, is_sentence=False)


def _pieces(
    pages: tuple[int, int],
    part: Part,
    before: str,
    limit: Size,
    ruler: Ruler,
    *,
    frame: Frame | None = None,
    is_sentence: bool = True,
) -> Iterable[Piece]:
    """Yield a sentence or a row as one piece, or as several where it does not fit."""
    whole = ruler.size(part.separator + part.text).plus(ruler.size(before))
    if whole.fits(limit):
        separator = before + part.separator
        yield Piece(part.text, separator, whole, *pages, frame, is_sentence)
        return
    room = limit.minus(ruler.size("\n\n"))
    cuts = split_to_fit(part.text, lambda texts: [size.fits(room) for size in ruler.sizes(texts)])
    ruler.measure(cut.separator + cut.text for cut in cuts)
    for at, cut in enumerate(cuts):
        separator = cut.separator if at else before + part.separator
        size = ruler.size(separator + cut.text)
        starts = is_sentence and at == 0
        yield Piece(cut.text, separator, size, *pages, frame, starts)
