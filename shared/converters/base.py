"""What a converter is: a file in, typed blocks with their pages out."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

BoundingBox = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the top left corner of the page as it is shown."""


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CODE = "code"
    FOOTNOTE = "footnote"
    IMAGE = "image"


class Block(BaseModel):
    """One piece of a document in reading order."""

    model_config = ConfigDict(frozen=True)

    kind: BlockKind
    markdown: str
    """The block as Markdown; a table has one row a line, code stands inside its fence. For an image the labels of a
    drawn figure, which belong to it and not to the running text; mostly empty."""
    page_start: int
    """First page that holds a part of it, from 1."""
    page_end: int
    bbox: BoundingBox | None = None
    """On `page_start`."""
    row_pages: tuple[tuple[int, int], ...] = ()
    """Of a table over several pages: the first and the last page of each of its rows, its header among them."""
    level: int = 0
    """1 to 6 for a heading, the nesting depth from 0 for a list item."""
    image: str | None = None
    """The `name` of an extracted image, for an image block."""


class ExtractedImage(BaseModel):
    """A picture found in the document, written to the output directory."""

    model_config = ConfigDict(frozen=True)

    name: str
    """File name inside the output directory; made of the content's hash, so equal pictures share it."""
    content_type: str
    page: int
    bbox: BoundingBox | None = None
    """None where the format does not say where a picture stands."""
    width_px: int
    height_px: int
    writing: str | None = None
    """What the document itself says is written in it, line by line; None where only the picture can tell."""


class ConvertedDocument(BaseModel):
    """What a converter makes of a file."""

    model_config = ConfigDict(frozen=True)

    page_count: int
    blocks: tuple[Block, ...]
    images: tuple[ExtractedImage, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be read, in words for the owner of the document: `page 3: ...`."""
    unread_pages: tuple[int, ...] = ()
    """Pages from 1 whose writing the converter sees but cannot read, such as scans: OCR may. Blocks of such a page, if
    there are any, are what the file says in vain."""

    @property
    def markdown(self) -> str:
        """The whole document as Markdown; neighbouring list items form one list."""
        parts: list[str] = []
        previous: BlockKind | None = None
        for block in self.blocks:
            if not block.markdown:
                continue
            tight = block.kind is BlockKind.LIST_ITEM and previous is BlockKind.LIST_ITEM
            parts.append(("\n" if tight else "\n\n") if parts else "")
            parts.append(block.markdown)
            previous = block.kind
        return "".join(parts) + ("\n" if parts else "")


class ConversionLimits(BaseModel):
    """What one document may cost."""

    model_config = ConfigDict(frozen=True)

    timeout_seconds: float = 300.0
    memory_limit_bytes: int = 1 << 30
    max_pages: int = 5000
    max_objects_per_page: int = 200_000
    max_image_pixels: int = 40_000_000
    max_characters: int = 12_000_000
    """Of the Markdown of a document that has no pages of its own: about as much as `max_pages` pages of prose. Cutting
    that much into chunks takes a worker about a minute and a gigabyte (2 cores, prose in short paragraphs)."""


class Converter(Protocol):
    """Turns files of some content types into blocks."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Changes whenever the same file would convert differently: it is part of the artifact's name."""
        ...

    @property
    def content_types(self) -> frozenset[str]: ...

    def convert(
        self, source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
    ) -> ConvertedDocument:
        """Convert one file and write its pictures below `output_dir`.

        Raises `EncryptedFile`, `DamagedFile`, `NoExtractableContent`, `ConversionLimitExceeded` or
        `ConverterCrashed`; `Cancelled` soon after `should_stop` answers True.
        """
        ...
