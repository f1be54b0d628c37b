"""Which kind of text a text is: HTML by its tags, CSV by its delimiters, Markdown by its name."""

import csv
import re
from collections.abc import Sequence

_TEXT_NAMES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".txt": "text/plain",
}
_PREAMBLE = re.compile(r"(?:\s|<\?xml[^>]*\?>|<!--.*?-->)*", re.DOTALL)
_HTML_DOCUMENT = re.compile(r"<!doctype\s+html\b|<(?:html|head|body)\b", re.IGNORECASE)
_HTML_FRAGMENT = re.compile(
    r"<(?:title|meta|link|style|script|div|p|h[1-6]|table|ul|ol|dl|article|section|main|header|nav|pre|blockquote"
    r"|form|center|font|span|br|hr)\b[^<>]*>",
    re.IGNORECASE,
)
_HTML_CLOSING = re.compile(
    r"</(?:head|title|style|script|div|p|h[1-6]|table|t[dhr]|ul|ol|li|a|span)\s*>", re.IGNORECASE
)

DELIMITERS = ",\t;|"
_SAMPLE_ROWS = 50
_MIN_ROWS, _MIN_COLUMNS = 3, 3


def text_type(head: str, suffix: str, *, is_whole: bool) -> str:
    """Return the media type of a text that begins with `head`; `suffix` is the end of its name, such as `.md`."""
    named = _TEXT_NAMES.get(suffix)
    if named in ("text/markdown", "text/csv"):
        return named
    if _is_html(head):
        return "text/html"
    return "text/csv" if named is None and _has_columns(head, is_whole=is_whole) else "text/plain"


def csv_delimiter(head: str, *, is_whole: bool) -> str | None:
    """Return the delimiter that parts the rows of a text most evenly; None where none occurs."""
    best: tuple[float, int, str] | None = None
    for delimiter in DELIMITERS:
        rows = _sample(head, delimiter, is_whole=is_whole)
        widths = [len(row) for row in rows]
        if not widths or max(widths) < 2:
            continue
        usual = max(set(widths), key=widths.count)
        found = (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual, delimiter)
        best = found if best is None or found[:2] > best[:2] else best
    return best[2] if best is not None else None


def _is_html(head: str) -> bool:
    preamble = _PREAMBLE.match(head)
    start = preamble.end() if preamble is not None else 0
    if _HTML_DOCUMENT.match(head, start):
        return True
    return bool(_HTML_FRAGMENT.match(head, start) and _HTML_CLOSING.search(head, start))


def _has_columns(head: str, *, is_whole: bool) -> bool:
    """Tell whether several lines have equally many fields."""
    for delimiter in DELIMITERS:
        rows = _sample(head, delimiter, is_whole=is_whole)
        widths = {len(row) for row in rows}
        if len(rows) >= _MIN_ROWS and len(widths) == 1 and widths.pop() >= _MIN_COLUMNS and _are_short(rows):
            return not (delimiter == "|" and head.lstrip().startswith("|"))
    return False


def _are_short(rows: Sequence[Sequence[str]]) -> bool:
    """Prose whose sentences happen to have equally many commas has long fields that begin with a space."""
    fields = [field for row in rows for field in row[1:]]
    return sum(field.startswith(" ") for field in fields) < len(fields) / 2


def _sample(head: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    """Return the first rows that are not empty; the last one may be cut off and is left out then."""
    try:
        rows = [row for row in csv.reader(head.splitlines(keepends=True), delimiter=delimiter) if any(row)]
    except csv.Error:
        return []
    return rows[:_SAMPLE_ROWS] if is_whole or len(rows) > _SAMPLE_ROWS else rows[:-1]
