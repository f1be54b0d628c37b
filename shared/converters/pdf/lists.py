"""Bullets and numbers at the start of a list item."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_BULLET = re.compile(r"^([•·◦▪▫●○■□➢➤‣⁃∙–—*\-o\uf0b7\uf0a7\uf0d8\uf06e\u2022\u25aa\u25e6])\s+(?=\S)")
_TIGHT_BULLET = re.compile(r"^([•▪●■➢➤‣⁃∙\uf0b7\uf0a7\uf0d8\uf06e])(?=\S)")
_NUMBER = re.compile(
    r"^(\(?\d{1,3}[.)、](?!\d)|\(\d{1,2}\)|（\d{1,2}）|（[一二三四五六七八九十]{1,3}）"
    r"|\[\d{1,3}\]|[①-⑳])\s*(?=\S)"
    r"|^(\(?[a-zA-Z][.)]|\(?[ivx]{1,4}[.)])\s+(?=\S)"  # "p.m." and "i.e." are no markers
)

_CHOICE = re.compile(r"^[□■].*[□■√☑☒✓]")  # boxes of a form: what is not ticked says as much as what is


@dataclass(frozen=True, slots=True)
class ListMarker:
    """What a line begins with when it is an item of a list."""

    text: str
    length: int
    """Characters of the line that the marker and the space after it take."""
    is_bullet: bool


def list_marker(text: str) -> ListMarker | None:
    """Return the bullet or number at the start of a line."""
    bullet = _BULLET.match(text) or _TIGHT_BULLET.match(text)
    if bullet and not _CHOICE.match(text):
        return ListMarker(bullet[1], bullet.end(), is_bullet=True)
    number = _NUMBER.match(text)
    if number:
        return ListMarker(number[1] or number[2], number.end(), is_bullet=False)
    return None


def item_markdown(text: str, marker: ListMarker, depth: int) -> str:
    """Return a list item as Markdown: a dash for a bullet, the number as the document has it."""
    rest = text[marker.length :]
    return "  " * depth + ("- " if marker.is_bullet else f"{marker.text} ") + rest


def nesting_depths(lefts: Sequence[float], tolerance: float) -> list[int]:
    """Return the depth of each item of one list from where it begins; depths grow by one at most."""
    stack: list[float] = []
    depths = []
    for left in lefts:
        while stack and left < stack[-1] - tolerance:
            stack.pop()
        if not stack or left > stack[-1] + tolerance:
            stack.append(left)
        depths.append(len(stack) - 1)
    return depths
