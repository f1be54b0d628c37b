"""The text inside of one block of HTML."""

import re

from lxml import etree

from shared.converters.html.tree import tag_of

_WHITE = re.compile(r"[ \t\n\r\f\xa0]+")
_LINK = re.compile(r"(?:https?://|mailto:)\S{1,300}")
_PARTING = frozenset(("p", "div", "li", "dt", "dd", "tr", "td", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"))


def collapsed(text: str | None) -> str:
    """Return a text with its white space as a browser shows it; a space at either end stays."""
    return _WHITE.sub(" ", text) if text else ""


def link_markdown(text: str, target: str | None) -> str:
    """Return a link with its address where that says more than its text."""
    if not text or target is None or not _LINK.fullmatch(target) or target in text or "[" in text or "]" in text:
        return text
    return f"[{text}]({target})"


def inline_text(element: etree._Element) -> str:
    """Return the text of a cell in one line."""
    parts: list[str] = []
    for event, found in etree.iterwalk(element, events=("start", "end")):
        tag = tag_of(found)
        if event == "start":
            if tag == "br" or tag in _PARTING:
                parts.append(" ")
            elif tag == "img":
                parts.append(collapsed(found.get("alt")))
            parts.append(collapsed(found.text))
        elif found is not element:
            parts.append(" " if tag in _PARTING else "")
            parts.append(collapsed(found.tail))
    return collapsed("".join(parts)).strip()
