"""From slides to blocks: the title, then the shapes in the order in which they are read aloud, then the notes."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from pptx.opc.package import Part
from pptx.package import Package
from pptx.parts.presentation import PresentationPart
from pptx.shapes.autoshape import Shape
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.shapes.picture import Picture
from pptx.shapes.placeholder import PlaceholderGraphicFrame, PlaceholderPicture
from pptx.slide import Slide
from pptx.table import Table
from pptx.text.text import TextFrame

from shared.converters.base import BoundingBox
from shared.converters.block_writer import BlockWriter
from shared.converters.office.charts import chart_rows
from shared.converters.office.package import LIBRARY_ERRORS, open_package, qualified
from shared.converters.picture_files import PictureFiles
from shared.errors import ConversionLimitExceeded, DamagedFile

_EMU_PER_POINT = 12_700
_DIAGRAM_DATA = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
_BULLETS = frozenset(map(qualified, ("a:buChar", "a:buAutoNum", "a:buBlip")))
_NO_BULLET = qualified("a:buNone")
_BODY_TYPES = frozenset(("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT"))


def write_slides(source: Path, writer: BlockWriter, pictures: PictureFiles) -> int:
    """Write every slide, each on its page, and return how many there are."""
    main = open_package(source, writer, lambda path: Package.open(path).main_document_part)
    if not isinstance(main, PresentationPart):
        raise DamagedFile("the presentation has no main part")
    # Not `presentation.slides`: it wants every slide to be there.
    slide_ids = [element.get(qualified("r:id")) for element in main.presentation.element.iter("{*}sldId")]
    if len(slide_ids) > writer.limits.max_pages:
        raise ConversionLimitExceeded(f"{len(slide_ids)} slides, at most {writer.limits.max_pages} are read")
    for number, slide_id in enumerate(slide_ids, start=1):
        writer.page = number
        try:
            slide = main.related_slide(slide_id)
            _SlideBlocks(slide, writer, pictures).write()
        except LIBRARY_ERRORS as error:
            writer.note(f"page {number}: could not be read ({type(error).__name__})")
    return len(slide_ids)


class _SlideBlocks:
    """Writes the blocks of one slide."""

    def __init__(self, slide: Slide, writer: BlockWriter, pictures: PictureFiles) -> None:
        self._slide = slide
        self._writer = writer
        self._pictures = pictures

    def write(self) -> None:
        if self._slide.element.get("show") == "0":
            self._writer.note(f"page {self._writer.page}: a hidden slide")
        title = self._slide.shapes.title
        if title is not None:
            self._writer.heading(title.text_frame.text.replace("\v", " "), 1)
        for shape in _flattened(self._slide.shapes):
            if title is not None and shape.shape_id == title.shape_id:
                continue
            try:
                self._shape(shape)
            except LIBRARY_ERRORS as error:
                self._writer.note(
                    f"page {self._writer.page}: {shape.name or 'a shape'} could not be read ({type(error).__name__})"
                )
        if self._slide.has_notes_slide and self._slide.notes_slide.notes_text_frame is not None:
            self._writer.paragraph(self._slide.notes_slide.notes_text_frame.text)

    def _shape(self, shape: BaseShape) -> None:
        if isinstance(shape, Picture | PlaceholderPicture):
            self._picture(shape)
        elif isinstance(shape, GraphicFrame | PlaceholderGraphicFrame):
            self._frame(shape)
        elif isinstance(shape, Shape) and shape.has_text_frame:
            is_body = shape.is_placeholder and shape.placeholder_format.type.name in _BODY_TYPES
            self._text(shape.text_frame, is_list=is_body)

    def _text(self, frame: TextFrame, *, is_list: bool) -> None:
        paragraphs = [paragraph for paragraph in frame.paragraphs if paragraph.text.strip()]
        for paragraph in paragraphs:
            text = paragraph.text.replace("\v", "\n")
            properties = paragraph._p.pPr
            marks = {child.tag for child in properties} if properties is not None else set()
            listed = bool(marks & _BULLETS) or (is_list and len(paragraphs) > 1)
            if listed and _NO_BULLET not in marks:
                self._writer.list_item(text, depth=paragraph.level)
            else:
                self._writer.paragraph(text)

    def _frame(self, frame: GraphicFrame | PlaceholderGraphicFrame) -> None:
        if frame.has_table:
            self._writer.table(_rows(frame.table))
        elif frame.has_chart:
            title, rows = chart_rows(frame.chart.part.blob)
            self._writer.paragraph(title)
            self._writer.table(rows)
        else:
            self._diagram(frame)

    def _diagram(self, frame: GraphicFrame | PlaceholderGraphicFrame) -> None:
        """Write the texts of a SmartArt drawing."""
        ids = {value for element in frame.element.iter() for value in element.attrib.values()}
        for relation_id, relation in self._slide.part.rels.items():
            if relation.reltype == _DIAGRAM_DATA and relation_id in ids:
                for text in _diagram_texts(relation.target_part):
                    self._writer.list_item(text, depth=0)

    def _picture(self, picture: Picture | PlaceholderPicture) -> None:
        relation = picture._element.blip_rId
        found = picture.part.rels.get(relation) if relation is not None else None
        if found is None or found.is_external:
            self._writer.note(f"page {self._writer.page}: a picture is linked, not part of the file")
        else:
            self._pictures.add(found.target_part.blob, bbox=_box(picture))


def _flattened(shapes: object) -> Iterator[BaseShape]:
    """Yield the shapes of a slide and those inside of groups."""
    waiting = list(shapes)  # type: ignore[call-overload]
    waiting.reverse()
    while waiting:
        shape = waiting.pop()
        if isinstance(shape, GroupShape):
            waiting.extend(reversed(list(shape.shapes)))
        else:
            yield shape


def _rows(table: Table) -> list[list[str]]:
    """Return the cells row by row; the text of a merged cell is repeated in each of its fields."""
    rows: list[list[str]] = [["" for _ in row.cells] for row in table.rows]
    for r, row in enumerate(table.rows):
        for c, cell in enumerate(row.cells):
            if cell.is_spanned:
                continue
            text = cell.text_frame.text.replace("\v", " ")
            for y in range(r, min(r + max(cell.span_height, 1), len(rows))):
                for x in range(c, min(c + max(cell.span_width, 1), len(rows[y]))):
                    rows[y][x] = text
    return rows


def _diagram_texts(part: Part) -> Iterator[str]:
    tree = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    for paragraph in tree.iter(qualified("a:p")) if tree is not None else ():
        text = "".join(run.text or "" for run in paragraph.iter(qualified("a:t")))
        if text.strip():
            yield text


def _box(shape: BaseShape) -> BoundingBox | None:
    edges = (shape.left, shape.top, shape.width, shape.height)
    if None in edges:
        return None
    left, top, width, height = (float(edge) / _EMU_PER_POINT for edge in edges)
    return (left, top, left + width, top + height)
