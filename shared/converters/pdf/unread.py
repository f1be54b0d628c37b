"""Pages whose writing their text does not hold: scans, writing drawn as shapes, fonts without their characters."""

import re
from collections.abc import Sequence

import pypdfium2.raw as pdfium

from shared.converters.pdf.layout import PageContent
from shared.converters.pdf.native import reference_to
from shared.converters.pdf.page_objects import DrawnObject, ObjectMeasure
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.text_page import TextPage
from shared.converters.pdf.words import Word

_LEAST_COVER = 0.05  # of a page without text: less is an ornament
_SCAN_COVER = 0.6  # of a page with a few words, a stamp or a page number: it is a scan
_FEW_CHARACTERS = 100
_DRAWN_PATHS = 20  # on a page without text: letters drawn as shapes are many, frames and rules are few
_SAMPLE = 300
_GARBLED = 0.3  # of the characters

_STRANGE = re.compile("[\ue000-\uf8ff\ufffd\ufff0-\uffff\u0080-\u009f\U000f0000-\U0010ffff]")
"""Private use, replacement and control characters."""

_LATIN1_LETTERS = re.compile("[\u00a1-\u00ff]")
"""Where these prevail, the bytes of another encoding were taken for Latin-1: no language is written so."""

_LETTERS = re.compile("[a-z]+")
_ENOUGH_LETTERS = 300
_PAIRS = frozenset(
    [
        "th",
        "he",
        "in",
        "er",
        "an",
        "re",
        "on",
        "at",
        "en",
        "nd",
        "ti",
        "es",
        "or",
        "te",
        "of",
        "ed",
        "is",
        "it",
        "al",
        "ar",
        "st",
        "to",
        "nt",
        "ng",
        "se",
        "ha",
        "as",
        "ou",
        "io",
        "le",
        "ve",
        "co",
        "me",
        "de",
        "hi",
        "ri",
        "ro",
        "ic",
        "ne",
        "ea",
        "ra",
        "ce",
        "li",
        "ch",
        "ll",
        "be",
        "ma",
        "si",
        "om",
        "ur",
        "ei",
        "ie",
        "ge",
        "ec",
        "un",
        "nh",
        "au",
        "qu",
        "el",
        "la",
        "os",
        "da",
        "do",
        "ai",
    ]
)
"""Letters that follow each other often in languages of Latin script; half of their text is made of them."""

_LEAST_PAIRS = 0.15
"""Among letters in disorder they are 9 in 100."""


def is_unread(content: PageContent, page: TextPage, objects: Sequence[DrawnObject], space: PageSpace) -> bool:
    """Tell whether a page shows writing that its words are not."""
    characters = sum(len(word.text) for word in content.words)
    if characters == 0:
        paths = sum(drawn.kind == pdfium.FPDF_PAGEOBJ_PATH for drawn in objects)
        return paths >= _DRAWN_PATHS or _picture_cover(objects, space) >= _LEAST_COVER
    if characters < _FEW_CHARACTERS and _picture_cover(objects, space) >= _SCAN_COVER:
        return True
    return is_nonsense(content.words) or page.share_without_unicode(_SAMPLE) > _GARBLED


def is_nonsense(words: Sequence[Word]) -> bool:
    """Tell text in no language from text in some."""
    text = "".join(word.text for word in words)
    if not text:
        return False
    if len(_STRANGE.findall(text)) > _GARBLED * len(text):
        return True
    if len(_LATIN1_LETTERS.findall(text)) > 0.5 * len(text):
        return True
    return _is_in_disorder([word.text for word in words])


def _is_in_disorder(texts: Sequence[str]) -> bool:
    """Tell letters that follow each other as in no language: a font whose codes were taken for characters."""
    runs = [run for text in texts for run in _LETTERS.findall(text.lower())]
    pairs = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    if len(pairs) < _ENOUGH_LETTERS:
        return False
    return sum(pair in _PAIRS for pair in pairs) < _LEAST_PAIRS * len(pairs)


def _picture_cover(objects: Sequence[DrawnObject], space: PageSpace) -> float:
    """Return which part of a page its pictures take, overlaps counted twice."""
    measure = ObjectMeasure()
    covered = 0.0
    for kind, address, form in objects:
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            box = measure.box(reference_to(address), form, space)
            covered += max(0.0, box.width) * max(0.0, box.height)
    return covered / max(1.0, space.width * space.height)
