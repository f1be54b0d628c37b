"""The reference of a document."""

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

_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")


def reference(document: Document) -> str:
    """Return the Markdown that a perfect converter would write."""
    parts = [f"# {document.title}"] if document.title else []
    notes = _Notes()
    for block in document.blocks:
        parts.extend(_block(block, notes))
    parts.extend(notes.at_page_end())
    return "\n\n".join(parts) + "\n"


class _Notes:
    """Footnotes: numbered through the document, written where a page ends."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: list[str] = []

    def add(self, text: str) -> str:
        self._count += 1
        number = str(self._count).translate(_RAISED)
        self._waiting.append(f"{number} {text}")
        return number

    def at_page_end(self) -> list[str]:
        waiting, self._waiting = self._waiting, []
        return waiting


def _text(text: str, notes: _Notes) -> str:
    written = ""
    for kind, piece, _ in inline(text):
        if kind == "note":
            written += notes.add(piece)
        elif kind == "raised":
            written += piece.translate(_RAISED)
        else:
            written += piece
    return written


def _block(block: Block, notes: _Notes) -> list[str]:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Heading():
            return [f"{'#' * block.level} {_text(block.text, notes)}"]
        case Paragraph():
            return [_text(block.text, notes)]
        case Items():
            return ["\n".join(_items(block, notes))]
        case Table():
            return [_table(block.rows)]
        case Code():
            return [f"```\n{block.text}\n```"]
        case Contents():
            return ["\n".join(f"{'  ' * depth}- {title} {page}" for depth, title, page in block.entries)]
        case PageBreak():
            return notes.at_page_end()


def _items(items: Items, notes: _Notes) -> list[str]:
    lines, number = [], 0
    for item in items.items:
        number += item.depth == 0
        marker = f"{number}." if items.numbered and item.depth == 0 else "-"
        lines.append(f"{'  ' * item.depth}{marker} {_text(item.text, notes)}")
    return lines


def _table(rows: Sequence[Sequence[str]]) -> str:
    header, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([header, "|" + " --- |" * len(rows[0]), *body])
