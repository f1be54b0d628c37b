"""What of a Markdown file is compared: its plain text, its tables, its headings.

Two converters may write the same content in different Markdown; here both become the same.
"""

import re
import unicodedata
from collections.abc import Iterator

Row = list[str]

_DROPPED = re.compile(r"<!--.*?-->|!\[[^\]]*\]\([^)]*\)", re.DOTALL)
_LINES_WITHOUT_TEXT = re.compile(
    r"^\s*\|?(?:\s*:?-+:?\s*\|)+\s*:?-*:?\s*$"  # under the header of a table
    r"|^\s*```.*$"
    r"|^\s*[-*=]{3,}\s*$",
    re.MULTILINE,
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_TAG_OR_PIPE = re.compile(r"</?[a-zA-Z][^>]*>|\|")
_LINE_START = re.compile(r"^\s{0,3}#{1,6}\s+|^\s*(?:[-*+•]\s+)+|^\s*>\s?", re.MULTILINE)
_ESCAPE = re.compile(r"\\([^\w\s])")
_EMPHASIS = re.compile(r"\*+|`+|~~")
_SAME_MARKS = str.maketrans("‘’“”‐‑–—−", "''\"\"-----", "\u00ad\u200b\ufeff")

_HEADING = re.compile(r"^(#{1,6})\s+(.*)$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
_RULE_CELL = re.compile(r":?-+:?|")
_HTML_TABLE = re.compile(r"<table.*?</table>", re.DOTALL | re.IGNORECASE)
_HTML_ROW = re.compile(r"<tr.*?</tr>", re.DOTALL | re.IGNORECASE)
_HTML_CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL | re.IGNORECASE)


def plain_text(markdown: str) -> str:
    """Return the text without Markdown's marks, compatibility forms folded, any white space one space."""
    text = _LINES_WITHOUT_TEXT.sub("", _DROPPED.sub("", markdown))
    text = _TAG_OR_PIPE.sub(" ", _LINK.sub(r"\1", text))
    text = _ESCAPE.sub(r"\1", _LINE_START.sub("", text))
    text = unicodedata.normalize("NFKC", _EMPHASIS.sub("", text)).translate(_SAME_MARKS)
    return " ".join(text.split())


def tables_of(markdown: str) -> list[list[Row]]:
    """Return the tables with more than one row, pipe tables first, then those in HTML."""
    found: list[list[Row]] = []
    rows: list[Row] = []
    for line in [*markdown.splitlines(), ""]:
        if line.lstrip().startswith("|"):
            cells = [plain_text(cell) for cell in _CELL_EDGE.split(line.strip().strip("|"))]
            if not all(_RULE_CELL.fullmatch(cell) for cell in cells):
                rows.append(cells)
        elif rows:
            found.append(rows)
            rows = []
    found.extend(
        [[plain_text(cell) for cell in _HTML_CELL.findall(row)] for row in _HTML_ROW.findall(table)]
        for table in _HTML_TABLE.findall(markdown)
    )
    return [table for table in found if len(table) > 1]


def headings_of(markdown: str) -> Iterator[tuple[int, str]]:
    """Yield level and text of the headings outside of code, in lower case."""
    in_code = False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            in_code = not in_code
        heading = _HEADING.match(line)
        if heading and not in_code:
            text = plain_text(heading[2]).lower()
            if text:
                yield len(heading[1]), text
