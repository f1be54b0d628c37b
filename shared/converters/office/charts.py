"""The numbers behind a chart, as the file keeps them beside the drawing."""

from lxml import etree

from shared.converters.office.package import qualified

_SERIES, _POINT, _VALUE = qualified("c:ser"), qualified("c:pt"), qualified("c:v")


def chart_rows(xml: bytes) -> tuple[str, list[list[str]]]:
    """Return the title of a chart, empty where it has none, and a table of its series by category."""
    tree = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    title = tree.find(f".//{qualified('c:chart')}/{qualified('c:title')}")
    texts = title.iter(qualified("a:t")) if title is not None else ()
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in tree.iter(_SERIES):
        name = _points(series, "c:tx")
        names.append(name.get(0, ""))
        categories = categories or _points(series, "c:cat") or _points(series, "c:xVal")
        columns.append(_points(series, "c:val") or _points(series, "c:yVal"))
    places = sorted({place for column in (categories, *columns) for place in column})
    rows = [[categories.get(place, ""), *(column.get(place, "") for column in columns)] for place in places]
    return "".join(text.text or "" for text in texts), [["", *names], *rows] if rows else []


def _points(series: etree._Element, part: str) -> dict[int, str]:
    """Return the cached values of a part of a series by their place."""
    found = series.find(qualified(part))
    points: dict[int, str] = {}
    for point in found.iter(_POINT) if found is not None else ():
        place, value = point.get("idx") or "", point.find(_VALUE)
        if place.isdecimal() and value is not None and value.text:
            points.setdefault(int(place), value.text)
    return points
