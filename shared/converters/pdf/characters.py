"""From the characters of a page to its words."""

import collections
import re

from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.text_page import TextPage
from shared.converters.pdf.word_builder import WordBuilder
from shared.converters.pdf.words import Space, Word

_RUN = re.compile("[^\x00\t\n\r \xa0\u2002\u2003\u2009\u202f\u3000]+")
"""Matches what stands between blanks."""

_WRITTEN_BLANKS = " \xa0\u3000"
_TURN_SAMPLES = 200


def dominant_turn(page: TextPage) -> int | None:
    """Return the direction of most of the text, 0, 90, 180 or 270 degrees; None for a page without text."""
    turns = collections.Counter(round(style.angle / 90) * 90 % 360 for style in page.sampled_styles(_TURN_SAMPLES))
    return turns.most_common(1)[0][0] if turns else None


def read_words(page: TextPage, space: PageSpace) -> list[Word]:
    """Return the words of a page in the order of the file.

    Text that leans more than a few degrees against the rest is left out. Invisible text is kept where it is the only
    text (the text layer of a scan) and left out beside visible text.
    """
    builder = WordBuilder(space)
    end = 0
    for run in _RUN.finditer(page.text):
        if run.start():
            builder.blank(_blank_kind(page, end, run.start()))
        end = run.end()
        _add_run(builder, page, run.start(), end)
    hidden = sum(len(word.text) for word in builder.hidden)
    visible = sum(len(word.text) for word in builder.visible)
    return _without_overprints(builder.hidden if hidden > 4 * visible else builder.visible)


def _blank_kind(page: TextPage, start: int, end: int) -> Space:
    written = (page.text[index] in _WRITTEN_BLANKS and not page.is_made_up(index) for index in range(start, end))
    return Space.WRITTEN if any(written) else Space.GUESSED


def _add_run(builder: WordBuilder, page: TextPage, start: int, end: int) -> None:
    for first, after, address in page.text_objects(start, end):
        boxes = page.boxes(first, after)
        if address != builder.text_object:
            # All characters of a text object stand on one baseline, so it is asked for once.
            builder.start_object(address, page.origin(first) or (boxes[0], boxes[1]))
        builder.add(page.characters[first:after], first, page.style(first, address), boxes)


def _without_overprints(words: list[Word]) -> list[Word]:
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for word in words:
        if len(word.text) > 1:
            key = (word.text, round(word.left / 2), round(word.bottom / 2))
            if key in seen:
                continue
            seen.add(key)
        kept.append(word)
    return kept
