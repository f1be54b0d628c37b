"""Cuts a document at its headings."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.chunking.headings import HeadingPath
from shared.converters.base import Block, BlockKind, ConvertedDocument


@dataclass(frozen=True, slots=True)
class Section:
    """What stands below one heading, to the next."""

    path: tuple[str, ...]
    """The headings above its text, outermost first, as plain text."""
    headings: tuple[Block, ...]
    """Its own heading, after those before it that have no text of their own."""
    blocks: tuple[Block, ...]
    """Text and pictures in reading order."""


def sections_of(document: ConvertedDocument) -> Iterator[Section]:
    """Yield the sections in order; every block with text is in exactly one of them."""
    path = HeadingPath()
    headings: list[Block] = []
    blocks: list[Block] = []
    for block in document.blocks:
        if block.kind is BlockKind.HEADING and block.markdown.strip():
            if blocks:
                has_text = any(below.kind is not BlockKind.IMAGE for below in blocks)
                yield Section(path.titles, tuple(headings) if has_text else (), tuple(blocks))
                headings = [] if has_text else headings
                blocks = []
            path.enter(block)
            headings.append(block)
        elif block.kind is BlockKind.IMAGE or block.markdown.strip():
            blocks.append(block)
    if headings or blocks:
        yield Section(path.titles, tuple(headings), tuple(blocks))
