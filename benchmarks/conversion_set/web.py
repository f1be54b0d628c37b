"""Documents as HTML and CSS, for Chromium and WeasyPrint."""

import html
from collections.abc import Sequence

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
    inline,
)

_FONTS = {
    "en": "'Liberation Serif', 'DejaVu Serif', serif",
    "zh": "'WenQuanYi Zen Hei', 'Noto Sans CJK SC', sans-serif",
    "ar": "'Noto Naskh Arabic', 'DejaVu Sans', sans-serif",
}

_CSS = """
@page { size: A4; margin: 20mm 18mm 20mm 18mm }
body { font: 10.5pt/1.45 FONT; margin: 0 }
h1 { font-size: 20pt } h2 { font-size: 15pt } h3 { font-size: 12.5pt } h4 { font-size: 10.5pt }
h1, h2, h3, h4 { line-height: 1.25; margin: 1em 0 .5em; break-after: avoid }
pre, code { font-family: 'Liberation Mono', 'DejaVu Sans Mono', monospace; font-size: 9pt }
pre { background: #f3f3f3; padding: 6pt; white-space: pre; line-height: 1.3 }
sup { font-size: 65%; line-height: 0 }
a { color: #1a4fa0 }
.break { break-before: page }
table { border-collapse: collapse; margin: .8em 0; font-size: 9.5pt; line-height: 1.3 }
th, td { padding: 3pt 8pt; text-align: left; vertical-align: top } .r { text-align: right }
thead { display: table-header-group } tr { break-inside: avoid }
table.grid th, table.grid td { border: .6pt solid #444 }
table.grid th { background: #dde4ee }
table.booktabs thead tr:first-child > * { border-top: 1pt solid #000; border-bottom: .5pt solid #000 }
table.booktabs tbody tr:last-child > * { border-bottom: 1pt solid #000 }
table.zebra thead th { background: #35506e; color: #fff }
table.zebra tbody tr:nth-child(even) { background: #eef1f5 }
table.rowrules th { border-bottom: 1pt solid #333 } table.rowrules td { border-bottom: .4pt solid #bbb }
table.zebra, table.rowrules { width: 100% }
.contents div { display: flex } .contents .dots { flex: 1; overflow: hidden; white-space: nowrap }
.note { float: footnote; font-size: 8pt; line-height: 1.3 }
"""


def as_html(document: Document) -> str:
    """Return the document as a page of HTML."""
    direction = "rtl" if document.language == "ar" else "ltr"
    css = _CSS.replace("FONT", _FONTS[document.language]) + document.style
    body = "\n".join(_block(block) for block in document.blocks)
    title = f"<h1 class=title>{_text(document.title)}</h1>" if document.title else ""
    return (
        f"<!doctype html><html lang={document.language} dir={direction}><meta charset=utf-8>"
        f"<title>{html.escape(document.name)}</title><style>{css}</style>"
        f"<body>{title}<div class=text>{body}</div></body></html>"
    )


_TAGS = {"bold": "b", "code": "code", "raised": "sup"}


def _text(text: str) -> str:
    written = ""
    for kind, piece, address in inline(text):
        escaped = html.escape(piece)
        if kind == "link":
            written += f'<a href="{html.escape(address)}">{escaped}</a>'
        elif kind == "note":
            written += f"<span class=note>{escaped}</span>"
        elif kind in _TAGS:
            written += f"<{_TAGS[kind]}>{escaped}</{_TAGS[kind]}>"
        else:
            written += escaped
    return written


def _block(block: Block) -> str:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Heading():
            return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
        case Paragraph():
            return f"<p>{_text(block.text)}</p>"
        case Items():
            return _list(block)
        case Table():
            return _table(block)
        case Code():
            return f"<pre>{html.escape(block.text)}</pre>"
        case Contents():
            return f"<div class=contents>{''.join(_entry(*entry) for entry in block.entries)}</div>"
        case PageBreak():
            return "<div class=break></div>"


def _entry(depth: int, title: str, page: str) -> str:
    dots = f"<span class=dots>{'.' * 200}</span>"
    return f"<div style='padding-left:{depth * 14}pt'>{html.escape(title)} {dots} {page}</div>"


def _list(items: Items) -> str:
    outer = "ol" if items.numbered else "ul"
    written, depth = f"<{outer}>", 0
    for item in items.items:
        while depth < item.depth:
            written, depth = written + "<ul>", depth + 1
        while depth > item.depth:
            written, depth = written + "</ul>", depth - 1
        written += f"<li>{_text(item.text)}"
    return written + "</ul>" * depth + f"</{outer}>"


def _table(table: Table) -> str:
    rows = [_row(table, index, row) for index, row in enumerate(table.rows)]
    return f"<table class={table.style.value}><thead>{rows[0]}</thead><tbody>{''.join(rows[1:])}</tbody></table>"


def _row(table: Table, index: int, row: Sequence[str]) -> str:
    written, column = "", 0
    tag = "th" if index == 0 else "td"
    while column < len(row):
        span = table.spans.get((index, column), 1)
        right = " class=r" if column in table.right else ""
        written += f"<{tag}{right} colspan={span}>{html.escape(row[column])}</{tag}>"
        column += span
    return f"<tr>{written}</tr>"
