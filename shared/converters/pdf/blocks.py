"""From paragraphs, tables and pictures to the blocks of the document."""

import itertools
from collections.abc import Mapping, Sequence

from shared.converters.base import Block, BlockKind
from shared.converters.markdown_form import table_markdown
from shared.converters.pdf.headings import body_size, heading_levels
from shared.converters.pdf.layout import Line, Picture, Table, bounds
from shared.converters.pdf.leaders import without_leader
from shared.converters.pdf.lists import item_markdown, nesting_depths
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.paragraph import Paragraph
from shared.converters.pdf.paragraphs import Part
from shared.converters.pdf.words import Box

_CODE_ADVANCE = 0.6  # font sizes: the width of a character in common monospace fonts
_BLOCK_MARKS = ("#", ">", "```", "|")

Spaces = Mapping[int, PageSpace]


def build_blocks(parts: Sequence[Part], spaces: Spaces) -> list[Block]:
    """Return the blocks of a document in reading order; `spaces` holds the space of each page by number."""
    paragraphs = [part for part in parts if isinstance(part, Paragraph)]
    body = body_size(line for paragraph in paragraphs for line in paragraph.lines)
    levels = {id(paragraphs[index]): level for index, level in heading_levels(paragraphs, body).items()}

    def kind_of(part: Part) -> BlockKind:
        if isinstance(part, Table):
            return BlockKind.TABLE
        if isinstance(part, Picture):
            return BlockKind.IMAGE
        if part.is_note:
            return BlockKind.FOOTNOTE
        if part.mono and len(part.text) > 3:
            return BlockKind.CODE
        if id(part) in levels:
            return BlockKind.HEADING
        return BlockKind.LIST_ITEM if part.marker is not None else BlockKind.PARAGRAPH

    blocks: list[Block] = []
    for kind, group in itertools.groupby(parts, key=kind_of):
        run = list(group)
        texts = [part for part in run if isinstance(part, Paragraph)]
        if kind is BlockKind.CODE:
            blocks.append(_code(texts, spaces))
        elif kind is BlockKind.LIST_ITEM:
            blocks.extend(_list_items(texts, spaces))
        elif texts:
            blocks.extend(
                _text(text, levels.get(id(text), 0) if kind is BlockKind.HEADING else 0, spaces) for text in texts
            )
        else:
            blocks.extend(_table_or_picture(part, spaces) for part in run)
    return blocks


def _block(kind: BlockKind, markdown: str, lines: Sequence[Line], spaces: Spaces, *, level: int = 0) -> Block:
    first = lines[0].page
    left, top, right, bottom = bounds([line for line in lines if line.page == first])
    return Block(
        kind=kind,
        markdown=markdown,
        page_start=min(line.page for line in lines),
        page_end=max(line.page for line in lines),
        bbox=spaces[first].shown(Box(left, top, right, bottom)),
        level=level,
    )


def _text(paragraph: Paragraph, level: int, spaces: Spaces) -> Block:
    if level:
        markdown = f"{'#' * level} {paragraph.text}"
        return _block(BlockKind.HEADING, markdown, paragraph.lines, spaces, level=level)
    text = paragraph.text
    # A text that begins like a Markdown block is escaped, or it would become one.
    markdown = "\\" + text if text.startswith(_BLOCK_MARKS) else text
    kind = BlockKind.FOOTNOTE if paragraph.is_note else BlockKind.PARAGRAPH
    return _block(kind, markdown, paragraph.lines, spaces)


def _list_items(items: Sequence[Paragraph], spaces: Spaces) -> list[Block]:
    depths = nesting_depths([item.lines[0].left for item in items], tolerance=0.8 * items[0].size)
    blocks = []
    for item, depth in zip(items, depths, strict=True):
        assert item.marker is not None
        markdown = item_markdown(item.text, item.marker, depth)
        blocks.append(_block(BlockKind.LIST_ITEM, markdown, item.lines, spaces, level=depth))
    return blocks


def _code(paragraphs: Sequence[Paragraph], spaces: Spaces) -> Block:
    lines = [line for paragraph in paragraphs for line in paragraph.lines]
    margin = min(line.left for line in lines)
    rows = []
    for line in lines:
        indent = round((line.left - margin) / (_CODE_ADVANCE * line.size))
        rows.append(" " * min(indent, 80) + line.text)
    fence = "```"
    while any(fence in row for row in rows):
        fence += "`"
    return _block(BlockKind.CODE, "\n".join([fence, *rows, fence]), lines, spaces)


def _table_or_picture(part: Part, spaces: Spaces) -> Block:
    if isinstance(part, Table):
        return Block(
            kind=BlockKind.TABLE,
            markdown=table_markdown([[without_leader(cell) for cell in row] for row in part.rows]),
            page_start=part.page,
            page_end=part.page_end or part.page,
            row_pages=tuple(part.row_pages) if part.page_end > part.page else (),
            bbox=spaces[part.page].shown(part),
        )
    assert isinstance(part, Picture)
    return Block(
        kind=BlockKind.IMAGE,
        markdown=part.labels,
        page_start=part.page,
        page_end=part.page,
        bbox=part.image.bbox,
        image=part.image.name,
    )
