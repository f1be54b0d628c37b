"""The layout on whole files: what a reader sees is what the Markdown says."""

from pathlib import Path

import pytest

from shared.converters.base import Block, BlockKind, ConversionLimits, ConvertedDocument
from shared.converters.pdf.converter import PdfiumConverter
from shared.errors import DamagedFile
from tests.samples import pdf_files


def convert(source: Path, *, limits: ConversionLimits | None = None) -> ConvertedDocument:
    return PdfiumConverter().convert(
        source, source.parent / "out", limits=limits or ConversionLimits(), should_stop=lambda: False
    )


def of_kind(document: ConvertedDocument, kind: BlockKind) -> list[Block]:
    return [block for block in document.blocks if block.kind is kind]


def test_an_article_keeps_its_structure(tmp_path: Path) -> None:
    document = convert(pdf_files.article(tmp_path / "a.pdf"))
    assert [(block.kind, block.markdown, block.level) for block in document.blocks[:-1]] == [
        (BlockKind.HEADING, "# Annual Report", 1),
        (BlockKind.PARAGRAPH, "This report says what happened in the year. It is short.", 0),
        (BlockKind.HEADING, "## Fruit", 2),
        (BlockKind.LIST_ITEM, "- apples", 0),
        (BlockKind.LIST_ITEM, "- pears", 0),
        (BlockKind.LIST_ITEM, "- plums", 0),
        (BlockKind.HEADING, "## Programs", 2),
        (BlockKind.CODE, "```\ndef run():\n    return 1\n```", 0),
    ]


def test_a_paragraph_goes_on_over_a_page_break(tmp_path: Path) -> None:
    last = convert(pdf_files.article(tmp_path / "a.pdf")).blocks[-1]
    assert (last.kind, last.page_start, last.page_end) == (BlockKind.PARAGRAPH, 1, 2)
    assert last.markdown == (pdf_files.SENTENCE * 10).strip()


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [f"left column line {n} has some words in it" for n in range(12)]
    right = [f"right column line {n} has some words in it" for n in range(12)]
    document = convert(pdf_files.two_columns(tmp_path / "a.pdf", left, right))
    assert document.blocks[0].markdown.startswith("A headline")
    assert " ".join(block.markdown for block in document.blocks[1:]) == " ".join(left + right)


def test_chinese_lines_join_without_a_space(tmp_path: Path) -> None:
    text = "知识库同步服务把文档转换成文本，然后切分成块，计算向量，最后写入向量数据库。" * 3
    document = convert(pdf_files.chinese(tmp_path / "a.pdf", [text, "第二段。"]))
    assert [block.markdown for block in document.blocks] == [text, "第二段。"]


def test_running_headers_and_page_numbers_are_dropped(tmp_path: Path) -> None:
    pages = [
        [(72.0, 810.0, "The Journal of Tests"), (72.0, 500.0, f"Text of page {word}."), (290.0, 30.0, str(n))]
        for n, word in enumerate(("one", "two", "three"), start=1)
    ]
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", pages))
    assert [block.markdown for block in document.blocks] == [
        "Text of page one.",
        "Text of page two.",
        "Text of page three.",
    ]


def test_a_line_that_resembles_one_of_another_page_is_kept_below_one_that_does_not(tmp_path: Path) -> None:
    first = ["Alpha opens this page", "valve x001 cedar grove at 585 bar", "and closes it"]
    third = ["Gamma begins otherwise", "valve x061 cedar grove at 819 bar", "and ends here"]
    second = ["Beta has nothing alike", "but words of its own", "on every line"]
    pages = [[(72.0, 780.0 - 20 * row, text) for row, text in enumerate(texts)] for texts in (first, second, third)]
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", pages))
    for line in (*first, *second, *third):
        assert line in document.markdown


def test_a_table_without_lines_is_found_by_its_columns(tmp_path: Path) -> None:
    rows = [("Fruit", "Colour", "Price"), ("apple", "red", "1.20"), ("pear", "green", "2.10"), ("plum", "blue", "3.5")]
    texts = [(72.0 + 120 * c, 700.0 - 18 * r, cell) for r, row in enumerate(rows) for c, cell in enumerate(row)]
    document = convert(pdf_files.canvas_pages(tmp_path / "a.pdf", [texts]))
    assert [block.markdown for block in document.blocks] == [
        "| Fruit | Colour | Price |\n| --- | --- | --- |\n"
        "| apple | red | 1.20 |\n| pear | green | 2.10 |\n| plum | blue | 3.5 |"
    ]


def test_a_text_that_begins_like_markdown_is_escaped(tmp_path: Path) -> None:
    source = pdf_files.canvas_pages(tmp_path / "a.pdf", [[(72.0, 500.0, "# 12 is the number of the issue.")]])
    assert convert(source).markdown == "\\# 12 is the number of the issue.\n"


