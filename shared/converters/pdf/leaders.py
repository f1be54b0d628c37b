"""Leader dots: they lead the eye from a text to a figure, in a table of contents or in a table."""

import itertools
import re

LEADER = re.compile(r"(?:[.·．] ?){4,}|(?:… ?){3,}")
"""Matches the dots; two of the sign with three dots are what Chinese writes for a pause."""

_PAGE = re.compile(r"\d{1,4}(?:[-–.]\d{1,4})?|[ivxlcIVXLC]{1,7}|")
_MARKS = (".", "·", "．", "…")


def may_hold_leader(text: str) -> bool:
    """Tell whether there are marks enough for leader dots, wherever they stand; cheap, and nearly always False."""
    return any(text.count(mark) >= 3 for mark in _MARKS)  # as few as `LEADER` takes


def contents_entry(text: str) -> str | None:
    """Return title and page of an entry in a table of contents, without the dots; None for any other line."""
    if not any(3 * mark in text or f"{mark} {mark} {mark}" in text for mark in _MARKS):
        return None  # nearly every line: no need to search
    matches = list(LEADER.finditer(text))
    if not matches:
        return None
    title, page = text[: matches[0].start()].strip(), text[matches[-1].end() :].strip()
    one_run = all(not text[a.end() : b.start()].strip() for a, b in itertools.pairwise(matches))
    if not one_run or not any(map(str.isalnum, title)) or not _PAGE.fullmatch(page):
        return None
    return f"{title} {page}".strip()


def without_leader(cell: str) -> str:
    """Return the text of a cell without the dots at its end."""
    for match in LEADER.finditer(cell):
        if not cell[match.end() :].strip():
            return cell[: match.start()].rstrip()
    return cell
