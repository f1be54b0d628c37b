"""Which drawings of a page are figures."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from shared.converters.base import BlockKind, ConversionLimits, ConvertedDocument
from shared.converters.pdf.converter import PdfiumConverter
from tests.samples.scans import written

Draw = Callable[[Canvas], None]


def convert(directory: Path, *pages: Draw) -> ConvertedDocument:
    """Convert a PDF with words and a drawing on each page."""
    canvas = Canvas(str(directory / "a.pdf"), pagesize=(595, 842))
    for number, draw in enumerate(pages, start=1):
        canvas.drawString(72, 760, f"Words above the drawing of page {number}.")
        draw(canvas)
        canvas.drawString(72, 340, f"Figure {number}. What it shows.")
        canvas.showPage()
    canvas.save()
    return PdfiumConverter().convert(
        directory / "a.pdf", directory / "out", limits=ConversionLimits(), should_stop=lambda: False
    )


def diagram(canvas: Canvas) -> None:
    for number in range(4):
        canvas.circle(150 + 80 * number, 500, 40)
    for number in range(3):
        canvas.line(150 + 80 * number, 460, 230 + 80 * number, 400)


def bars(canvas: Canvas) -> None:
    canvas.setFillColorRGB(0.2, 0.4, 0.8)
    for number, height in enumerate((40, 90, 130, 70)):
        canvas.rect(120 + 60 * number, 400, 40, height, stroke=0, fill=1)
    canvas.line(100, 400, 380, 400)
    canvas.setFillColorRGB(0, 0, 0)


def ruled_table(canvas: Canvas) -> None:
    for number in range(8):
        canvas.line(100, 400 + 20 * number, 400, 400 + 20 * number)
        canvas.line(100 + 300 / 7 * number, 400, 100 + 300 / 7 * number, 540)


def striped_table(canvas: Canvas) -> None:
    for number in range(6):
        canvas.setFillGray(0.8 if number % 2 else 0.9)
        canvas.rect(100, 400 + 20 * number, 300, 20, stroke=0, fill=1)
    canvas.setFillGray(0)


def framed_text(canvas: Canvas) -> None:
    canvas.roundRect(90, 390, 420, 170, 12)
    canvas.setFont("Helvetica", 14)
    for number in range(10):
        canvas.drawString(100, 540 - 15 * number, "Text in a box with round corners, written from side to side.")
    canvas.setFont("Helvetica", 12)


@pytest.mark.parametrize("draw", [diagram, bars])
def test_a_drawing_is_a_picture_in_its_place(tmp_path: Path, draw: Draw) -> None:
    document = convert(tmp_path, draw)
    assert [block.kind for block in document.blocks] == [BlockKind.PARAGRAPH, BlockKind.IMAGE, BlockKind.PARAGRAPH]
    [image] = document.images
    assert image.bbox is not None
    left, top, right, bottom = image.bbox
    assert 95 <= left <= 130
    assert 842 - 545 <= top < bottom <= 842 - 395
    with Image.open(tmp_path / "out" / image.name) as picture:
        assert picture.size == (image.width_px, image.height_px)
        assert picture.width == pytest.approx((right - left + 16) * 125 / 72, abs=3)
        assert len(set(picture.convert("L").resize((50, 50)).tobytes())) > 1, "it shows something"


@pytest.mark.parametrize(("draw", "mode"), [(diagram, "L"), (bars, "RGB")])
def test_a_drawing_is_written_in_colours_only_where_it_has_some(tmp_path: Path, draw: Draw, mode: str) -> None:
    [image] = convert(tmp_path, draw).images
    with Image.open(tmp_path / "out" / image.name) as picture:
        assert picture.mode == mode


@pytest.mark.parametrize("draw", [ruled_table, striped_table, framed_text])
def test_rules_and_boxes_are_no_figures(tmp_path: Path, draw: Draw) -> None:
    assert convert(tmp_path, draw).images == ()


def test_a_drawing_that_every_page_repeats_is_decoration(tmp_path: Path) -> None:
    assert convert(tmp_path, diagram, diagram, diagram).images == ()
    assert list((tmp_path / "out").iterdir()) == []


def small_picture(y: float) -> Draw:
    buffer = io.BytesIO()
    written(["logo"]).resize((200, 133)).save(buffer, format="PNG")
    return lambda canvas: canvas.drawImage(ImageReader(buffer), 72, y, width=120, height=50) and None


def test_a_picture_in_black_and_white_is_written_in_one_bit(tmp_path: Path) -> None:
    black = Image.new("L", (200, 133), 255)
    black.paste(0, (40, 40, 120, 90))
    [image] = convert(tmp_path, lambda canvas: canvas.drawImage(ImageReader(black), 72, 500, 120, 80) and None).images
    with Image.open(tmp_path / "out" / image.name) as picture:
        assert picture.mode == "1"
        assert picture.convert("L").tobytes() == black.tobytes()


def test_a_small_picture_at_the_top_of_two_pages_is_a_logo(tmp_path: Path) -> None:
    assert convert(tmp_path, small_picture(780), small_picture(780)).images == ()


def test_a_small_picture_in_the_text_of_two_pages_is_none(tmp_path: Path) -> None:
    assert len(convert(tmp_path, small_picture(500), small_picture(500)).images) == 2


def test_a_small_picture_at_the_top_of_one_page_is_kept(tmp_path: Path) -> None:
    assert len(convert(tmp_path, small_picture(780)).images) == 1


def labelled_diagram(canvas: Canvas) -> None:
    diagram(canvas)
    canvas.setFont("Helvetica", 10)
    for number, label in enumerate(("Ofen", "Pumpe", "Filter", "Tank")):
        canvas.drawCentredString(150 + 80 * number, 497, label)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(72, 740, "More words, so that most of the writing of the page is not in its drawing.")


def lettered_diagram(canvas: Canvas) -> None:
    """Its writing is shapes, as after 'convert text to paths'."""
    diagram(canvas)
    for number in range(12):
        canvas.ellipse(130 + 20 * number, 490, 136 + 20 * number + number / 4, 498, fill=1)


def sentences_in_a_diagram(canvas: Canvas) -> None:
    diagram(canvas)
    canvas.drawString(125, 497, "This is a sentence that somebody reads in its place.")
    canvas.drawString(72, 740, "More words, so that most of the writing of the page is not in its drawing.")


def table_with_pills(canvas: Canvas) -> None:
    for row in range(5):
        y = 520 - 22 * row
        canvas.roundRect(100, y - 6, 320, 20, 5)
        for column in range(4):
            canvas.drawString(110 + 80 * column, y, f"c{row}{column}")
    canvas.drawString(72, 740, "More words, so that most of the writing of the page is not in its drawing.")
    canvas.drawString(72, 720, "And some more of them, about what stands in the rows of the table below.")


def test_the_labels_of_a_drawing_belong_to_it(tmp_path: Path) -> None:
    document = convert(tmp_path, labelled_diagram)
    [figure] = [block for block in document.blocks if block.kind is BlockKind.IMAGE]
    assert figure.markdown == "Ofen Pumpe Filter Tank"
    assert document.markdown.count("Ofen") == 1
    assert [image.writing for image in document.images] == [figure.markdown]


def test_a_drawing_without_anything_like_letters_is_known_to_say_nothing(tmp_path: Path) -> None:
    assert [image.writing for image in convert(tmp_path, diagram).images] == [""]


def test_what_is_written_in_shapes_only_the_picture_can_tell(tmp_path: Path) -> None:
    assert [image.writing for image in convert(tmp_path, lettered_diagram).images] == [None]


def test_sentences_in_a_drawing_stay_in_the_text(tmp_path: Path) -> None:
    document = convert(tmp_path, sentences_in_a_diagram)
    [figure] = [block for block in document.blocks if block.kind is BlockKind.IMAGE]
    assert figure.markdown == ""
    assert "sentence that somebody reads" in document.markdown
    assert [image.writing for image in document.images] == ["This is a sentence that somebody reads in its place."]


def test_a_table_with_round_corners_stays_a_table(tmp_path: Path) -> None:
    document = convert(tmp_path, table_with_pills)
    [table] = [block for block in document.blocks if block.kind is BlockKind.TABLE]
    assert "| c40 | c41 | c42 | c43 |" in table.markdown


def page_of(words: Sequence[str], *, over_picture: bool) -> Draw:
    """A picture of the page's width, with words over it or below."""
    buffer = io.BytesIO()
    written(["scanned"]).resize((400, 200)).save(buffer, format="PNG")

    def draw(canvas: Canvas) -> None:
        buffer.seek(0)
        canvas.drawImage(ImageReader(buffer), 72, 420, width=400, height=200)
        for number, line in enumerate(words):
            canvas.drawString(80, (600 if over_picture else 400) - 15 * number, line)

    return draw


def test_a_picture_under_text_says_what_the_text_says(tmp_path: Path) -> None:
    lines = [f"Line {number} of what an earlier OCR laid over the picture" for number in range(11)]
    assert [image.writing for image in convert(tmp_path, page_of(lines, over_picture=True)).images] == [
        "\n".join(lines)
    ]


def test_a_picture_beside_text_only_tells_itself(tmp_path: Path) -> None:
    assert [image.writing for image in convert(tmp_path, page_of(["A line."], over_picture=False)).images] == [None]
