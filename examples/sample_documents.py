"""PDF documents made on the spot, the same bytes every time: `python -m examples.sample_documents <directory>`."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from PIL import Image as Picture
from PIL import ImageDraw
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    ListFlowable,
    PageBreak,
    PageTemplate,
    Paragraph,
    Preformatted,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from examples import sample_texts as texts

CHINESE_FONT = "STSong-Light"
RULED = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
)


def english_report() -> bytes:
    """Return a report with headings, a ruled table and a picture; several pages."""
    styles = getSampleStyleSheet()
    body = ParagraphStyle("report", parent=styles["BodyText"], fontSize=12, leading=18, spaceAfter=8)
    story: list[Flowable] = [Paragraph(texts.REPORT_TITLE, styles["Title"])]
    for heading, paragraphs in texts.REPORT_SECTIONS:
        story.append(Paragraph(heading, styles["Heading1"]))
        story.extend(Paragraph(text, body) for text in paragraphs)
        if heading == texts.REPORT_TABLE_SECTION:
            story += [Spacer(1, 8), KeepTogether(Table(texts.REPORT_TABLE, style=RULED, hAlign="LEFT")), Spacer(1, 8)]
        if heading == texts.REPORT_PICTURE_SECTION:
            story += [Image(io.BytesIO(_chart()), width=13 * cm, height=6.5 * cm), Spacer(1, 8)]
    return _document(story, title=texts.REPORT_TITLE)


def chinese_handbook() -> bytes:
    """Return a Chinese document with headings, paragraphs and a table."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE_FONT))
    body = ParagraphStyle("body", fontName=CHINESE_FONT, fontSize=12, leading=22, firstLineIndent=24, wordWrap="CJK")
    heading = ParagraphStyle("heading", fontName=CHINESE_FONT, fontSize=15, leading=24, spaceBefore=10, spaceAfter=4)
    title = ParagraphStyle("title", parent=heading, fontSize=21, leading=32, spaceAfter=12)
    ruled = TableStyle([*RULED.getCommands(), ("FONTNAME", (0, 0), (-1, -1), CHINESE_FONT)])
    story: list[Flowable] = [Paragraph(texts.HANDBOOK_TITLE, title)]
    for name, paragraphs in texts.HANDBOOK_SECTIONS:
        story.append(Paragraph(name, heading))
        story.extend(Paragraph(text, body) for text in paragraphs)
        if name == texts.HANDBOOK_TABLE_SECTION:
            story += [Spacer(1, 6), Table(texts.HANDBOOK_TABLE, style=ruled, hAlign="LEFT"), Spacer(1, 6)]
    return _document(story, title=texts.HANDBOOK_TITLE)


def two_column_paper() -> bytes:
    """Return a paper set in two columns, whose reading order is column by column."""
    styles = getSampleStyleSheet()
    body = ParagraphStyle("column", parent=styles["BodyText"], alignment=TA_JUSTIFY, fontSize=11, leading=15)
    story: list[Flowable] = [Paragraph(texts.PAPER_TITLE, styles["Heading1"])]
    for heading, paragraphs in texts.PAPER_SECTIONS:
        story.append(Paragraph(heading, styles["Heading2"]))
        story.extend(Paragraph(text, body) for text in paragraphs)
    output = io.BytesIO()
    width, height = (A4[0] - 4.6 * cm) / 2, A4[1] - 4 * cm
    columns = [Frame(left, 2 * cm, width, height) for left in (2 * cm, 2.6 * cm + width)]
    document = BaseDocTemplate(output, pagesize=A4, title=texts.PAPER_TITLE, author=texts.AUTHOR, invariant=1)
    document.addPageTemplates([PageTemplate("columns", frames=columns)])
    document.build(story)
    return output.getvalue()


def operations_guide() -> bytes:
    """Return a guide made of numbered steps, bullets and commands in a monospaced font."""
    styles = getSampleStyleSheet()
    story: list[Flowable] = [Paragraph(texts.GUIDE_TITLE, styles["Title"])]
    for number, (heading, steps, commands) in enumerate(texts.GUIDE_SECTIONS):
        if number == 2:
            story.append(PageBreak())
        items = [Paragraph(step, styles["BodyText"]) for step in steps]
        story += [
            Paragraph(heading, styles["Heading1"]),
            ListFlowable(items, bulletType="bullet" if number % 2 else "1"),
            Spacer(1, 6),
            Preformatted(commands, styles["Code"]),
            Spacer(1, 10),
        ]
    return _document(story, title=texts.GUIDE_TITLE)


def encrypted_letter() -> bytes:
    """Return a document that opens only with a password."""
    styles = getSampleStyleSheet()
    story: list[Flowable] = [Paragraph(text, styles["BodyText"]) for text in texts.LETTER]
    return _document(story, title="Letter", encrypt=StandardEncryption("open sesame", ownerPassword="owner"))


def damaged_report() -> bytes:
    """Return the first part of a report: the file ends before its page tree and its table of objects."""
    return english_report()[:3000]


DOCUMENTS: MappingProxyType[str, Callable[[], bytes]] = MappingProxyType(
    {
        "quarterly-report.pdf": english_report,
        "知识库使用手册.pdf": chinese_handbook,
        "retrieval-paper.pdf": two_column_paper,
        "operations-guide.pdf": operations_guide,
        "encrypted-letter.pdf": encrypted_letter,
        "damaged-report.pdf": damaged_report,
    }
)


def write_documents(directory: Path) -> list[Path]:
    """Write every document into `directory`, which is made where it is missing, and return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / name for name in DOCUMENTS]
    for path, make in zip(paths, DOCUMENTS.values(), strict=True):
        path.write_bytes(make())
    return paths


def _document(story: list[Flowable], *, title: str, encrypt: StandardEncryption | None = None) -> bytes:
    output = io.BytesIO()
    document = SimpleDocTemplate(output, pagesize=A4, title=title, author=texts.AUTHOR, invariant=1, encrypt=encrypt)
    document.build(story)
    return output.getvalue()


def _chart() -> bytes:
    """Draw the bars of a year of searches as PNG."""
    picture = Picture.new("RGB", (780, 390), "white")
    draw = ImageDraw.Draw(picture)
    for number, share in enumerate((31, 36, 44, 52, 49, 61, 68, 66, 75, 83, 88, 97)):
        left = 50 + number * 58
        draw.rectangle((left, 350 - share * 3, left + 38, 350), fill=(38, 90 + number * 9, 166))
        draw.text((left + 12, 360), f"{number + 1}", fill="black")
    draw.line((40, 350, 750, 350), fill="black", width=2)
    draw.text((40, 16), "Searches a day, thousands, by month", fill="black")
    output = io.BytesIO()
    picture.save(output, format="PNG")
    return output.getvalue()


if __name__ == "__main__":
    for written in write_documents(Path(sys.argv[1] if len(sys.argv) > 1 else ".data/samples")):
        print(written)
