"""Collects the blocks of a document in reading order, within its limits."""

from collections.abc import Callable, Iterable, Sequence

from shared.converters.base import Block, BlockKind, BoundingBox, ConversionLimits, ConvertedDocument, ExtractedImage
from shared.converters.markdown_form import (
    code_markdown,
    heading_markdown,
    item_markdown,
    one_line,
    paragraph_markdown,
    table_markdown,
)
from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile, NoExtractableContent

_MAX_LEVEL = 6
_MAX_NOTES = 100


class BlockWriter:
    """What a converter writes its document into. Texts without a visible character leave no block."""

    def __init__(self, limits: ConversionLimits, should_stop: Callable[[], bool]) -> None:
        self.limits = limits
        self.page = 1
        """Page of what is written next."""
        self.blocks: list[Block] = []
        self.is_damaged = False
        """The file had to be mended before it could be read."""
        self._should_stop = should_stop
        self._notes: list[str] = []
        self._characters = 0
        self._depths: list[int] = []
        """Of the list item written last and of those above it."""

    def heading(self, text: str, level: int) -> None:
        level = min(max(level, 1), _MAX_LEVEL)
        if text.strip():
            self.write(BlockKind.HEADING, heading_markdown(text, level), level=level)

    def paragraph(self, text: str) -> None:
        if text.strip():
            self.write(BlockKind.PARAGRAPH, paragraph_markdown(text))

    def footnote(self, text: str) -> None:
        if text.strip():
            self.write(BlockKind.FOOTNOTE, paragraph_markdown(text))

    def list_item(self, text: str, *, depth: int, marker: str = "-") -> None:
        """`depth` is any number that is greater for an item below another; `marker` is `-`, or a number with its point.

        Levels that are left out in between are closed up: Markdown takes what is indented too far for code.
        """
        if not text.strip():
            return
        if not self.blocks or self.blocks[-1].kind is not BlockKind.LIST_ITEM:
            self._depths = []
        while self._depths and self._depths[-1] > depth:
            self._depths.pop()
        if not self._depths or self._depths[-1] < depth:
            self._depths.append(depth)
        level = len(self._depths) - 1
        self.write(BlockKind.LIST_ITEM, item_markdown(text, marker=marker, depth=level), level=level)

    def code(self, text: str, language: str = "") -> None:
        if text.strip():
            self.write(BlockKind.CODE, code_markdown(text, language))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Write a table without its empty rows and columns; one of a single cell is a paragraph."""
        filled = _without_empty(rows)
        if not filled:
            return
        if len(filled) == 1 and len(filled[0]) == 1:
            self.paragraph(filled[0][0])
        else:
            self.write(BlockKind.TABLE, table_markdown(filled))

    def image(self, image: ExtractedImage) -> None:
        self.write(BlockKind.IMAGE, "", bbox=image.bbox, image=image.name)

    def write(
        self,
        kind: BlockKind,
        markdown: str,
        *,
        level: int = 0,
        bbox: BoundingBox | None = None,
        image: str | None = None,
    ) -> None:
        """Add a block. Raises `ConversionLimitExceeded` where the document becomes too long, and `Cancelled`."""
        self.check_room(len(markdown))
        self._characters += len(markdown)
        self.blocks.append(
            Block(
                kind=kind,
                # A lone surrogate cannot be written anywhere.
                markdown=markdown.encode("utf-8", "replace").decode() if not markdown.isascii() else markdown,
                page_start=self.page,
                page_end=self.page,
                level=level,
                bbox=bbox,
                image=image,
            )
        )

    def check_room(self, characters: int) -> None:
        """Raise `ConversionLimitExceeded` where so many characters more are too many, and `Cancelled`."""
        if self._should_stop():
            raise Cancelled
        if self._characters + characters > self.limits.max_characters:
            raise ConversionLimitExceeded(f"it has more than {self.limits.max_characters} characters of text")

    def note(self, text: str) -> None:
        """Say what could not be read; equal notes count once."""
        if text not in self._notes and len(self._notes) < _MAX_NOTES:
            self._notes.append(text)

    def document(self, *, page_count: int = 1, images: Iterable[ExtractedImage] = ()) -> ConvertedDocument:
        """Return what was written. Raises `NoExtractableContent` where nothing was, `DamagedFile` of a damaged file."""
        if not self.blocks and self.is_damaged:
            raise DamagedFile("; ".join(self._notes))
        if not self.blocks:
            raise NoExtractableContent("the file holds no text")
        return ConvertedDocument(
            page_count=page_count, blocks=tuple(self.blocks), images=tuple(images), notes=tuple(self._notes)
        )


def _without_empty(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    filled = [[one_line(cell) for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    width = max(map(len, filled), default=0)
    columns = [column for column in range(width) if any(column < len(row) and row[column] for row in filled)]
    return [[row[column] if column < len(row) else "" for column in columns] for row in filled]
