"""The documents of the evaluation as PDF files, set from Markdown that is written by hand or made by `near_misses`."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, Preformatted, SimpleDocTemplate, Spacer, Table, TableStyle

from benchmarks.search_evaluation import near_misses
from examples import sample_documents

WRITTEN = Path(__file__).parent / "documents"
READABLE_SAMPLES = ("quarterly-report.pdf", "知识库使用手册.pdf", "retrieval-paper.pdf", "operations-guide.pdf")
CHINESE_FONT = "STSong-Light"
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
"""Real PDF files, which lie beside the checkout where they are there at all."""

_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
)
_HAN = re.compile("[\u4e00-\u9fff]")
_CODE = re.compile(r"`([^`]+)`")


def texts() -> dict[str, str]:
    """Return the Markdown of every document but the samples, by its file name without an ending."""
    written = {path.stem: path.read_text(encoding="utf-8") for path in sorted(WRITTEN.glob("*.md"))}
    return written | near_misses.documents()


def write_documents(directory: Path) -> list[Path]:
    """Write every document of the project's own into `directory` and return their paths."""
    for name, text in texts().items():
        (directory / f"{name}.pdf").write_bytes(set_in_pdf(text))
    for name in READABLE_SAMPLES:
        (directory / name).write_bytes(sample_documents.DOCUMENTS[name]())
    return sorted(directory.glob("*.pdf"))


def corpus_documents() -> list[Path]:
    """Return the real documents, of which there are none where the corpus is absent."""
    return sorted(CORPUS.glob("*.pdf"))


def set_in_pdf(markdown: str) -> bytes:
    """Return a PDF of headings, paragraphs, lists, tables and code, in a font that fits the language."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE_FONT))
    is_chinese = bool(_HAN.search(markdown))
    styles = _styles(CHINESE_FONT if is_chinese else "Helvetica", wrap="CJK" if is_chinese else None)
    story = [flowable for block in markdown.strip().split("\n\n") for flowable in _set(block, styles)]
    output = io.BytesIO()
    SimpleDocTemplate(output, pagesize=A4, invariant=1, leftMargin=2 * cm, rightMargin=2 * cm).build(story)
    return output.getvalue()


def _styles(font: str, *, wrap: str | None) -> dict[str, ParagraphStyle]:
    bold = "Helvetica-Bold" if font == "Helvetica" else font
    body = ParagraphStyle("body", fontName=font, fontSize=10.5, leading=15, spaceAfter=6, wordWrap=wrap)
    return {
        "body": body,
        "cell": ParagraphStyle("cell", parent=body, fontSize=9.5, leading=12, spaceAfter=0),
        "#": ParagraphStyle("title", parent=body, fontName=bold, fontSize=19, leading=26, spaceAfter=12),
        "##": ParagraphStyle("heading", parent=body, fontName=bold, fontSize=14, leading=20, spaceBefore=8),
        "code": ParagraphStyle("code", fontName="Courier", fontSize=9, leading=11, spaceAfter=6),
    }


def _set(block: str, styles: dict[str, ParagraphStyle]) -> Iterator[Flowable]:
    marks, _, words = block.partition(" ")
    if marks in ("#", "##"):
        yield Paragraph(_inline(words), styles[marks])
    elif block.startswith("```"):
        yield Preformatted(block.strip("`").strip("\n"), styles["code"])
    elif block.startswith("|"):
        yield _table(block, styles["cell"])
        yield Spacer(1, 8)
    elif block.startswith("- "):
        for line in block.split("\n"):
            yield Paragraph(_inline(line.removeprefix("- ")), styles["body"], bulletText="\u2022")
    else:
        yield Paragraph(_inline(block), styles["body"])


def _table(block: str, style: ParagraphStyle) -> Table:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.split("\n")]
    cells = [[Paragraph(_inline(cell), style) for cell in row] for row in (rows[0], *rows[2:])]
    return Table(cells, style=_GRID, hAlign="LEFT", repeatRows=1)


def _inline(text: str) -> str:
    return _CODE.sub(r'<font name="Courier">\1</font>', escape(text))
