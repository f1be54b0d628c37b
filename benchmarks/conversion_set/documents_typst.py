"""The documents that a typesetting system makes."""

from collections.abc import Iterator

from benchmarks.conversion_set.model import (
    Block,
    Code,
    Contents,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Producer,
    TableStyle,
)
from benchmarks.conversion_set.writer import Writer

_PAPER = '#set page(columns: 2, numbering: "1")\n#set text(size: 9pt)\n'
_BOOK = (
    '#set text(font: ("Libertinus Serif", "WenQuanYi Zen Hei"))\n'
    '#set page(numbering: "1", header: align(right)[#text(size: 8pt)[LABEL]])\n'
)
_SLIDES = '#set page(paper: "presentation-16-9", margin: 2cm)\n#set text(size: 20pt)\n'


def documents() -> Iterator[Document]:
    """Yield them."""
    for language in ("en", "zh"):
        yield _paper(language)
        yield _book(language)
        yield _long_table(language)
    yield _slides()


def _paper(language: str) -> Document:
    w = Writer(language, 31)
    title = "On the pressure in old pipes" if language == "en" else "老旧管网压力变化的测量与分析"
    blocks: list[Block] = [Heading(2, "Abstract" if language == "en" else "摘要"), w.paragraph(4)]
    for number in range(1, 6):
        blocks += w.section(2, f"{number} ", paragraphs=2)
        if number == 2:
            blocks += [*w.section(3, "2.1 ", paragraphs=2), w.years(4, TableStyle.BOOKTABS)]
        if number == 4:
            blocks.append(w.items([0, 0, 0], numbered=True))
    return Document(f"{language}_typst_paper", Producer.TYPST, language, blocks, title=title, style=_PAPER)


def _book(language: str) -> Document:
    w = Writer(language, 32)
    label = "Contents" if language == "en" else "目录"
    first, second = w.section(1, "1 ", paragraphs=3), w.section(2, "1.1 ", paragraphs=2)
    third = w.section(1, "2 ", paragraphs=3)
    titles = [block.text for block in (first[0], second[0], third[0]) if isinstance(block, Heading)]
    space = " " if language == "en" else ""
    blocks: list[Block] = [
        Heading(1, label),
        Contents([(0, titles[0], "2"), (1, titles[1], "2"), (0, titles[2], "3")]),
        PageBreak(),
        *first,
        Paragraph(f"{w.text(2)}(({w.text(1)})){space}{w.text(2)}"),
        *second,
        Code("valve open --slow\nvalve close\n  # never while the pump runs"),
        w.paragraph(3),
        PageBreak(),
        *third,
        w.items([0, 1, 0]),
        Paragraph(f"{w.text(3)}(({w.text(2)})){space}{w.text(1)}"),
    ]
    style = _BOOK.replace("LABEL", "The water book" if language == "en" else "供水手册")
    return Document(f"{language}_typst_book", Producer.TYPST, language, blocks, style=style)


def _long_table(language: str) -> Document:
    w = Writer(language, 33)
    blocks: list[Block] = [Heading(1, w.title()), w.paragraph(4), w.parts(48, TableStyle.ROW_RULES), w.paragraph(3)]
    blocks += [*w.section(2, paragraphs=1), w.parts(8, TableStyle.PLAIN), w.paragraph(3)]
    blocks += [*w.section(2, paragraphs=1), w.remarks(5, TableStyle.BOOKTABS), w.paragraph(2)]
    style = _BOOK.replace("LABEL", "The water book" if language == "en" else "供水手册")
    return Document(f"{language}_typst_long_table", Producer.TYPST, language, blocks, style=style)


def _slides() -> Document:
    w = Writer("en", 34)
    blocks: list[Block] = []
    for number in range(4):
        if number:
            blocks.append(PageBreak())
        blocks += [Heading(1, w.title()), w.items([0, 0, 1] if number % 2 else [0, 0])]
    return Document("en_typst_slides", Producer.TYPST, "en", blocks, style=_SLIDES)
