"""Cuts text where a reader would: after sentences, then clauses, then words, English and Chinese alike.

Each cut keeps every character: the blanks between two parts stand in the second part's `separator`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

_SENTENCE_END = re.compile(
    r"""
    [。！？；]+ [”’」』）】》"'*_]* (?P<chinese>\s*)  # no blank needed
    | (?<![.!?…]) [.!?…]++ ["'”’»)\]*_]* (?P<latin>\s+) (?=[^\sa-z,;:])  # a blank, and no small letter after it
    | (?<!\s) (?P<paragraph>\s*\n\s*\n\s*)
    """,
    re.VERBOSE,
)
"""The looks behind keep long runs of dots or blanks from being tried again at each of their characters."""
_CLAUSE_END = re.compile(
    r"[，、：；。][”’」』）】]*(?P<chinese>\s*)|[,;:.!?)\]—–|](?P<latin>\s+)|(?<!\s)(?P<line>\s*\n\s*)"
)
_WORD_END = re.compile(r"(?P<blank>\s++)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Z]|e\.g|i\.e|cf|al|vs|approx|no|nos|vol|pp?|figs?|eqs?|secs?|tab|ch|mr|mrs|ms|dr|prof|st|jr"
    r"|inc|ltd|co|corp|u\.s|bzw|z\.\s?b|nr|abb)\.$",
    re.IGNORECASE,
)
_ABBREVIATION_REACH = 12
_NUMBERING = re.compile(r"\W{0,3}\d{1,3}\.$")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text and the blanks that stand before it."""

    separator: str
    text: str


def split_sentences(text: str) -> list[Part]:
    """Cut after each sentence; abbreviations, initials and the number of a list item end none."""
    return list(_cut(text, _SENTENCE_END, _ends_sentence))


def split_to_fit(text: str, fit: Callable[[Sequence[str]], Sequence[bool]]) -> list[Part]:
    """Cut a text into parts that fit: whole clauses where they fit, else words, else pieces of a word.

    `fit` tells of each text whether it fits; it is asked about many at once.
    """
    parts = [Part("", text)]
    for cut in (_clauses, _words):
        parts = _cut_those_too_long(parts, fit, cut)
    while (halved := _cut_those_too_long(parts, fit, _halves)) != parts:
        parts = halved
    return parts


def _cut_those_too_long(
    parts: Sequence[Part],
    fit: Callable[[Sequence[str]], Sequence[bool]],
    cut: Callable[[str], Iterable[Part]],
) -> list[Part]:
    shorter: list[Part] = []
    for part, fits in zip(parts, fit([part.text for part in parts]), strict=True):
        if fits:
            shorter.append(part)
            continue
        first, *others = cut(part.text)
        shorter.append(Part(part.separator, first.text))
        shorter.extend(others)
    return shorter


def _clauses(text: str) -> Iterable[Part]:
    return _cut(text, _CLAUSE_END)


def _words(text: str) -> Iterable[Part]:
    return _cut(text, _WORD_END)


def _halves(text: str) -> Iterable[Part]:
    middle = len(text) // 2
    return (Part("", half) for half in (text[:middle], text[middle:]) if half)


def _cut(text: str, boundary: re.Pattern[str], accept: Callable[[str], bool] | None = None) -> Iterator[Part]:
    """Cut at each boundary, or at those only before which `accept` takes the text for a whole part."""
    start = 0
    separator = ""
    for found in boundary.finditer(text):
        blank_start, blank_end = found.span(found.lastgroup or 0)
        if blank_start == start or blank_end == len(text):
            continue
        if accept is not None and not accept(text[start:blank_start]):
            continue
        yield Part(separator, text[start:blank_start])
        separator = text[blank_start:blank_end]
        start = blank_end
    yield Part(separator, text[start:])


def _ends_sentence(sentence: str) -> bool:
    if not sentence.endswith("."):
        return True
    return not (_NUMBERING.fullmatch(sentence) or _ABBREVIATION.search(sentence[-_ABBREVIATION_REACH:]))
