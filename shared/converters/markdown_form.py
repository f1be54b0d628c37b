"""How text is written as Markdown without becoming something that it is not."""

import re
from collections.abc import Iterable, Sequence

FORM_VERSION = "1"
"""Part of the version of every converter that writes with these functions: raise it when what they write changes."""

_BLOCK_MARK = re.compile(
    r"(?P<sign>#|>|```|~~~|\||[-+*](?=\s|$)|={3,}\s*$|(?:[-*_]\s*){3,}$)|(?P<number>\d{1,9})(?=[.)](?:\s|$))"
)

ITEM_INDENT = "    "
"""Of each level of a list: enough to stand below `10.`, and too little to be code below `-`."""


def paragraph_markdown(text: str) -> str:
    """Return a text as a paragraph: a line that begins like a Markdown block is escaped, or it would become one."""
    lines = (line.strip() for line in text.strip().split("\n"))
    return "\n".join(_escaped(line) for line in lines if line)


def _escaped(line: str) -> str:
    mark = _BLOCK_MARK.match(line)
    if mark is None:
        return line
    at = mark.end("number") if mark["number"] else 0
    return f"{line[:at]}\\{line[at:]}"


def heading_markdown(text: str, level: int) -> str:
    return f"{'#' * level} {one_line(text)}"


def item_markdown(text: str, *, marker: str, depth: int) -> str:
    """Return a list item; its further lines are indented to stay in it."""
    first, *rest = paragraph_markdown(text).split("\n")
    indent = ITEM_INDENT * depth
    inner = indent + " " * (len(marker) + 1)
    return "\n".join([f"{indent}{marker} {first}", *(f"{inner}{line}" for line in rest)])


def code_markdown(text: str, language: str = "") -> str:
    """Return code inside a fence that it does not contain."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip(chr(10)).rstrip()}\n{fence}"


def table_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a pipe table with one row a line; the first row is its header, short rows are filled up."""
    width = max(map(len, rows))
    header, *body = [table_row(row, width) for row in rows]
    return "\n".join([header, table_rule(width), *body])


def table_row(cells: Iterable[str], width: int) -> str:
    written = [one_line(cell).replace("|", "\\|") for cell in cells]
    return "| " + " | ".join(written + [""] * (width - len(written))) + " |"


def table_rule(width: int) -> str:
    return "|" + " --- |" * width


def one_line(text: str) -> str:
    return " ".join(text.split())
