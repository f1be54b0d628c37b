"""Pages whose writing their text does not hold: scans, writing drawn as shapes, fonts without their characters."""

import ctypes
import re
from collections.abc import Sequence

import pypdfium2.raw as pdfium

from shared.converters.pdf.layout import PageContent
from shared.converters.pdf.page_space import PageSpace
from shared.converters.pdf.pictures import object_box
from shared.converters.pdf.rules import walk_objects
from shared.converters.pdf.words import Word

_MAX_OBJECTS = 20_000
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


def is_unread(page: ctypes.c_void_p, text_page: ctypes.c_void_p, content: PageContent, space: PageSpace) -> bool:
    """Tell whether a page shows writing that its words are not."""
    characters = sum(len(word.text) for word in content.words)
    if characters == 0:
        pictures, paths = _cover(page, space, kinds=(pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH))
        return pictures >= _LEAST_COVER or paths >= _DRAWN_PATHS
    if characters < _FEW_CHARACTERS:
        pictures, _ = _cover(page, space, kinds=(pdfium.FPDF_PAGEOBJ_IMAGE,))
        if pictures >= _SCAN_COVER:
            return True
    return is_nonsense(content.words) or _lacks_unicode(text_page)


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


def _lacks_unicode(text_page: ctypes.c_void_p) -> bool:
    """Tell whether the fonts of a page do not say which characters their glyphs are."""
    count = max(0, pdfium.FPDFText_CountChars(text_page))
    looked_at = failed = 0
    for index in range(0, count, max(1, count // _SAMPLE)):
        if pdfium.FPDFText_IsGenerated(text_page, index) == 1:
            continue
        looked_at += 1
        failed += pdfium.FPDFText_HasUnicodeMapError(text_page, index) == 1
    return failed > _GARBLED * looked_at


def _cover(page: ctypes.c_void_p, space: PageSpace, *, kinds: tuple[int, ...]) -> tuple[float, int]:
    """Return which part of a page its pictures take, overlaps counted twice, and how many paths it has."""
    pictures, paths = 0.0, 0
    for found, form in walk_objects(page, _MAX_OBJECTS, kinds=kinds):
        if pdfium.FPDFPageObj_GetType(found) == pdfium.FPDF_PAGEOBJ_PATH:
            paths += 1
        else:
            box = object_box(found, form, space)
            pictures += max(0.0, box.width) * max(0.0, box.height)
    return pictures / max(1.0, space.width * space.height), paths
