"""Raised figures: exponents and the marks of footnotes, written as the raised figures of Unicode."""

import dataclasses
import re
from collections.abc import Sequence

from shared.converters.pdf.words import Word

_FIGURES = re.compile(r"^[-+−]?\d{1,3}$|^n$")
_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_SMALLER = 0.82  # times the size of the text beside it
_HIGHER = 0.18  # font sizes above its baseline


def with_raised_figures(words: list[Word]) -> list[Word]:
    """Return the words of one line, raised figures replaced: 10 and a raised 3 are not 103."""
    if len(words) == 1:
        return words
    sizes = {word.size for word in words}
    if len(sizes) < 2:  # nearly every line
        return words
    largest = max(sizes)
    if min(sizes) > _SMALLER * largest:
        return words
    return [
        dataclasses.replace(word, text=word.text.translate(_RAISED)) if _is_raised(word, words, largest) else word
        for word in words
    ]


def _is_raised(word: Word, words: Sequence[Word], largest: float) -> bool:
    if word.size > _SMALLER * largest or not _FIGURES.match(word.text):
        return False
    beside = [
        other
        for other in words
        if other.size > word.size / _SMALLER
        and min(abs(other.right - word.left), abs(other.left - word.right)) < 0.5 * other.size
    ]
    return any(other.baseline - word.baseline > _HIGHER * other.size for other in beside)