def test_a_picture_stands_where_it_is_on_the_page(tmp_path: Path) -> None:
    content = pdf_files.picture("JPEG")
    document = convert(pdf_files.with_picture(tmp_path / "a.pdf", content))
    assert [block.kind for block in document.blocks] == [BlockKind.PARAGRAPH, BlockKind.IMAGE, BlockKind.PARAGRAPH]
    (image,) = document.images
    assert document.blocks[1].image == image.name
    assert (image.content_type, image.page, image.width_px, image.height_px) == ("image/jpeg", 1, 120, 120)
    assert image.bbox == pytest.approx((72, 842 - 680, 272, 842 - 480), abs=1)
    assert (tmp_path / "out" / image.name).read_bytes() == content  # the original, not encoded again


def test_a_picture_that_is_no_jpeg_becomes_png(tmp_path: Path) -> None:
    document = convert(pdf_files.with_picture(tmp_path / "a.pdf", pdf_files.picture("PNG")))
    (image,) = document.images
    assert image.content_type == "image/png"
    assert (tmp_path / "out" / image.name).read_bytes().startswith(b"\x89PNG")


def test_equal_pictures_share_one_file(tmp_path: Path) -> None:
    document = convert(pdf_files.with_picture(tmp_path / "a.pdf", pdf_files.picture(), pages=2))
    assert [image.page for image in document.images] == [1, 2]
    assert len({image.name for image in document.images}) == 1
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_picture_that_many_pages_repeat_is_decoration(tmp_path: Path) -> None:
    document = convert(pdf_files.with_picture(tmp_path / "a.pdf", pdf_files.picture(), pages=3))
    assert document.images == ()
    assert of_kind(document, BlockKind.IMAGE) == []
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(("size", "width"), [(32, 200.0), (120, 20.0)])
def test_pictures_of_few_pixels_or_little_space_are_left_out(tmp_path: Path, size: int, width: float) -> None:
    source = pdf_files.with_picture(tmp_path / "a.pdf", pdf_files.picture(size=size), width=width)
    assert convert(source).images == ()


def test_a_picture_beyond_the_pixel_limit_is_noted(tmp_path: Path) -> None:
    source = pdf_files.with_picture(tmp_path / "a.pdf", pdf_files.picture(size=300))
    document = convert(source, limits=ConversionLimits(max_image_pixels=50_000))
    assert document.images == ()
    assert document.notes == ("page 1: a picture of 300 x 300 pixels was left out",)
    assert len(document.blocks) == 2


def test_a_page_of_too_many_objects_is_noted_and_the_rest_read(tmp_path: Path) -> None:
    crowded = [(72.0, 800.0 - 10 * n, "words") for n in range(30)]
    source = pdf_files.canvas_pages(tmp_path / "a.pdf", [crowded, [(72.0, 500.0, "The page after it.")]])
    document = convert(source, limits=ConversionLimits(max_objects_per_page=10))
    assert [block.markdown for block in document.blocks] == ["The page after it."]
    assert document.notes == ("page 1: left out, it has 30 objects",)


def test_a_truncated_file_is_damaged(tmp_path: Path) -> None:
    source = pdf_files.truncated(tmp_path / "a.pdf")
    with pytest.raises(DamagedFile):
        convert(source)


def test_a_damaged_header_does_not_matter(tmp_path: Path) -> None:
    source = pdf_files.canvas_pages(tmp_path / "a.pdf", [[(72.0, 500.0, "Readable all the same.")]])
    source.write_bytes(source.read_bytes().replace(b"%PDF-1", b"GARBAG", 1))
    assert convert(source).markdown == "Readable all the same.\n"


def test_a_table_goes_on_over_a_page_break(tmp_path: Path) -> None:
    rows = [["Number", "Square"], *([str(n), str(n * n)] for n in range(60))]
    tables = of_kind(convert(pdf_files.ruled_table(tmp_path / "a.pdf", rows)), BlockKind.TABLE)
    assert [(table.page_start, table.page_end) for table in tables] == [(1, 2)]
    assert tables[0].markdown.count("\n") == 61
    assert tables[0].markdown.endswith("| 59 | 3481 |")
    assert len(tables[0].row_pages) == 61
    assert list(tables[0].row_pages) == sorted(tables[0].row_pages)
    assert (tables[0].row_pages[0], tables[0].row_pages[-1]) == ((1, 1), (2, 2))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_rotated_page_is_read_as_it_is_shown(tmp_path: Path, rotation: int) -> None:
    document = convert(pdf_files.rotated(tmp_path / "a.pdf", rotation, ["The first line.", "The second line."]))
    assert document.markdown == "The first line.\n\nThe second line.\n"
    assert document.blocks[0].bbox is not None
    assert document.blocks[0].bbox[:2] == pytest.approx((100, 92), abs=6)
