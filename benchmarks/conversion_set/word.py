"""Documents as DOCX, as a word processor makes them."""

from pathlib import Path
from typing import Any

from benchmarks.conversion_set.model import (
    Block,
    Code,
    Contents,
    Document,
    Heading,
    Items,
    PageBreak,
    Paragraph,
    Table,
    TableStyle,
    inline,
)

_FONTS = {"en": "Liberation Serif", "zh": "WenQuanYi Zen Hei"}
_STYLES = {
    TableStyle.GRID: "Table Grid",
    TableStyle.BOOKTABS: "Light Shading",
    TableStyle.ZEBRA: "Light List",
    TableStyle.PLAIN: "Normal Table",
    TableStyle.ROW_RULES: "Light Grid",
}


def write_docx(document: Document, path: Path) -> None:
    """Write the document as DOCX; `options["headings"]` "same" sets headings bold in the size of the text."""
    import docx
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Pt

    word = docx.Document()
    font = _FONTS[document.language]
    for style in word.styles:
        if (style.type in (1, 2) and style.element.rPr is not None) or style.name == "Normal":
            style.font.name = font
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for script in ("w:eastAsia", "w:hAnsi", "w:ascii"):
                fonts.set(qn(script), font)
            for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme"):
                fonts.attrib.pop(qn(theme), None)
    word.styles["Normal"].font.size = Pt(11)
    section = word.sections[0]
    section.page_width, section.page_height = Pt(595), Pt(842)
    section.header.paragraphs[0].text = document.options.get("header", "")
    if "footer" in document.options:
        section.footer.paragraphs[0].text = document.options["footer"] + " "
        _page_field(section.footer.paragraphs[0])
        section.footer.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    if document.title:
        _heading(word, Heading(1, document.title), document)
    for block in document.blocks:
        _add(word, block, document)
    word.save(str(path))


def _add(word: Any, block: Block, document: Document) -> None:
    match block:
        case Heading():
            _heading(word, block, document)
        case Paragraph():
            paragraph = word.add_paragraph()
            _runs(paragraph, block.text)
            if document.language == "zh":
                from docx.shared import Pt

                paragraph.paragraph_format.first_line_indent = Pt(22)
        case Items():
            for item in block.items:
                name = "List Number" if block.numbered and item.depth == 0 else "List Bullet"
                _runs(word.add_paragraph(style=name + (f" {item.depth + 1}" if item.depth else "")), item.text)
        case Table():
            _table(word, block)
        case Code():
            for line in block.text.splitlines():
                run = word.add_paragraph().add_run(line)
                run.font.name = "Liberation Mono"
        case Contents():
            _contents(word, block)
        case PageBreak():
            word.add_page_break()


def _heading(word: Any, heading: Heading, document: Document) -> None:
    from docx.shared import Pt, RGBColor

    if document.options.get("headings") == "same":
        paragraph = word.add_paragraph()
        paragraph.add_run(heading.text).bold = True
        if heading.level == 1:
            from docx.enum.text import WD_ALIGN_PARAGRAPH

            paragraph.runs[0].font.size = Pt(18)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        return
    paragraph = word.add_heading(heading.text, heading.level)
    for run in paragraph.runs:
        run.font.color.rgb = RGBColor(0x1F, 0x3A, 0x5F)


def _runs(paragraph: Any, text: str) -> None:
    for kind, piece, _ in inline(text):
        run = paragraph.add_run(piece)
        run.bold = kind == "bold" or None
        run.font.superscript = kind == "raised" or None
        if kind == "code":
            run.font.name = "Liberation Mono"


def _table(word: Any, table: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    made = word.add_table(rows=len(table.rows), cols=len(table.rows[0]))
    made.style = _STYLES[table.style]
    _repeat_header(made.rows[0])
    for r, row in enumerate(table.rows):
        for c, text in enumerate(row):
            if any(r == sr and sc < c < sc + span for (sr, sc), span in table.spans.items()):
                continue
            cell = made.cell(r, c)
            if (r, c) in table.spans:
                cell = cell.merge(made.cell(r, c + table.spans[r, c] - 1))
            cell.text = text
            cell.paragraphs[0].paragraph_format.space_after = 0
            if c in table.right:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    word.add_paragraph()


def _contents(word: Any, contents: Contents) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
    from docx.shared import Pt

    for depth, title, page in contents.entries:
        paragraph = word.add_paragraph(f"{title}\t{page}")
        paragraph.paragraph_format.left_indent = Pt(14 * depth)
        paragraph.paragraph_format.space_after = Pt(2)
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(415), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)


def _repeat_header(row: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _page_field(paragraph: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
