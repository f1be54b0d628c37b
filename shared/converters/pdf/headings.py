"""Headings: larger than the body, or bold and short; their levels from size and numbering."""

import collections
import re
from collections.abc import Iterable, Sequence

from shared.converters.pdf.layout import Line
from shared.converters.pdf.paragraphs import Paragraph

_LARGER = 1.13  # times the size of the body
_SAME_SIZE = 0.3  # points
_MAX_LINES, _MAX_LENGTH, _MAX_BOLD_LENGTH = 3, 180, 120
_NUMBERED = re.compile(
    r"^(?:\d{1,2}(?:\.\d{1,2}){0,4}\.?\s*[^\s\d.,%)）]|第\s*[一二三四五六七八九十百\d]+\s*[章节節篇部]"
    r"|[一二三四五六七八九十]{1,3}、|(?:Chapter|Appendix|Section|Part)\s+\w+|[A-Z]\.\d)",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"^\d{1,2}((?:\.\d{1,2}){0,4})\.?\s*[^\s\d.,%)）]")
_NUMBER = re.compile(r"^\d[\d.]*\s*")
_ENDS_LIKE_TEXT = re.compile(r"[,;，；。、]$")
_LEADER_DOTS = re.compile(r"(\. ?){4,}|…{2,}")


def body_size(lines: Iterable[Line]) -> float:
    """Return the size in which most text is set; monospace counts a quarter, it is often set smaller."""
    sizes: collections.Counter[float] = collections.Counter()
    for line in lines:
        sizes[line.size] += len(line.text) * (0.25 if line.mono else 1.0)  # type: ignore[assignment]
    return sizes.most_common(1)[0][0] if sizes else 10.0


def heading_levels(paragraphs: Sequence[Paragraph], body: float) -> dict[int, int]:
    """Return the level, 1 to 6, of those paragraphs that are headings, by their position in `paragraphs`."""
    ranks: dict[int, tuple[float, int]] = {}
    for index, paragraph in enumerate(paragraphs):
        if is_heading(paragraph, body):
            size = paragraph.size if paragraph.size >= _LARGER * body else body
            ranks[index] = (size, numbering_depth(paragraph.text))
    return _levels(ranks)


def is_heading(paragraph: Paragraph, body: float) -> bool:
    """Tell whether a paragraph stands out from the body as a heading does."""
    text = paragraph.text
    if len(text) > _MAX_LENGTH or len(paragraph.lines) > _MAX_LINES or paragraph.mono:
        return False
    title = _NUMBER.sub("", text)
    letters = sum(character.isalpha() for character in title)
    if letters < 2 or letters <= 0.4 * len(title) or _ENDS_LIKE_TEXT.search(text) or _LEADER_DOTS.search(text):
        return False
    if paragraph.marker is not None and paragraph.marker.is_bullet:
        return False
    if paragraph.size >= _LARGER * body:
        return True
    if not paragraph.bold or paragraph.size < 0.8 * body or len(text) > _MAX_BOLD_LENGTH or len(paragraph.lines) > 2:
        return False
    return text[-1] not in ".:：" and (paragraph.marker is None or bool(_NUMBERED.match(text)))


def numbering_depth(text: str) -> int:
    """Return 1 for "2 Methods", 2 for "2.1 Data" and so on; 0 for a heading without a decimal number."""
    match = _DECIMAL.match(text)
    return match[1].count(".") + 1 if match else 0


def _levels(ranks: dict[int, tuple[float, int]]) -> dict[int, int]:
    clusters: list[list[float]] = []
    for size in sorted({size for size, _ in ranks.values()}, reverse=True):
        if clusters and clusters[-1][-1] - size <= _SAME_SIZE:
            clusters[-1].append(size)
        else:
            clusters.append([size])
    cluster_of = {size: number for number, cluster in enumerate(clusters) for size in cluster}
    shallowest: dict[int, int] = {}
    for size, depth in ranks.values():
        if depth:
            shallowest[cluster_of[size]] = min(depth, shallowest.get(cluster_of[size], depth))
    # Within one size a deeper number is a lower level; headings without a number stand with the shallowest.
    keys = {
        index: (cluster_of[size], max(depth, shallowest.get(cluster_of[size], 0)))
        for index, (size, depth) in ranks.items()
    }
    order = {key: number for number, key in enumerate(sorted(set(keys.values())), start=1)}
    return {index: min(order[key], 6) for index, key in keys.items()}
