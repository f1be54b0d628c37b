"""Headings: larger than the body, or bold and short; their levels from size and numbering."""

import collections
import re
from collections.abc import Iterable, Sequence

from shared.converters.pdf.layout import Line
from shared.converters.pdf.leaders import LEADER
from shared.converters.pdf.numbering import NUMBERED, numbering_depth
from shared.converters.pdf.paragraph import Paragraph
from shared.converters.pdf.scripts import HAN

_LARGER = 1.13  # times the size of the body
_TITLE = 1.4  # a text so much larger may hold more figures than letters, like the number of an invoice
_SAME_SIZE = 0.3  # points
_MAX_LINES, _MAX_LENGTH, _MAX_BOLD_LENGTH = 3, 180, 120
_NUMBER = re.compile(r"^\d[\d.]*\s*")
_WORD = re.compile(rf"[^\W\d_]{{3}}|{HAN.pattern}\s*{HAN.pattern}")  # formulas have single letters
_CAPTION = re.compile(
    r"^(?:表|图|圖|Table|Tab\.|Figure|Fig\.|Tabelle|Abbildung|Abb\.|Tableau)\s*[A-Z]?\d+([.\-–]\d+)*(?![\d.\-–])",
    re.IGNORECASE,
)
_ENDS_LIKE_TEXT = re.compile(r"[,;，；。、]$")


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
            # A size next to the body's is the body's; one clearly below it is a level of its own.
            size = body if 0.95 * body < paragraph.size < _LARGER * body else paragraph.size
            ranks[index] = (size, numbering_depth(paragraph.text))
    return _levels(ranks)


def is_heading(paragraph: Paragraph, body: float) -> bool:
    """Tell whether a paragraph stands out from the body as a heading does."""
    text = paragraph.text
    if len(text) > _MAX_LENGTH or len(paragraph.lines) > _MAX_LINES or paragraph.mono or not _reads_like_one(text):
        return False
    if paragraph.marker is not None and paragraph.marker.is_bullet:
        return False
    if paragraph.size < _TITLE * body and (_has_few_letters(text) or _CAPTION.match(text)):
        return False
    return paragraph.size >= _LARGER * body or _is_bold_heading(paragraph, body)


def _reads_like_one(text: str) -> bool:
    return bool(_WORD.search(_NUMBER.sub("", text))) and not _ENDS_LIKE_TEXT.search(text) and not LEADER.search(text)


def _has_few_letters(text: str) -> bool:
    title = _NUMBER.sub("", text)
    return sum(character.isalpha() for character in title) <= 0.4 * len(title)


def _is_bold_heading(paragraph: Paragraph, body: float) -> bool:
    text = paragraph.text
    if not paragraph.bold or paragraph.size < 0.8 * body or len(text) > _MAX_BOLD_LENGTH or len(paragraph.lines) > 2:
        return False
    return text[-1] not in ".:：" and (paragraph.marker is None or bool(NUMBERED.match(text)))


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
