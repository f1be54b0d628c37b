"""Documents as Typst source, as a typesetting system like LaTeX sets them."""

import json

from benchmarks.conversion_set.model import (
    Block,
    Code,
    Contents,
    Document,
    Heading,
    Items,
    PageBreak,
    Paragraph,
    Table,
    TableStyle,
    inline,
)

_FONTS = {"en": '("Libertinus Serif",)', "zh": '("Noto Serif CJK SC",)'}
_PREAMBLE = """
#set text(font: FONT, size: 10pt, lang: "LANG")
#set par(justify: true)
#set page(paper: "a4", margin: 2.2cm)
"""
_TABLES = {
    TableStyle.GRID: "stroke: 0.5pt,",
    TableStyle.BOOKTABS: "stroke: (x, y) => if y == 0 {(top: 1pt, bottom: 0.5pt)} else if y == LAST {(bottom: 1pt)},",
    TableStyle.ZEBRA: 'stroke: none, fill: (x, y) => if y == 0 {rgb("#d5dde8")} else if calc.even(y) {rgb("#f1f3f6")},',
    TableStyle.PLAIN: "stroke: none,",
    TableStyle.ROW_RULES: "stroke: (x, y) => (bottom: 0.4pt + gray),",
}


def as_typst(document: Document) -> str:
    """Return the document as Typst source."""
    preamble = _PREAMBLE.replace("FONT", _FONTS[document.language]).replace("LANG", document.language)
    title = ""
    if document.title:
        over_columns = "columns: 2" in document.style
        scope = (
            '#place(top + center, float: true, scope: "parent", clearance: 1.2em)' if over_columns else "#align(center)"
        )
        title = f'{scope}[#text(size: 17pt, weight: "bold")[{_text(document.title)}]]\n'
    return preamble + document.style + "\n" + title + "\n\n".join(_block(block) for block in document.blocks) + "\n"


def _text(text: str) -> str:
    written = ""
    for kind, piece, address in inline(text):
        quoted = json.dumps(piece, ensure_ascii=False)
        match kind:
            case "bold":
                written += f"#strong({quoted})"
            case "code":
                written += f"#raw({quoted})"
            case "raised":
                written += f"#super({quoted})"
            case "link":
                written += f"#link({json.dumps(address)})[#text(fill: blue)[#{quoted}]]"
            case "note":
                written += f"#footnote[#{quoted}]"
            case _:
                written += f"#{quoted}"
    return written


def _block(block: Block) -> str:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Heading():
            return f"#heading(level: {block.level})[{_text(block.text)}]"
        case Paragraph():
            return _text(block.text)
        case Items():
            return _list(block)
        case Table():
            return _table(block)
        case Code():
            return f"#raw({json.dumps(block.text, ensure_ascii=False)}, block: true)"
        case Contents():
            return "\n".join(_entry(*entry) for entry in block.entries)
        case PageBreak():
            return "#pagebreak()"


def _entry(depth: int, title: str, page: str) -> str:
    return f"#pad(left: {depth * 14}pt)[{_text(title)} #box(width: 1fr, repeat[.]) {page}]"


def _list(items: Items) -> str:
    outer = "+" if items.numbered else "-"
    return "\n".join(
        f"{'  ' * item.depth}{outer if item.depth == 0 else '-'} {_text(item.text)}" for item in items.items
    )


def _table(table: Table) -> str:
    columns = len(table.rows[0])
    align = ", ".join("right" if c in table.right else "left" for c in range(columns))
    rows = []
    for r, row in enumerate(table.rows):
        cells = []
        for c, text in enumerate(row):
            if any(r == sr and sc < c < sc + span for (sr, sc), span in table.spans.items()):
                continue
            quoted = json.dumps(text, ensure_ascii=False)
            content = f"[#strong({quoted})]" if r == 0 else f"[#{quoted}]"
            span = table.spans.get((r, c), 1)
            cells.append(content if span == 1 else f"table.cell(colspan: {span}){content}")
        line = ", ".join(cells)
        rows.append(f"table.header({line})" if r == 0 else line)
    style = _TABLES[table.style].replace("LAST", str(len(table.rows) - 1))
    return f"#table(columns: {columns}, align: ({align},), {style}\n" + ",\n".join(rows) + ")"
