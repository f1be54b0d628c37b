"""The whole way from a PDF to blocks."""

from collections.abc import Callable
from pathlib import Path

from shared.converters.base import Block, ConversionLimits, ConvertedDocument
from shared.converters.pdf.blocks import build_blocks
from shared.converters.pdf.document import PAGE_ERRORS, DocumentContent, read_document
from shared.converters.pdf.figure_labels import take_labels
from shared.converters.pdf.gutters import cut_at_gutters, find_gutters
from shared.converters.pdf.layout import Item, Line, PageContent, Table
from shared.converters.pdf.leader_lines import join_across_leaders
from shared.converters.pdf.lines import split_into_lines
from shared.converters.pdf.paragraphs import build_paragraphs
from shared.converters.pdf.pictures import PictureExtractor
from shared.converters.pdf.reading_order import in_reading_order, page_gutter, rows_in_order
from shared.converters.pdf.running_headers import drop_running_headers
from shared.converters.pdf.tables import in_reading_direction, take_drawn_tables
from shared.converters.pdf.tables_borderless import find_borderless_tables
from shared.converters.pdf.tables_continued import join_continued_tables
from shared.errors import Cancelled, NoExtractableContent

Flow = list[list[Line] | Item]


def convert_pdf(
    source: Path, output_dir: Path, *, limits: ConversionLimits, should_stop: Callable[[], bool]
) -> ConvertedDocument:
    """Convert a PDF; raises as `Converter.convert` does."""
    extractor = PictureExtractor(output_dir, max_pixels=limits.max_image_pixels)
    content = read_document(source, extractor, limits=limits, should_stop=should_stop)
    if not any(page.words for page in content.pages) and not content.unread_pages:
        raise NoExtractableContent("no page has text")
    pictures = extractor.drop_decoration([picture for page in content.pages for picture in page.pictures])
    kept = {id(picture) for picture in pictures}
    for page in content.pages:
        page.pictures = [picture for picture in page.pictures if id(picture) in kept]
    blocks = lay_out(content, should_stop)  # the pictures get their labels here
    return ConvertedDocument(
        page_count=content.page_count,
        blocks=blocks,
        images=tuple(picture.image for picture in pictures),
        notes=tuple(content.notes),
        unread_pages=tuple(content.unread_pages),
    )


def lay_out(content: DocumentContent, should_stop: Callable[[], bool]) -> tuple[Block, ...]:
    """Return the blocks of pages whose words are known, wherever they were read; raises `Cancelled`."""
    drop_running_headers(content.pages)
    flows = _flows(content, should_stop)
    parts = join_continued_tables(build_paragraphs(flows), content.spaces)
    return tuple(build_blocks(parts, content.spaces))


def _flows(content: DocumentContent, should_stop: Callable[[], bool]) -> list[Flow]:
    flows: list[Flow] = []
    gutter: float | None = None
    for page in content.pages:
        if should_stop():
            raise Cancelled
        try:
            items = _items(page)
            flows.append(_flow(items, gutter))
            gutter = page_gutter(items)
        except PAGE_ERRORS as error:
            content.notes.append(f"page {page.number}: its layout was not understood ({type(error).__name__})")
            flows.append(_plain_flow(page))
    return flows


def _items(page: PageContent) -> list[Item]:
    tables, words = take_drawn_tables(page)
    lines = join_across_leaders(cut_at_gutters(split_into_lines(words, page=page.number), find_gutters(words)))
    return [*lines, *tables, *page.pictures]


def _flow(items: list[Item], gutter: float | None) -> Flow:
    """Put the items of a page in order; `gutter` is where the columns of the page before it part."""
    flow = take_labels(find_borderless_tables(rows_in_order(in_reading_order(items, expected=gutter))))
    return [in_reading_direction(entry) if isinstance(entry, Table) else entry for entry in flow]


def _plain_flow(page: PageContent) -> Flow:
    return [[line] for line in split_into_lines(page.words, page=page.number)]
