"""Text as pages set it: paragraphs, notes, contents, forms, scripts, running headers."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from shared.converters.base import BlockKind, ConversionLimits
from shared.converters.pdf.converter import PdfiumConverter
from shared.converters.pdf.leaders import contents_entry, without_leader
from shared.converters.pdf.lists import list_marker
from shared.converters.pdf.scripts import join_words
from shared.converters.pdf.words import Space, Word

Draw = Callable[[Canvas], None]
Line = tuple[float, float, str]
LONG = "A line that fills its column from the left margin to the right one, as most lines do"


def blocks_of(path: Path, pages: Sequence[Draw]) -> list[tuple[BlockKind, str]]:
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    document = PdfiumConverter().convert(
        path, path.parent / "out", limits=ConversionLimits(), should_stop=lambda: False
    )
    return [(block.kind, block.markdown) for block in document.blocks]


def texts(lines: Sequence[Line], *, font: str = "Helvetica", size: float = 10) -> Draw:
    def draw(canvas: Canvas) -> None:
        if font == "STSong-Light":
            pdfmetrics.registerFont(UnicodeCIDFont(font))
        canvas.setFont(font, size)
        for x, y, text in lines:
            canvas.drawString(x, y, text)

    return draw


def chinese(lines: Sequence[Line]) -> Draw:
    return texts(lines, font="STSong-Light", size=12)


def test_boxes_of_a_form_are_kept(tmp_path: Path) -> None:
    assert list_marker("□ 是 √ 否") is None
    assert list_marker("□ apples") is not None
    found = blocks_of(tmp_path / "a.pdf", [chinese([(72, 700, "□ 是 √ 否"), (72, 640, "第二行的内容。")])])
    assert found[0] == (BlockKind.PARAGRAPH, "□ 是 √ 否")


def test_a_short_chinese_line_ends_its_paragraph(tmp_path: Path) -> None:
    full = "知识库同步服务把文档转换成文本然后切分成块计算向量最后写入向量数据库"
    lines = ["投诉的处理办法如下", full, full, full, "最后一行。"]
    found = blocks_of(tmp_path / "a.pdf", [chinese([(72, 700 - 18 * n, text) for n, text in enumerate(lines)])])
    assert [text for _, text in found] == ["投诉的处理办法如下", full * 3 + "最后一行。"]


def test_chinese_paragraphs_of_one_indented_line_stay_apart(tmp_path: Path) -> None:
    full = "知识库同步服务把文档转换成文本然后切分成块计算向量最后写入向量数据库"
    short = full[:-2]
    lines = [(96.0, short[:-1] + "。"), (96.0, short), (72.0, full), (72.0, full), (72.0, full[:-1] + "。")]
    found = blocks_of(tmp_path / "a.pdf", [chinese([(x, 700.0 - 18 * n, text) for n, (x, text) in enumerate(lines)])])
    assert [text for _, text in found] == [short[:-1] + "。", short + full * 2 + full[:-1] + "。"]


def test_a_finished_sentence_that_leaves_room_ends_its_paragraph(tmp_path: Path) -> None:
    lines = [LONG, LONG, "and here it ends.", "The next paragraph begins without any space before it, in", LONG, LONG]
    found = blocks_of(tmp_path / "a.pdf", [texts([(72, 700 - 13 * n, text) for n, text in enumerate(lines)])])
    assert [text for _, text in found] == [f"{LONG} {LONG} and here it ends.", " ".join(lines[3:])]


def test_a_table_of_contents_is_a_list_without_its_dots(tmp_path: Path) -> None:
    entries = [
        (72.0, "1 Purpose of the rules"),
        (90.0, "1.1 Who keeps them"),
        (72.0, "2 Costs and payment"),
        (90.0, "2.1 Prices"),
    ]

    def draw(canvas: Canvas) -> None:
        for n, (x, title) in enumerate(entries):
            canvas.setFont("Helvetica", 10)
            canvas.drawString(x, 700 - 16 * n, title)
            canvas.drawString(300, 700 - 16 * n, "." * 60)
            canvas.drawRightString(500, 700 - 16 * n, str(3 * n + 1))

    assert blocks_of(tmp_path / "a.pdf", [draw]) == [
        (BlockKind.LIST_ITEM, "- 1 Purpose of the rules 1"),
        (BlockKind.LIST_ITEM, "  - 1.1 Who keeps them 4"),
        (BlockKind.LIST_ITEM, "- 2 Costs and payment 7"),
        (BlockKind.LIST_ITEM, "  - 2.1 Prices 10"),
    ]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("1.1 Data . . . . . . . 12", "1.1 Data 12"),
        ("第一章 总则 ………………… 3", "第一章 总则 3"),
        ("Preface ........ vii", "Preface vii"),
        ("他说……后来没有再来。", None),
        ("wait ... what", None),
        ("two runs ...... of dots ...... in a sentence", None),
    ],
)
def test_an_entry_of_a_table_of_contents_is_told_by_its_dots(text: str, entry: str | None) -> None:
    assert contents_entry(text) == entry


def test_leader_dots_at_the_end_of_a_cell_go() -> None:
    assert without_leader("AFM revisions ......") == "AFM revisions"
    assert without_leader("and so on ...") == "and so on ..."


def test_text_goes_on_around_a_footnote(tmp_path: Path) -> None:
    def first(canvas: Canvas) -> None:
        texts([(72, 113 - 13 * n, LONG) for n in range(3)])(canvas)
        texts([(72, 63, "1")], size=5)(canvas)
        texts([(76, 60, "A note that explains what the text above it leaves out.")], size=8)(canvas)

    second = texts([(72, 780, "and this is how the sentence ends."), (72, 740, LONG + ".")])
    assert blocks_of(tmp_path / "a.pdf", [first, second]) == [
        (BlockKind.PARAGRAPH, f"{LONG} {LONG} {LONG} and this is how the sentence ends."),
        (BlockKind.FOOTNOTE, "¹A note that explains what the text above it leaves out."),
        (BlockKind.PARAGRAPH, LONG + "."),
    ]


def test_a_raised_figure_is_no_part_of_the_number_before_it(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        texts([(72, 700, "It holds 10"), (140, 700, "litres.")])(canvas)
        texts([(119, 704, "3")], size=6)(canvas)

    assert blocks_of(tmp_path / "a.pdf", [draw]) == [(BlockKind.PARAGRAPH, "It holds 10³ litres.")]


def test_a_bullet_drawn_as_a_shape_is_a_bullet(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        texts([(90, 700 - 14 * n, text) for n, text in enumerate(("apples", "pears", "plums"))])(canvas)
        for n in range(3):
            canvas.circle(80, 703.5 - 14 * n, 1.8, stroke=0, fill=1)

    assert blocks_of(tmp_path / "a.pdf", [draw]) == [
        (BlockKind.LIST_ITEM, f"- {fruit}") for fruit in ("apples", "pears", "plums")
    ]


def test_running_headers_with_changing_words_are_dropped(tmp_path: Path) -> None:
    names = ("Purpose", "Roles", "Costs", "Storage", "Safety", "Transport", "Archive")
    pages = [
        texts([(400, 800, f"Section: {name}"), *((72, 740 - 13 * n, f"{name} {LONG}") for n in range(4))])
        for name in names
    ]
    found = blocks_of(tmp_path / "a.pdf", pages)
    assert all("Section:" not in text for _, text in found)
    assert all(any(f"{name} {LONG}" in text for _, text in found) for name in names)


def test_titles_of_slides_are_no_running_headers(tmp_path: Path) -> None:
    names = ("Purpose", "Roles", "Costs", "Storage", "Safety", "Transport", "Archive")

    def slide(name: str) -> Draw:
        def draw(canvas: Canvas) -> None:
            texts([(72, 790, name)], font="Helvetica-Bold", size=24)(canvas)
            texts([(72, 700, f"What there is to say about {name}.")], size=14)(canvas)

        return draw

    found = blocks_of(tmp_path / "a.pdf", [slide(name) for name in names])
    assert [text for kind, text in found if kind is BlockKind.HEADING] == [f"# {name}" for name in names]


def test_a_numbered_heading_stands_apart_from_the_unit_at_the_right_margin(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        texts([(72, 700, "1. Changes of the balance sheet")], font="Helvetica-Bold")(canvas)
        texts([(420, 700, "Unit: yuan"), *((72, 660 - 13 * n, LONG) for n in range(3))])(canvas)

    assert blocks_of(tmp_path / "a.pdf", [draw])[:2] == [
        (BlockKind.HEADING, "# 1. Changes of the balance sheet"),
        (BlockKind.PARAGRAPH, "Unit: yuan"),
    ]


@pytest.mark.parametrize("text", ["Table 7 Figures of the year", "表 7.6 调整系数", "x + y = z"])
def test_captions_and_formulas_are_no_headings(tmp_path: Path, text: str) -> None:
    def draw(canvas: Canvas) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
        texts([(72, 640 - 13 * n, LONG) for n in range(5)])(canvas)
        canvas.setFont("STSong-Light" if "表" in text else "Helvetica-Bold", 12)
        canvas.drawString(72, 700, text)

    assert all(kind is not BlockKind.HEADING for kind, _ in blocks_of(tmp_path / "a.pdf", [draw]))


def test_a_page_with_the_end_of_two_columns_is_read_like_the_page_before(tmp_path: Path) -> None:
    half = "line that fills the half of the page"

    def columns(page: str, left: int, right: int) -> Draw:
        lines = [(60.0, 780.0 - 13 * n, f"{page} left {half} {n}") for n in range(left)]
        return texts([*lines, *((320.0, 780.0 - 13 * n, f"{page} right {half} {n}") for n in range(right))])

    found = blocks_of(tmp_path / "a.pdf", [columns("First", 20, 20), columns("Second", 3, 2)])
    text = " ".join(markdown for _, markdown in found)
    last = [f"Second left {half} {n}" for n in range(3)] + [f"Second right {half} {n}" for n in range(2)]
    assert text.endswith(" ".join(last))


def word(text: str, left: float, right: float, *, index: int, space: Space, rightward: int = 0) -> Word:
    return Word(
        left=left,
        top=10,
        right=right,
        bottom=20,
        text=text,
        size=10,
        bold=False,
        mono=False,
        index=index,
        space=space,
        rightward=rightward,
    )


def test_right_to_left_words_read_the_same_in_either_order_of_the_file() -> None:
    logical = [
        word("سلام", 50, 80, index=0, space=Space.WRITTEN, rightward=-3),
        word("عليكم", 10, 45, index=5, space=Space.WRITTEN, rightward=-4),
    ]
    visual = [
        word("مالس", 50, 80, index=0, space=Space.WRITTEN, rightward=3),
        word("مكيل", 10, 38, index=5, space=Space.WRITTEN, rightward=3),
        word("ع", 39, 45, index=9, space=Space.NONE),
    ]
    assert join_words(logical) == join_words(visual) == "سلام عليكم"


def test_space_that_typesetting_puts_between_scripts_is_no_space() -> None:
    def joined(space: Space, gap: float) -> str:
        return join_words(
            [
                word("共有", 0, 20, index=0, space=Space.NONE),
                word("12", 20 + gap, 30 + gap, index=2, space=space),
            ]
        )

    assert joined(Space.GUESSED, 2.5) == "共有12"
    assert joined(Space.WRITTEN, 2.5) == "共有 12"
    assert joined(Space.GUESSED, 8.0) == "共有 12"


def test_the_parts_of_a_chinese_title_stay_apart() -> None:
    title = [word("第一节", 0, 48, index=0, space=Space.NONE), word("总则", 54, 74, index=4, space=Space.GUESSED)]
    assert join_words(title) == "第一节 总则"
    spread = [word("通", 0, 10, index=0, space=Space.NONE), word("知", 18, 28, index=2, space=Space.GUESSED)]
    assert join_words(spread) == "通知"
