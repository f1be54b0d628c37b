"""The documents that browsers and WeasyPrint make of HTML."""

from collections.abc import Iterator

from benchmarks.conversion_set.model import (
    Block,
    Code,
    Document,
    Heading,
    Item,
    Items,
    PageBreak,
    Paragraph,
    Producer,
    TableStyle,
)
from benchmarks.conversion_set.writer import Writer

_COLUMNS = ".text { columns: 2; column-gap: 8mm; text-align: justify; font-size: 9.5pt } .title { text-align: center }"
_RUNNING = (
    '@page { @top-left { content: "LABEL"; font-size: 8pt } @bottom-center { content: counter(page) " / "'
    " counter(pages); font-size: 8pt } }"
)
_CODE = """def pressure(readings: list[float]) -> float:
    # the median is safe against one bad gauge
    ordered = sorted(readings)
    middle = len(ordered) // 2
    return ordered[middle]

print(pressure([4.1, 4.0, 4.3]))"""


def documents() -> Iterator[Document]:
    """Yield them."""
    for language in ("en", "zh"):
        yield _article(language)
        yield _two_columns(language)
        yield _tables(language)
        yield _invoice(language)
        yield _report(language)
        yield _notes(language)
    yield _manual()
    yield _right_to_left()
    yield _wide()


def _label(language: str) -> str:
    return "Water works: annual papers" if language == "en" else "自来水公司年度文件汇编"


def _article(language: str) -> Document:
    w = Writer(language, 11)
    english = language == "en"
    link = (
        "See [the manual](https://example.org/manual) or `pump --status`."
        if english
        else ("详见[使用手册](https://example.org/manual)，或运行命令`pump --status`。")
    )
    blocks: list[Block] = [
        Heading(1, w.title()),
        w.paragraph(),
        Paragraph(link),
        *w.section(2),
        w.items([0, 0, 1, 1, 0]),
        *w.section(3, paragraphs=1),
        Code(_CODE),
        *w.section(2),
        w.items([0, 0, 0], numbered=True),
        *w.section(3, paragraphs=2),
    ]
    return Document(f"{language}_web_article", Producer.CHROMIUM, language, blocks)


def _two_columns(language: str) -> Document:
    w = Writer(language, 12)
    blocks: list[Block] = []
    for number in range(1, 6):
        blocks += w.section(2, f"{number} " if language == "en" else f"{'一二三四五'[number - 1]}、", paragraphs=3)
        if number == 2:
            blocks.append(w.years(5, TableStyle.BOOKTABS))
    title = "Flood and repair of the eastern canal" if language == "en" else "城东水渠的水毁与修复研究"
    return Document(f"{language}_web_columns", Producer.CHROMIUM, language, blocks, title=title, style=_COLUMNS)


def _tables(language: str) -> Document:
    w = Writer(language, 13)
    blocks: list[Block] = [Heading(1, w.title()), w.paragraph()]
    for style in (TableStyle.ZEBRA, TableStyle.PLAIN, TableStyle.GRID, TableStyle.ROW_RULES):
        table = w.years(5, style) if style is TableStyle.GRID else w.parts(7, style)
        blocks += [*w.section(2, paragraphs=1), table, w.paragraph(2)]
    blocks += [*w.section(2, paragraphs=1), w.remarks(5, TableStyle.ZEBRA)]
    return Document(f"{language}_web_tables", Producer.CHROMIUM, language, blocks)


def _invoice(language: str) -> Document:
    w = Writer(language, 14)
    english = language == "en"
    lines = ("Invoice 2025-0417", "Items", "Payment") if english else ("发票 2025-0417", "明细", "付款方式")
    blocks: list[Block] = [
        Heading(1, lines[0]),
        w.paragraph(2),
        Heading(2, lines[1]),
        w.parts(9, TableStyle.PLAIN),
        Heading(2, lines[2]),
        w.paragraph(3),
        w.items([0, 0]),
    ]
    return Document(f"{language}_weasy_invoice", Producer.WEASYPRINT, language, blocks, style="table { width: 100% }")


def _report(language: str) -> Document:
    w = Writer(language, 15)
    blocks: list[Block] = [Heading(1, w.title()), w.paragraph(5)]
    blocks += [*w.section(2), w.parts(46, TableStyle.ZEBRA), w.paragraph(3)]
    blocks += [*w.section(2), *w.section(3), w.remarks(8, TableStyle.GRID), w.paragraph(4)]
    running = _RUNNING.replace("LABEL", _label(language))
    return Document(f"{language}_weasy_report", Producer.WEASYPRINT, language, blocks, style=running)


def _notes(language: str) -> Document:
    w = Writer(language, 16)
    space = " " if language == "en" else ""
    area = (
        "The basin covers 240 m^2^ and holds 10^3^ litres." if language == "en" else "水池面积240m^2^，容量为10^3^升。"
    )
    blocks: list[Block] = [
        Heading(1, w.title()),
        Paragraph(f"{w.text(3)}(({w.text(1)})){space}{w.text(2)}"),
        Paragraph(area + space + w.text(3)),
        *w.section(2),
        Paragraph(f"{w.text(2)}(({w.text(2)})){space}{w.text(2)}"),
        PageBreak(),
        *w.section(2),
        Paragraph(f"{w.text(4)}(({w.text(1)}))"),
        *w.section(2),
    ]
    running = _RUNNING.replace("LABEL", _label(language))
    return Document(f"{language}_weasy_footnotes", Producer.WEASYPRINT, language, blocks, style=running)


def _manual() -> Document:
    w = Writer("zh", 17)
    blocks: list[Block] = [Heading(1, "水泵控制系统操作手册")]
    for chapter in (1, 2, 3):
        blocks += w.section(2, f"第{'一二三'[chapter - 1]}章 ", paragraphs=1)
        blocks += w.section(3, f"{chapter}.1 ", paragraphs=1)
        blocks.append(w.items([0, 1, 1, 0, 0], numbered=True))
        blocks += w.section(3, f"{chapter}.2 ", paragraphs=2)
        blocks.append(Code(f"pumpctl --station {chapter}\npumpctl restart # 重新启动\n    --force"))
        blocks.append(w.items([0, 0, 0]))
    return Document("zh_web_manual", Producer.CHROMIUM, "zh", blocks)


def _right_to_left() -> Document:
    w = Writer("ar", 18)
    blocks: list[Block] = [Heading(1, w.title()), w.paragraph(5), Heading(2, w.title()), w.paragraph(4)]
    blocks += [w.items([0, 0, 0]), Heading(2, w.title()), w.paragraph(6), w.parts(5, TableStyle.GRID)]
    return Document("ar_web_right_to_left", Producer.CHROMIUM, "ar", blocks)


def _wide() -> Document:
    w = Writer("en", 19)
    blocks: list[Block] = [Heading(1, w.title()), w.paragraph(4), w.remarks(9, TableStyle.ROW_RULES)]
    blocks += [*w.section(2), Items([Item("No further action is needed."), Item("The next visit is due in May.")])]
    return Document("en_web_landscape", Producer.CHROMIUM, "en", blocks, style="@page { size: A4 landscape }")
