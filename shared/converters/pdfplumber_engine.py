"""PDF on pdfplumber: text and ruled tables, without headings or columns; slow, for comparison and hard tables."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from shared.converters.base import Block, BlockKind, BoundingBox, ConversionLimits, ConvertedDocument
from shared.converters.markdown_form import FORM_VERSION, table_markdown
from shared.errors import Cancelled, ConversionLimitExceeded, DamagedFile, EncryptedFile, NoExtractableContent

if TYPE_CHECKING:
    from pdfplumber.page import Page

_LAYOUT_VERSION = 2
_PARAGRAPH_GAP = 0.6  # line heights of white that part two paragraphs


class PdfplumberConverter:
    """Converts PDF with pdfplumber and pdfminer."""

    @property
    def name(self) -> str:
        return "pdfplumber"

    @property
    def version(self) -> str:
        return f"{_LAYOUT_VERSION}-{FORM_VERSION}-pdfplumber-{version('pdfplumber')}"

    @property
    def content_types(self) -> frozenset[str]:
        return frozenset({"application/pdf"})

    def convert(
        self,
        source: Path,
        output_dir: Path,  # noqa: ARG002 - this engine extracts no pictures
        *,
        limits: ConversionLimits,
        should_stop: Callable[[], bool],
    ) -> ConvertedDocument:
        import pdfplumber
        from pdfminer.pdfdocument import PDFPasswordIncorrect
        from pdfminer.pdfexceptions import PDFException
        from pdfminer.psexceptions import PSException
        from pdfplumber.utils.exceptions import PdfminerException

        blocks: list[Block] = []
        notes: list[str] = []
        unread: list[int] = []
        try:
            with pdfplumber.open(source) as document:
                page_count = len(document.pages)
                if page_count > limits.max_pages:
                    raise ConversionLimitExceeded(f"{page_count} pages, at most {limits.max_pages} are read")
                for page in document.pages:
                    if should_stop():
                        raise Cancelled
                    try:
                        found = list(_page_blocks(page))
                        blocks.extend(found)
                        if not found and page.images:
                            unread.append(page.page_number)
                    except (PSException, PdfminerException, ArithmeticError, LookupError, ValueError, TypeError):
                        notes.append(f"page {page.page_number}: could not be read")
                    page.close()
        except (PSException, PDFException, PdfminerException) as error:
            if isinstance(error, PDFPasswordIncorrect) or any(
                isinstance(cause, PDFPasswordIncorrect) for cause in error.args
            ):
                raise EncryptedFile from error
            raise DamagedFile from error
        if not blocks and not unread:
            raise NoExtractableContent("no page has text")
        return ConvertedDocument(
            page_count=page_count, blocks=tuple(blocks), notes=tuple(notes), unread_pages=tuple(unread)
        )


def _page_blocks(page: "Page") -> Iterator[Block]:
    """Yield the tables and paragraphs of a page from top to bottom."""
    tables = page.find_tables()
    found: list[tuple[float, Block]] = []
    for table in tables:
        rows = [[cell or "" for cell in row] for row in table.extract()]
        if rows and any(cell for row in rows for cell in row):
            block = _block(BlockKind.TABLE, table_markdown(rows), page.page_number, table.bbox)
            found.append((table.bbox[1], block))
    rest = page
    for table in tables:
        rest = rest.outside_bbox(_clipped(table.bbox, page.bbox))
    found.extend((block.bbox[1] if block.bbox else 0.0, block) for block in _paragraphs(rest, page.page_number))
    for _, block in sorted(found, key=lambda entry: entry[0]):
        yield block


def _clipped(box: BoundingBox, page: BoundingBox) -> BoundingBox:
    return (max(box[0], page[0]), max(box[1], page[1]), min(box[2], page[2]), min(box[3], page[3]))


def _paragraphs(page: "Page", number: int) -> Iterator[Block]:
    lines: list[tuple[str, BoundingBox]] = [
        (str(line["text"]), (float(line["x0"]), float(line["top"]), float(line["x1"]), float(line["bottom"])))
        for line in page.extract_text_lines(return_chars=False)
    ]
    group: list[tuple[str, BoundingBox]] = []
    for text, box in lines:
        if group and box[1] - group[-1][1][3] > _PARAGRAPH_GAP * (box[3] - box[1]):
            yield _paragraph(group, number)
            group = []
        group.append((text, box))
    if group:
        yield _paragraph(group, number)


def _paragraph(lines: list[tuple[str, BoundingBox]], page: int) -> Block:
    boxes = [box for _, box in lines]
    bbox = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    return _block(BlockKind.PARAGRAPH, " ".join(text for text, _ in lines), page, bbox)


def _block(kind: BlockKind, markdown: str, page: int, bbox: BoundingBox) -> Block:
    return Block(kind=kind, markdown=markdown, page_start=page, page_end=page, bbox=bbox)
