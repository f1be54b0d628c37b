"""From the lines that OCR found on pages to blocks, by the same layout as text."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.converters.base import Block, ExtractedImage
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.words import Box, Space, Word
from shared.ocr.base import RecognizedLine
from shared.ocr.pages import RecognizedPage

if TYPE_CHECKING:
    from shared.converters.pdf.layout import PageContent

_FONT_SIZE = 0.9
"""Of the height of a recognised line: its box stands a little around the letters."""

_SAME_SIZE = 1.25
"""Lines of one size differ by so much in height, as they hold letters with ascenders and descenders or not."""

_LEAST_SLOPE, _MOST_SLOPE = 0.002, 0.2  # radians
_LONG_LINE = 10  # characters: the slope of a shorter one says little


def lay_out_pages(
    pages: Mapping[int, RecognizedPage],
    images: Mapping[int, Sequence[ExtractedImage]],
    *,
    should_stop: Callable[[], bool],
) -> tuple[Block, ...]:
    """Return the blocks of recognised pages, `images` in their places; raises `Cancelled`."""
    from shared.converters.pdf.document import DocumentContent
    from shared.converters.pdf.engine import lay_out

    sizes = _font_sizes([line for page in pages.values() for line in page.lines])
    content = DocumentContent(page_count=len(pages))
    for number in sorted(pages):
        space = _space(pages[number])
        content.spaces[number] = space
        content.pages.append(_content(number, pages[number], space, sizes=sizes, images=images.get(number, ())))
    return lay_out(content, should_stop)


def _space(page: RecognizedPage) -> PageSpace:
    width, height = (page.width, page.height) if page.turn in (0, 180) else (page.height, page.width)
    return PageSpace.of((0.0, 0.0, width, height), turn=page.turn, shown_turn=0)


def _content(
    number: int,
    page: RecognizedPage,
    space: PageSpace,
    *,
    sizes: "_Sizes",
    images: Sequence[ExtractedImage],
) -> "PageContent":
    from shared.converters.pdf.layout import PageContent, Picture

    content = PageContent(number, page.width, page.height)
    slope = _slope(page.lines)
    content.words = [
        _word(index, line, page, slope=slope, size=sizes.of(line)) for index, line in enumerate(page.lines)
    ]
    shown_height = page.height if page.turn in (0, 180) else page.width
    for image in images:
        if image.bbox is None:
            continue
        left, top, right, bottom = image.bbox
        left, top, right, bottom = space.box(left, shown_height - bottom, right, shown_height - top)
        content.pictures.append(Picture(left=left, top=top, right=right, bottom=bottom, image=image, page=number))
    return content


def _slope(lines: Sequence[RecognizedLine]) -> float:
    """Return by how many radians a page was laid askew."""
    slopes = [line.slope for line in lines if len(line.text) >= _LONG_LINE]
    slope = statistics.median(slopes) if len(slopes) >= 3 else 0.0
    return slope if _LEAST_SLOPE <= abs(slope) <= _MOST_SLOPE else 0.0


def _word(index: int, line: RecognizedLine, page: RecognizedPage, *, slope: float, size: float) -> Word:
    """Return a line as one word: where the writing of a line has wide gaps, OCR finds several lines."""
    x, y = line.middle
    if slope:
        across, down = x - page.width / 2, y - page.height / 2
        x = page.width / 2 + across * math.cos(slope) + down * math.sin(slope)
        y = page.height / 2 - across * math.sin(slope) + down * math.cos(slope)
    box = Box(x - line.length / 2, y - size / 2, x + line.length / 2, y + size / 2)
    return Word(
        left=box.left,
        top=box.top,
        right=box.right,
        bottom=box.bottom,
        text=line.text,
        size=size,
        bold=False,
        mono=False,
        index=index,
        space=Space.GUESSED,
    )


class _Sizes:
    """The font sizes of a document: heights that are nearly alike are one size."""

    def __init__(self, classes: Sequence[float]) -> None:
        self._classes = classes

    def of(self, line: RecognizedLine) -> float:
        size = _FONT_SIZE * line.height
        # The most usual size that may be meant, not the nearest: a superscript makes its line higher.
        return next((known for known in self._classes if known / _SAME_SIZE <= size <= known * _SAME_SIZE), size)


def _font_sizes(lines: Sequence[RecognizedLine]) -> _Sizes:
    """Find the sizes: the one that most text has first, then what remains beside those that are known."""
    heights = sorted((_FONT_SIZE * line.height, len(line.text)) for line in lines if line.height > 0)
    classes: list[float] = []
    while heights:
        weights = [sum(n for other, n in heights if size / 1.06 <= other <= size * 1.06) for size, _ in heights]
        size = heights[max(range(len(heights)), key=lambda at: weights[at])][0]
        classes.append(round(size, 1))
        heights = [(other, n) for other, n in heights if not size / _SAME_SIZE <= other <= size * _SAME_SIZE]
    return _Sizes([size for size in classes if size > 0])
