"""What the styles of a Word document say of its paragraphs."""

import re
from dataclasses import dataclass

from lxml import etree

from shared.converters.office.package import qualified

_VAL = qualified("w:val")
_HEADING = re.compile(r"(?:heading|标题|überschrift|titre)\s*(?P<level>[1-9])", re.IGNORECASE)
_TITLE = re.compile(r"title|标题|titel|titre", re.IGNORECASE)
_DEEPER_LIST = re.compile(r"list (?:bullet|number|continue) (?P<level>[2-5])", re.IGNORECASE)
_CODE = re.compile(r"code|preformatted|listing|代码", re.IGNORECASE)
_BODY_OUTLINE = 9


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    level: int = 0
    """Of a heading, from 1; 0 for other text."""
    list_depth: int = 0
    """Beyond what its numbering says: Word's own styles for deeper lists differ in their indent alone."""
    is_code: bool = False
    number_id: str | None = None
    number_level: int = 0


PLAIN = ParagraphStyle()


def paragraph_styles(root: etree._Element | None) -> dict[str, ParagraphStyle]:
    """Return the styles of paragraphs by their id, each with what it takes from those that it is based on."""
    if root is None:
        return {}
    elements = {style.get(qualified("w:styleId")): style for style in root.iter(qualified("w:style"))}
    styles: dict[str, ParagraphStyle] = {}
    for style_id in elements:
        chain: list[str] = []
        current: str | None = style_id
        while current is not None and current in elements and current not in chain:
            chain.append(current)
            base = elements[current].find(qualified("w:basedOn"))
            current = base.get(_VAL) if base is not None else None
        style = PLAIN
        for name in reversed(chain):
            style = _refined(style, elements[name])
        styles[style_id] = style
    return styles


def outline_level(properties: etree._Element | None) -> int | None:
    """Return the level of a heading that paragraph properties set, 0 for body text, None where they say nothing."""
    found = properties.find(qualified("w:outlineLvl")) if properties is not None else None
    value = found.get(_VAL) if found is not None else None
    if value is None or not value.isdecimal():
        return None
    return int(value) + 1 if int(value) < _BODY_OUTLINE else 0


def numbering_of(properties: etree._Element | None) -> tuple[str | None, int | None]:
    """Return the number id and the level that paragraph properties set; the id `0` takes a number away."""
    found = properties.find(qualified("w:numPr")) if properties is not None else None
    if found is None:
        return None, None
    number_id, level = found.find(qualified("w:numId")), found.find(qualified("w:ilvl"))
    value = level.get(_VAL) if level is not None else None
    return (
        number_id.get(_VAL) if number_id is not None else None,
        int(value) if value is not None and value.isdecimal() else None,
    )


def _refined(base: ParagraphStyle, style: etree._Element) -> ParagraphStyle:
    name_element = style.find(qualified("w:name"))
    name = (name_element.get(_VAL) or "") if name_element is not None else ""
    properties = style.find(qualified("w:pPr"))
    heading = _HEADING.fullmatch(name.strip())
    level = int(heading["level"]) if heading is not None else 1 if _TITLE.fullmatch(name.strip()) else None
    if level is None:
        level = outline_level(properties)
    number_id, number_level = numbering_of(properties)
    deeper = _DEEPER_LIST.fullmatch(name.strip())
    return ParagraphStyle(
        list_depth=int(deeper["level"]) - 1 if deeper is not None else base.list_depth,
        level=base.level if level is None else level,
        is_code=base.is_code or bool(_CODE.search(name)),
        number_id=base.number_id if number_id is None else number_id,
        number_level=base.number_level if number_level is None else number_level,
    )
