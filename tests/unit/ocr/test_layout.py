import math

from shared.converters.base import Block, BlockKind, ExtractedImage
from shared.ocr.base import RecognizedLine
from shared.ocr.layout import lay_out_pages
from shared.ocr.pages import RecognizedPage

WIDTH, HEIGHT = 595.0, 842.0


def line(text: str, left: float, top: float, *, size: float = 12.0, slope: float = 0.0) -> RecognizedLine:
    """A line of Chinese: each character is as wide as it is high."""
    length = size * len(text)
    corners = [(0.0, 0.0), (length, 0.0), (length, size), (0.0, size)]
    turned = [
        (left + x * math.cos(slope) - y * math.sin(slope), top + x * math.sin(slope) + y * math.cos(slope))
        for x, y in corners
    ]
    return RecognizedLine(text=text, confidence=0.99, corners=(turned[0], turned[1], turned[2], turned[3]))


def page(*lines: RecognizedLine, turn: int = 0) -> RecognizedPage:
    return RecognizedPage(width=WIDTH, height=HEIGHT, turn=turn, lines=lines)


def lay_out(*pages: RecognizedPage, images: dict[int, list[ExtractedImage]] | None = None) -> tuple[Block, ...]:
    return lay_out_pages(dict(enumerate(pages, start=1)), images or {}, should_stop=lambda: False)


def test_columns_are_read_one_after_the_other() -> None:
    left = [line(f"左栏第{n}行文字一直写到栏边为止", 60, 200 + 20 * n) for n in range(8)]
    right = [line(f"右栏第{n}行文字一直写到栏边为止", 320, 200 + 20 * n) for n in range(8)]
    mixed = [each for pair in zip(left, right, strict=True) for each in pair]
    text = "".join(block.markdown for block in lay_out(page(*mixed)))
    assert text == "".join(each.text for each in (*left, *right))


def test_lines_of_a_paragraph_join_without_spaces_although_their_boxes_differ() -> None:
    lines = [
        line("各个阶段都可以在中断之后从已经完成的地方", 60, 200),
        line("继续进行而且不会重复存储任何一个段落", 60, 219, size=13.2),
    ]
    [block] = lay_out(page(*lines))
    assert block.kind is BlockKind.PARAGRAPH
    assert block.markdown == lines[0].text + lines[1].text


def test_a_large_line_is_a_heading() -> None:
    body = [line(f"这是第{n}行正文内容写得长一些也无妨。", 60, 200 + 20 * n) for n in range(6)]
    blocks = lay_out(page(line("总则", 60, 120, size=22), *body))
    assert (blocks[0].kind, blocks[0].markdown) == (BlockKind.HEADING, "# 总则")


def test_boxes_are_told_on_the_page_as_it_is_shown() -> None:
    [upright] = lay_out(page(line("标在页面左上角的文字", 60, 100)))
    assert upright.bbox is not None
    assert (round(upright.bbox[0]), round(upright.bbox[1])) == (60, 101)
    [sideways] = lay_out(page(line("标在页面左上角的文字", 60, 100), turn=90))
    assert sideways.bbox is not None
    left, top, right, bottom = sideways.bbox
    assert (round(left), round(bottom)) == (101, 535), "what is 60 points from the left stands as far from the bottom"
    assert right - left < bottom - top


def test_a_page_laid_askew_keeps_its_rows() -> None:
    slope = math.radians(1.5)
    rows = [
        [line(f"第{n}行左边的一段文字", 60, 200 + 24 * n), line(f"第{n}行右边的一段文字", 330, 200 + 24 * n)]
        for n in range(3)
    ]
    straight = [each for row in rows for each in row]
    askew = [
        line(
            each.text,
            each.left * math.cos(slope) - each.top * math.sin(slope),
            each.left * math.sin(slope) + each.top * math.cos(slope),
            slope=slope,
        )
        for each in straight
    ]
    assert [block.markdown for block in lay_out(page(*askew))] == [block.markdown for block in lay_out(page(*straight))]


def test_a_picture_stands_among_the_lines() -> None:
    image = ExtractedImage(
        name="a.png", content_type="image/png", page=1, bbox=(60, 300, 300, 450), width_px=500, height_px=300
    )
    blocks = lay_out(page(line("图片上方的文字。", 60, 260), line("图一说明文字。", 60, 470)), images={1: [image]})
    assert [block.kind for block in blocks] == [BlockKind.PARAGRAPH, BlockKind.IMAGE, BlockKind.PARAGRAPH]
    assert blocks[1].bbox == (60, 300, 300, 450)
