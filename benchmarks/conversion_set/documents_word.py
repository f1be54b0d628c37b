"""The documents that a word processor makes."""

from collections.abc import Iterator

from benchmarks.conversion_set.model import (
    Block,
    Contents,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Producer,
    TableStyle,
)
from benchmarks.conversion_set.writer import Writer


def documents() -> Iterator[Document]:
    """Yield them."""
    for language in ("en", "zh"):
        yield _report(language)
        yield _minutes(language)
        yield _contents(language)
    yield _form()


def _report(language: str) -> Document:
    w = Writer(language, 21)
    title, header, footer = (
        ("Yearly report of the water works", "Water works", "Page")
        if language == "en"
        else ("自来水公司年度工作报告", "自来水公司", "第")
    )
    blocks: list[Block] = [w.paragraph(5)]
    for number in (1, 2, 3):
        blocks += w.section(2, f"{number} ")
        if number == 1:
            blocks += [w.items([0, 0, 1, 0]), *w.section(3, "1.1 ", paragraphs=1)]
        if number == 2:
            blocks += [w.parts(34, TableStyle.GRID), w.paragraph(3)]
    blocks.append(w.remarks(6, TableStyle.GRID))
    options = {"header": header, "footer": footer}
    return Document(f"{language}_word_report", Producer.LIBREOFFICE, language, blocks, title=title, options=options)


def _minutes(language: str) -> Document:
    w = Writer(language, 22)
    title = "Minutes of the committee" if language == "en" else "关于加强泵站管理工作的通知"
    blocks: list[Block] = [w.paragraph(2)]
    for number in range(1, 5):
        blocks += w.section(2, f"{number}. " if language == "en" else f"{'一二三四'[number - 1]}、")
        if number == 2:
            blocks.append(w.parts(5, TableStyle.GRID))
    options = {"headings": "same"}
    return Document(f"{language}_word_minutes", Producer.LIBREOFFICE, language, blocks, title=title, options=options)


def _contents(language: str) -> Document:
    w = Writer(language, 23)
    title, label = ("Handbook for the staff", "Contents") if language == "en" else ("员工手册", "目录")
    entries: list[tuple[int, str, str]] = []
    body: list[Block] = []
    for chapter in range(1, 4):
        heading = w.section(2, f"{chapter} ", paragraphs=2)
        inner = w.section(3, f"{chapter}.1 ", paragraphs=3)
        for depth, block in enumerate((heading[0], inner[0])):
            assert isinstance(block, Heading)
            entries.append((depth, block.text, str(chapter + 1)))
        body += [*heading, *inner]
    blocks: list[Block] = [Heading(2, label), Contents(entries), PageBreak(), *body]
    return Document(f"{language}_word_contents", Producer.LIBREOFFICE, language, blocks, title=title)


def _form() -> Document:
    w = Writer("zh", 24)
    blocks: list[Block] = [
        w.paragraph(3),
        Heading(2, "一、是否需要停机检修"),
        Paragraph("□ 是 √ 否"),
        Paragraph("本期无停机检修计划。"),
        Heading(2, "二、备件使用情况"),
        Paragraph("√ 适用 □ 不适用"),
        w.years(5, TableStyle.GRID),
        Heading(2, "三、其他说明"),
        w.paragraph(4),
        w.parts(6, TableStyle.GRID),
    ]
    return Document("zh_word_form", Producer.LIBREOFFICE, "zh", blocks, title="设备检查登记表")
