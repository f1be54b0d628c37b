"""The text of a Word paragraph as it is shown, with the pictures and text boxes that hang on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from shared.converters.html.inline import link_markdown
from shared.converters.office.package import qualified

_TEXT = frozenset((qualified("w:t"), qualified("m:t")))
_PASSED_OVER = frozenset(
    map(qualified, ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:instrText", "w:delText", "mc:Fallback", "w:sdtPr"))
)
_BREAKS = {
    qualified("w:br"): "\n",
    qualified("w:cr"): "\n",
    qualified("w:tab"): "\t",
    qualified("w:ptab"): "\t",
    qualified("w:noBreakHyphen"): "-",
}
_NOTES = {qualified("w:footnoteReference"): "", qualified("w:endnoteReference"): "e"}
_BLIP, _IMAGE_DATA = qualified("a:blip"), qualified("v:imagedata")
_BOX = qualified("w:txbxContent")
_LINK = qualified("w:hyperlink")
_CHART = qualified("c:chart")


@dataclass(slots=True)
class ParagraphText:
    text: str = ""
    pictures: list[str] = field(default_factory=list)
    """Relationship ids."""
    linked_pictures: int = 0
    boxes: list[etree._Element] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Marks of the footnotes (`1`) and endnotes (`e1`) that it refers to."""


def read_paragraph(paragraph: etree._Element, links: Mapping[str, str]) -> ParagraphText:
    """Read a paragraph; `links` holds the addresses of external links by relationship id.

    Deleted text of tracked changes is left out, inserted text is kept.
    """
    found = ParagraphText()
    parts: list[str] = []
    link_starts: list[int] = []
    walk = etree.iterwalk(paragraph, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "end":
            if tag == _LINK:
                at = link_starts.pop()
                parts[at:] = [link_markdown("".join(parts[at:]), links.get(element.get(qualified("r:id")) or ""))]
        elif tag in _PASSED_OVER:
            walk.skip_subtree()
        elif tag == _BOX:
            found.boxes.append(element)
            walk.skip_subtree()
        elif tag in _TEXT:
            parts.append(element.text or "")
        elif tag in _BREAKS:
            parts.append("" if _is_page_break(element) else _BREAKS[tag])
        elif tag in _NOTES:
            mark = f"{_NOTES[tag]}{element.get(qualified('w:id'))}"
            found.notes.append(mark)
            parts.append(f"[^{mark}]")
        elif tag == _LINK:
            link_starts.append(len(parts))
        else:
            _take_object(element, found)
    found.text = "".join(parts)
    return found


def is_monospaced(paragraph: etree._Element) -> bool:
    """Tell whether every run with text is set in a font for code."""
    fonts = [
        run.find(f"{qualified('w:rPr')}/{qualified('w:rFonts')}")
        for run in paragraph.iter(qualified("w:r"))
        if any((text.text or "").strip() for text in run.iter(qualified("w:t")))
    ]
    names = [(font.get(qualified("w:ascii")) or "").lower() if font is not None else "" for font in fonts]
    return bool(names) and all(any(part in name for part in ("courier", "consol", "mono", "menlo")) for name in names)


def _take_object(element: etree._Element, found: ParagraphText) -> None:
    if element.tag == _BLIP:
        embedded = element.get(qualified("r:embed"))
        if embedded:
            found.pictures.append(embedded)
        elif element.get(qualified("r:link")):
            found.linked_pictures += 1
    elif element.tag == _IMAGE_DATA and element.get(qualified("r:id")):
        found.pictures.append(element.get(qualified("r:id")))
    elif element.tag == _CHART and element.get(qualified("r:id")):
        found.charts.append(element.get(qualified("r:id")))


def _is_page_break(element: etree._Element) -> bool:
    return element.get(qualified("w:type")) in ("page", "column")
