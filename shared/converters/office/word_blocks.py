"""From the parts of a Word document to blocks."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.package import OpcPackage
from docx.opc.part import Part
from lxml import etree

from shared.converters.block_writer import BlockWriter
from shared.converters.office.package import open_package, qualified
from shared.converters.office.word_numbering import Numbering
from shared.converters.office.word_styles import PLAIN, ParagraphStyle, numbering_of, outline_level, paragraph_styles
from shared.converters.office.word_tables import cells_of, table_rows
from shared.converters.office.word_text import ParagraphText, is_monospaced, read_paragraph
from shared.converters.picture_files import PictureFiles

_PARAGRAPH, _TABLE = qualified("w:p"), qualified("w:tbl")
_CONTAINERS = frozenset(map(qualified, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag")))
_POINTED = re.compile(r"\d{1,9}\.")


class WordBlocks:
    """Writes the blocks of one document."""

    def __init__(self, main: Part, writer: BlockWriter, pictures: PictureFiles) -> None:
        self._main = main
        self._writer = writer
        self._pictures = pictures
        self._styles = paragraph_styles(_root(_related(main, RELATIONSHIP_TYPE.STYLES)))
        self._numbering = Numbering.of(_root(_related(main, RELATIONSHIP_TYPE.NUMBERING)))
        self._links = {rel_id: rel.target_ref for rel_id, rel in main.rels.items() if rel.is_external}
        self._code: list[str] = []
        self._notes: list[str] = []

    @classmethod
    def opened(cls, source: Path, writer: BlockWriter, pictures: PictureFiles) -> "WordBlocks":
        main = open_package(source, writer, lambda path: OpcPackage.open(path).main_document_part)
        return cls(main, writer, pictures)

    def write(self) -> None:
        root = _root(self._main)
        body = root.find(qualified("w:body")) if root is not None else None
        if body is not None:
            self._write_all(_blocks(body))
        self._write_notes(RELATIONSHIP_TYPE.FOOTNOTES, "w:footnote", "")
        self._write_notes(RELATIONSHIP_TYPE.ENDNOTES, "w:endnote", "e")

    def _write_all(self, elements: Iterable[etree._Element]) -> None:
        for element in elements:
            if element.tag == _PARAGRAPH:
                self._write_paragraph(element)
            else:
                self._flush_code()
                self._write_table(element)
        self._flush_code()

    def _write_paragraph(self, paragraph: etree._Element) -> None:
        properties = paragraph.find(qualified("w:pPr"))
        style = self._style(properties)
        found = read_paragraph(paragraph, self._links)
        self._notes.extend(found.notes)
        if (style.is_code or (not style.level and is_monospaced(paragraph))) and not found.pictures:
            self._code.append(found.text)
        else:
            self._flush_code()
            self._write_text(found.text, style, properties)
        self._write_objects(found)

    def _style(self, properties: etree._Element | None) -> ParagraphStyle:
        named = properties.find(qualified("w:pStyle")) if properties is not None else None
        return self._styles.get(named.get(qualified("w:val")), PLAIN) if named is not None else PLAIN

    def _write_text(self, text: str, style: ParagraphStyle, properties: etree._Element | None) -> None:
        own_level = outline_level(properties)
        heading = style.level if own_level is None else own_level
        number_id, level = numbering_of(properties)
        number_id = style.number_id if number_id is None else number_id
        label = None
        if text.strip() and number_id is not None and number_id != "0":
            depth = style.number_level if level is None else level
            label = self._numbering.label(number_id, depth)
        if heading:
            self._writer.heading(text if label in (None, "-") else f"{label} {text}", heading)
        elif label is None:
            self._writer.paragraph(text)
        else:
            is_marker = label == "-" or _POINTED.fullmatch(label)
            self._writer.list_item(
                text if is_marker else f"{label} {text}",
                depth=depth + style.list_depth,
                marker=label if is_marker else "-",
            )

    def _write_objects(self, found: ParagraphText) -> None:
        for relation in found.pictures:
            self._write_picture(relation)
        if found.linked_pictures:
            self._writer.note("a picture is linked, not part of the file")
        if found.charts:
            self._writer.note("a chart was left out")
        for box in found.boxes:
            self._write_all(_blocks(box))

    def _write_picture(self, relation: str) -> None:
        found = self._main.rels.get(relation)
        if found is None or found.is_external:
            self._writer.note("a picture is linked, not part of the file")
        else:
            self._pictures.add(found.target_part.blob)

    def _write_table(self, table: etree._Element) -> None:
        cells = cells_of(table)
        if len(cells) == 1:  # a text in a frame
            self._write_all(_blocks(cells[0]))
            return
        found: list[ParagraphText] = []

        def text_of(cell: etree._Element) -> str:
            texts = [read_paragraph(paragraph, self._links) for paragraph in cell.iter(_PARAGRAPH)]
            found.extend(texts)
            return " ".join(text.text for text in texts if text.text.strip())

        self._writer.table(table_rows(table, text_of))
        for text in found:
            self._notes.extend(text.notes)
            text.boxes.clear()  # their paragraphs are among those of the cell
            self._write_objects(text)

    def _write_notes(self, relation: str, tag: str, prefix: str) -> None:
        """Write the footnotes that the text refers to."""
        root = _root(_related(self._main, relation))
        for note in root.iter(qualified(tag)) if root is not None else ():
            mark = f"{prefix}{note.get(qualified('w:id'))}"
            if mark in self._notes:
                texts = [read_paragraph(paragraph, {}).text.strip() for paragraph in note.iter(_PARAGRAPH)]
                self._writer.footnote(f"[^{mark}]: " + " ".join(text for text in texts if text))

    def _flush_code(self) -> None:
        lines, self._code = self._code, []
        self._writer.code("\n".join(lines))


def _blocks(container: etree._Element) -> Iterator[etree._Element]:
    """Yield paragraphs and tables in their order, also those inside of content controls and tracked insertions."""
    for child in container:
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        elif child.tag in _CONTAINERS:
            yield from _blocks(child)


def _related(part: Part, relation: str) -> Part | None:
    return next(
        (rel.target_part for rel in part.rels.values() if rel.reltype == relation and not rel.is_external), None
    )


def _root(part: Part | None) -> etree._Element | None:
    """Return the XML of a part; entities are not expanded and nothing is fetched."""
    if part is None:
        return None
    element = getattr(part, "element", None)
    if element is not None:
        return element
    return etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))
