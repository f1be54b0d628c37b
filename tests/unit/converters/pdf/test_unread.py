"""Which pages of a PDF show writing that their text is not."""

import io
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from shared.converters.base import ConversionLimits, ConvertedDocument
from shared.converters.pdf.converter import PdfiumConverter
from shared.converters.pdf.unread import is_nonsense
from shared.converters.pdf.words import Space, Word
from shared.errors import NoExtractableContent
from tests.samples import pdf_files
from tests.samples.scans import blank, scan_pdf, written

ENGLISH = (
    "Teams upload documents, call sync and search them. The state lives in a database, the sync goes on after a crash, "
    "and nothing is lost or stored twice. Each document is converted in a process with limits of time and memory. "
) * 4
GERMAN = (
    "Die Wissensdatenbank nimmt Dokumente entgegen, zerlegt sie in Abschnitte und macht sie durchsuchbar. Schlägt ein "
    "Schritt fehl, wird er wiederholt, ohne dass etwas doppelt gespeichert wird oder verloren geht. "
) * 4
VIETNAMESE = "Dịch vụ đồng bộ biến tài liệu thành các đoạn văn có thể tìm kiếm, và tiếp tục sau khi bị gián đoạn. " * 6


def convert(source: Path) -> ConvertedDocument:
    return PdfiumConverter().convert(source, source.parent, limits=ConversionLimits(), should_stop=lambda: False)


def words(text: str) -> list[Word]:
    return [
        Word(left=0, top=0, right=1, bottom=1, text=part, size=1, bold=False, mono=False, index=0, space=Space.WRITTEN)
        for part in text.split()
    ]


def scanned_page(canvas: Canvas, picture: Image.Image) -> None:
    canvas.drawImage(ImageReader(picture), 0, 0, width=595, height=842)


def test_a_scan_is_unread(tmp_path: Path) -> None:
    document = convert(scan_pdf(tmp_path / "a.pdf", [written(["words"]), written(["more words"])]))
    assert document.unread_pages == (1, 2)
    assert document.markdown == ""


def test_text_is_read_and_a_blank_page_has_nothing_to_read(tmp_path: Path) -> None:
    pages = [[(72.0, 700.0, "Some words of text.")], []]
    assert convert(pdf_files.canvas_pages(tmp_path / "a.pdf", pages)).unread_pages == ()
    with pytest.raises(NoExtractableContent):
        convert(pdf_files.canvas_pages(tmp_path / "b.pdf", [[]]))


@pytest.mark.parametrize(("stamp", "unread"), [("Scanned on 3 May, page 1", True), (ENGLISH, False)])
def test_a_stamp_on_a_scan_does_not_make_it_text(tmp_path: Path, stamp: str, unread: bool) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    scanned_page(canvas, written(["words that are only a picture"]))
    for number in range(0, len(stamp), 60):
        canvas.drawString(40, 800 - number / 5, stamp[number : number + 60])
    canvas.save()
    assert convert(tmp_path / "a.pdf").unread_pages == ((1,) if unread else ())


def test_the_text_layer_of_an_earlier_ocr_is_kept(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    scanned_page(canvas, written(["words"]))
    text = canvas.beginText(60, 700)
    text.setTextRenderMode(3)
    for number in range(0, len(ENGLISH), 80):
        text.textLine(ENGLISH[number : number + 80])
    canvas.drawText(text)
    canvas.save()
    document = convert(tmp_path / "a.pdf")
    assert document.unread_pages == ()
    assert "Teams upload documents" in document.markdown


def test_letters_drawn_as_shapes_are_unread(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    for number in range(40):
        path = canvas.beginPath()
        path.moveTo(60 + 10 * number, 700)
        path.curveTo(62 + 10 * number, 710, 66 + 10 * number, 710, 68 + 10 * number, 700)
        canvas.drawPath(path)
    canvas.save()
    assert convert(tmp_path / "a.pdf").unread_pages == (1,)


def test_a_small_ornament_is_not_worth_reading(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    canvas.drawImage(ImageReader(blank(100, 100)), 250, 400, width=60, height=60)
    canvas.showPage()
    canvas.drawString(72, 700, "The second page has words.")
    canvas.save()
    assert convert(tmp_path / "a.pdf").unread_pages == ()


@pytest.mark.parametrize(
    "text",
    [ENGLISH, GERMAN, VIETNAMESE, ENGLISH.upper(), "知识库同步服务把文档变成段落。" * 20, "تتم مزامنة المستندات " * 20,
     "KB-2031 TX-99 QRZ " * 4, "1,904,220 180 96.4 % " * 30, ""],
)  # fmt: skip
def test_what_is_written_in_some_language_is_no_nonsense(text: str) -> None:
    assert not is_nonsense(words(text))


@pytest.mark.parametrize(
    "text",
    [
        "\ue012\ue034\ue056 \ue078\ue09a",
        "\ufffd\ufffd\ufffd\ufffd a",
        "知识库同步服务把文档变成段落".encode("gb18030").decode("latin-1") * 3,
        "".join(chr(ord(letter) - 29) if letter.isalpha() else letter for letter in ENGLISH),
        ENGLISH.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "qmzxjwvkbhgyfpucdlrinsotea")),
    ],
)
def test_characters_that_make_up_no_language_are_nonsense(text: str) -> None:
    assert is_nonsense(words(text))


def test_a_garbled_page_is_unread_and_its_neighbour_is_not(tmp_path: Path) -> None:
    garbled = ENGLISH.translate(str.maketrans("abcdefghijklmnopqrstuvwxyz", "qmzxjwvkbhgyfpucdlrinsotea"))
    pages = [[(40.0, 780.0 - 15 * n, text[85 * n : 85 * n + 85]) for n in range(8)] for text in (garbled, ENGLISH)]
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", pages))
    assert document.unread_pages == (1,)
    assert document.blocks, "what the file says stays, for who reads no page by OCR"


def test_pictures_of_an_unread_page_are_still_extracted(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    written(["words"]).save(buffer, format="PNG")
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    canvas.drawImage(ImageReader(buffer), 60, 300, width=450, height=300)
    canvas.save()
    document = convert(tmp_path / "a.pdf")
    assert document.unread_pages == (1,)
    assert len(document.images) == 1
