"""PDF files for the tests, drawn by reportlab."""

import io
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image as PillowImage
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, ListFlowable, ListItem, Paragraph, SimpleDocTemplate, Spacer, Table

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=13, spaceAfter=8)
TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=20, leading=24, spaceAfter=10)
SECTION = ParagraphStyle("section", fontName="Helvetica-Bold", fontSize=14, leading=18, spaceAfter=8)
CODE = ParagraphStyle("code", fontName="Courier", fontSize=9, leading=11)

SENTENCE = (
    "The quick brown fox jumps over the lazy dog while the careful reader counts every single word and letter of it. "
)


def write_story(path: Path, story: Sequence[Flowable]) -> Path:
    """Write flowing text on A4."""
    SimpleDocTemplate(str(path), pagesize=A4, invariant=1).build(list(story))
    return path


def article(path: Path) -> Path:
    """A title, two sections, a list, code and a paragraph that runs over the page break."""
    items = [ListItem(Paragraph(text, BODY)) for text in ("apples", "pears", "plums")]
    return write_story(
        path,
        [
            Paragraph("Annual Report", TITLE),
            Paragraph("This report says what happened in the year. It is short.", BODY),
            Paragraph("Fruit", SECTION),
            ListFlowable(items, bulletType="bullet", start="•"),
            Paragraph("Programs", SECTION),
            *(Paragraph(escape(line).replace(" ", "\u00a0"), CODE) for line in ("def run():", "    return 1")),
            Spacer(1, 430),
            Paragraph(SENTENCE * 10, BODY),
        ],
    )


def ruled_table(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A table with every line drawn, between two paragraphs."""
    table = Table([list(row) for row in rows], style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    return write_story(path, [Paragraph("Before it.", BODY), table, Spacer(1, 20), Paragraph("After it.", BODY)])


def canvas_pages(path: Path, pages: Sequence[Sequence[tuple[float, float, str]]], *, font: str = "Helvetica") -> Path:
    """Pages of texts at x and y, in points from the bottom left corner, in 11 points."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for page in pages:
        canvas.setFont(font, 11)
        for x, y, text in page:
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return path


def chinese(path: Path, paragraphs: Sequence[str]) -> Path:
    """Chinese paragraphs of several lines."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    style = ParagraphStyle("chinese", fontName="STSong-Light", fontSize=11, leading=17, spaceAfter=12, wordWrap="CJK")
    return write_story(path, [Paragraph(text, style) for text in paragraphs])


def two_columns(path: Path, left: Sequence[str], right: Sequence[str]) -> Path:
    """A wide heading over two columns of lines."""
    lines = [(60.0, 780.0, "A headline that stretches over both of the columns of this newspaper page")]
    lines += [(60.0, 740.0 - 14 * n, text) for n, text in enumerate(left)]
    lines += [(310.0, 740.0 - 14 * n, text) for n, text in enumerate(right)]
    return canvas_pages(path, [lines])


def encrypted(path: Path, *, user_password: str) -> Path:
    """A file whose reader must give `user_password`, nothing when it is empty."""
    encryption = StandardEncryption(user_password, ownerPassword="owner", canPrint=0)
    canvas = Canvas(str(path), pagesize=A4, encrypt=encryption)
    canvas.drawString(72, 700, "A text that is kept under lock and key.")
    canvas.save()
    return path


def truncated(path: Path) -> Path:
    """The first third of a file: no page can be found in it."""
    whole = article(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    return path


def with_picture(path: Path, picture: bytes, *, pages: int = 1, width: float = 200.0) -> Path:
    """Text above and below a picture, on every page."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    image = path.with_suffix(".image")
    image.write_bytes(picture)  # from a file, for reportlab takes over a JPEG as it is only then
    for page in range(1, pages + 1):
        canvas.drawString(72, 750, f"The text above the picture of page number {page} is here.")
        canvas.drawImage(str(image), 72, 480, width=width, height=width)
        canvas.drawString(72, 440, f"The text below the picture of page number {page} is here.")
        canvas.showPage()
    canvas.save()
    return path


def picture(kind: str = "PNG", *, size: int = 120, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """A picture of one colour with a darker corner."""
    image = PillowImage.new("RGB", (size, size), colour)
    image.paste((10, 10, 10), (0, 0, size // 2, size // 2))
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return buffer.getvalue()


def rotated(path: Path, rotation: int, lines: Sequence[str]) -> Path:
    """Lines that stand upright once the page is turned clockwise by `rotation`, the first 100 points in."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setPageRotation(rotation)
    width, height = A4
    if rotation in (90, 270):
        width, height = height, width  # reportlab lays the sheet on its side
    canvas.translate(0 if rotation == 270 else width, 0 if rotation == 90 else height)
    canvas.rotate(rotation)
    shown_height = height if rotation == 180 else width
    for number, line in enumerate(lines):
        canvas.drawString(100, shown_height - 100 - 60 * number, line)
    canvas.save()
    return path
