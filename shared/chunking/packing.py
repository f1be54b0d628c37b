"""Packs the pieces of one section into chunks, in order, each as full as whole sentences allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.chunking.pieces import Piece, Unit, total_size
from shared.chunking.sizes import NOTHING, Size


@dataclass(frozen=True, slots=True)
class TextDraft:
    """The pieces of one chunk, before its text is checked."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ImageDraft:
    """The place of a picture between two chunks of text."""

    name: str
    page: int
    labels: str = ""
    """What the document says is written in it."""


class SectionPacker:
    """Takes the units and the pictures of one section and makes drafts of them.

    Sizes are sums over pieces, so that a draft may come out a few tokens longer than `limit`: the text of every
    draft is checked once more by the chunker.
    """

    def __init__(self, *, limit: Size, overlap_tokens: int) -> None:
        self._limit = limit
        self._overlap_tokens = min(overlap_tokens, limit.tokens // 2)
        self._drafts: list[TextDraft | ImageDraft] = []
        self._images: list[ImageDraft] = []
        self._pieces: list[Piece] = []
        self._used = NOTHING
        self._fresh = 0

    def add_headings(self, headings: Sequence[Piece]) -> None:
        for piece in headings:
            self._add(piece)

    def add_unit(self, unit: Unit) -> None:
        """Add a unit whole where it fits here; in a new chunk where it fits there; else piece by piece."""
        if self._used.plus(self._size_here(unit.pieces)).fits(self._limit):
            self._extend(unit.pieces)
            return
        worth_closing = unit.keep_together or self._used.tokens * 2 >= self._limit.tokens
        if worth_closing and self._closable and unit.size.fits(self._limit):
            self._close(unit.pieces)
            self._extend(unit.pieces)
            return
        for piece in unit.pieces:
            self._add(piece)

    def add_image(self, image: ImageDraft) -> None:
        """Put a picture after the chunk that holds the text before it."""
        if self._fresh == 0:
            self._drafts.append(image)
        else:
            self._images.append(image)

    def finish(self) -> list[TextDraft | ImageDraft]:
        """Return the drafts of the section, in order."""
        if self._fresh:
            self._flush()
        return self._drafts

    def _add(self, piece: Piece) -> None:
        if not self._used.plus(self._size_here([piece])).fits(self._limit) and self._closable:
            self._close([piece])
        self._extend([piece])

    @property
    def _closable(self) -> bool:
        """Whether there is text that may stand without what follows: headings may not."""
        return self._fresh > 0 and not all(piece.is_heading for piece in self._pieces)

    def _size_here(self, pieces: Sequence[Piece]) -> Size:
        """The frame of a table counts once, where the table begins or goes on in this chunk."""
        open_frame = self._pieces[-1].frame if self._pieces else None
        size = total_size(pieces)
        return size.minus(open_frame.size) if open_frame and pieces[0].frame is open_frame else size

    def _extend(self, pieces: Sequence[Piece]) -> None:
        self._used = self._used.plus(self._size_here(pieces))
        self._pieces.extend(pieces)
        self._fresh += len(pieces)

    def _close(self, coming: Sequence[Piece]) -> None:
        closed = self._pieces
        self._flush()
        self._begin(self._overlap(closed, coming))

    def _flush(self) -> None:
        self._drafts.append(TextDraft(tuple(self._pieces)))
        self._drafts.extend(self._images)
        self._images = []

    def _begin(self, repeated: list[Piece]) -> None:
        self._pieces = repeated
        self._used = total_size(repeated) if repeated else NOTHING
        self._fresh = 0

    def _overlap(self, closed: Sequence[Piece], coming: Sequence[Piece]) -> list[Piece]:
        """Return the last whole sentences of a chunk that the next one, if it goes on in prose, begins with."""
        if coming[0].frame is not None:
            return []
        room = self._limit.minus(total_size(coming))
        taken: list[Piece] = []
        best: list[Piece] = []
        for piece in reversed(closed[1:]):
            if piece.frame is not None or piece.is_heading:
                break
            taken.insert(0, piece)
            size = total_size(taken)
            if size.tokens > self._overlap_tokens or not size.fits(room):
                break
            if piece.starts_sentence:
                best = list(taken)
        return best


def halves(pieces: Sequence[Piece]) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut a draft that came out too long in two."""
    if len(pieces) == 1:
        return _text_halves(pieces[0])
    middle = len(pieces) // 2
    return tuple(pieces[:middle]), tuple(pieces[middle:])


def _text_halves(piece: Piece) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    middle = len(piece.text) // 2
    first = replace(piece, text=piece.text[:middle])
    second = replace(piece, text=piece.text[middle:], separator="", starts_sentence=False)
    return (first,), (second,)
