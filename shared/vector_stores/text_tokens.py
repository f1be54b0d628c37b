"""Texts as the words that full-text search compares, in any language.

Letters are folded first (`text_folding`). Then

- an English word is its stem: `syncing` and `synced` are one;
- a word made of parts is kept whole and in parts, whichever sign joins them: `KB-2031`, `kb_2031` and `KB2031` are
  one, and `KB 2031` has the same parts; between two figures the sign stays, for `2.31` is not `2.3.1`;
- a number is the same with and without signs between its thousands: `1,234.5` and `1234.5`;
- a date is the same in every order and in words: `2025-03-15`, `2025年3月15日`, `15 March 2025`;
- scripts written without spaces show no words, so a run of them becomes its single characters and its pairs of
  neighbours, the way of Lucene's CJKAnalyzer: any word of two characters or more is then found by its pairs, without a
  dictionary that would have to know it.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from shared.vector_stores.query_words import CHINESE_PAIRS, CHINESE_PARTICLES, CHINESE_SINGLES, ENGLISH
from shared.vector_stores.text_folding import fold, fold_with_places

if TYPE_CHECKING:
    from Stemmer import Stemmer

LONGEST_TOKEN = 128
"""Characters of a token that count; what is longer is no word, and is found by its beginning."""

SHORTEST_NUMBER = 3
"""Figures of a number that may name one thing; shorter ones stand everywhere."""

MOST_QUERY_TOKENS = 256
"""So many tokens of a query are looked for: more say no more, and each costs time."""

_UNSPACED_SCRIPTS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # iteration marks, Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_LETTER = rf"(?:(?![{_UNSPACED_SCRIPTS}])[^\W_])"
_WORD = rf"{_LETTER}+"
_JOINING = r"[-_.:/@&'+]"
_TOKEN = re.compile(
    rf"(?P<unspaced>[{_UNSPACED_SCRIPTS}]+)"
    rf"|(?P<number>(?<![\d.,])\d{{1,3}}(?P<comma>[,'])\d{{3}}(?:(?P=comma)\d{{3}})*(?:\.\d+)?(?!{_LETTER}|[,'.]\d))"
    # The signs join parts only inside a word; `c++` and `c#` are the words that end with one.
    rf"|(?P<word>{_WORD}(?:{_JOINING}{_WORD})*(?:\+\+|\#)?)"
)
_PART = re.compile(_WORD)
_LOOSE_JOINT = re.compile(rf"(?<!\d){_JOINING}(?=.)|(?<=.){_JOINING}(?!\d)")
_VERSION = re.compile(r"v\d+(?:\.\d+)+")
_FIGURES = re.compile(r"\d+(?:\.\d+)+")
_NO_CENTS = re.compile(r"(?<=\d)\.00$")
_MEASURE = re.compile(r"(\d+)([a-z]{2,})|([a-z]{2,})(\d+)([a-z]*)")
_MONTHS = {
    name: at
    for at, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = (
    re.compile(
        r"(?<![\d.])(?P<year>[12]\d{3})(?:\s?年\s?|(?P<sign>[-/.]))(?P<month>\d{1,2})"
        r"(?(sign)(?P=sign)|\s?月\s?)(?P<day>\d{1,2})(?!\d|\.\d)"
    ),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH},?\s+(?P<year>[12]\d{{3}})(?!\d)"),
    re.compile(rf"(?<![a-z]){_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>[12]\d{{3}})(?!\d)"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands in the text that it was read from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QueryTokens:
    """What a query asks for."""

    all: tuple[str, ...]
    """The tokens that a text must hold to match fully, each once."""
    exact: tuple[str, ...]
    """Those of them that name one thing: identifiers, numbers, dates."""
    characters: frozenset[str] = frozenset()
    """The characters of the pairs: a text that shares them speaks of like things, if in other words."""

    @property
    def looked_for(self) -> frozenset[str]:
        return self.characters.union(self.all)


def index_tokens(text: str) -> list[str]:
    """Return every token under which a text is found; one that stands twice is there twice."""
    return [token.text for token in _tokens(fold(text), single_characters=True)]


def query_tokens(query: str) -> QueryTokens:
    """Return the tokens of a query without the words that questions are built with, unless there are no others.

    Pairs of characters stand for a run of them; single ones would find every text that shares a character.
    """
    found = list(_tokens(fold(query), single_characters=False))
    dates = [token for token in found if token.is_date]
    telling = [token for token in found if not token.is_filler and not _is_day_or_month(token, dates)] or found
    telling = telling[:MOST_QUERY_TOKENS]
    return QueryTokens(
        all=tuple(dict.fromkeys(token.text for token in telling)),
        exact=tuple(dict.fromkeys(token.text for token in telling if token.is_exact)),
        characters=frozenset(character for token in telling if token.is_pair for character in token.text),
    )


def _is_day_or_month(token: "_Found", dates: list["_Found"]) -> bool:
    return _is_short_number(token.text) and any(date.start <= token.start < date.end for date in dates)


def located_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text with their places in it."""
    folded, places = fold_with_places(text)
    for token in _tokens(folded, single_characters=True):
        yield Token(token.text, places[token.start], _end_of(token, places))


def _end_of(token: "_Found", places: list[int]) -> int:
    """Return where the original of a token's last character ends: one character may have become several."""
    at = token.end
    while places[at] <= places[token.end - 1]:
        at += 1
    return places[at]


class _Found(NamedTuple):
    """A token in folded text; a tuple, since a document makes a hundred thousand of them."""

    text: str
    start: int
    end: int
    is_filler: bool = False
    is_exact: bool = False
    is_pair: bool = False
    is_date: bool = False


def _tokens(folded: str, *, single_characters: bool) -> Iterator[_Found]:
    yield from _dates(folded)
    for match in _TOKEN.finditer(folded):
        start, end = match.span()
        if run := match["unspaced"]:
            yield from _run_tokens(run, start, single_characters=single_characters)
        elif number := match["number"]:
            yield _Found(_whole_amount(number.replace(match["comma"], "")), start, end, is_exact=True)
            if single_characters:
                yield from _parts(number.replace(".", ","), start)
        else:
            yield from _word_tokens(match["word"], start)


def _word_tokens(word: str, start: int) -> Iterator[_Found]:
    """Yield a word whole and, where it is made of several, its parts."""
    begin, end = start, start + len(word)
    if word.isascii() and word.isalpha():  # nearly all of them
        yield _Found(_english_stem(word[:LONGEST_TOKEN]), begin, end, is_filler=word in ENGLISH)
        return
    if _VERSION.match(word):
        word, start = word[1:], start + 1
    ending = word[len(word.rstrip("+#")) :]
    name = word.removesuffix(ending).removesuffix("'s")
    whole = _whole_amount(_LOOSE_JOINT.sub("", name)) + ending
    is_joined = _PART.fullmatch(name) is None
    has_figure = any(map(str.isdigit, whole))
    yield _Found(
        _stem(whole[:LONGEST_TOKEN]),
        begin,
        end,
        is_filler=word in ENGLISH or whole in ENGLISH,
        is_exact=is_joined or bool(ending) or (has_figure and len(whole) >= SHORTEST_NUMBER),
    )
    if is_joined or ending:
        yield from _parts(name, start)
    else:
        yield from _measure(name, start)


def _whole_amount(number: str) -> str:
    """Return an amount without `.00`, with which it is the same."""
    return _NO_CENTS.sub("", number)


def _parts(word: str, start: int) -> Iterator[_Found]:
    """Yield the parts of a word; short figures and letters among them tell nothing by themselves."""
    for version in _FIGURES.finditer(word):
        if version[0] != word:
            yield _Found(version[0], start + version.start(), start + version.end(), is_exact=True)
    for part in _PART.finditer(word):
        text, at = part[0], start + part.start()
        is_filler = text in ENGLISH or _is_short_number(text) or (len(text) == 1 and text.isalpha())
        yield _Found(_stem(text[:LONGEST_TOKEN]), at, at + len(text), is_filler=is_filler)
        yield from _measure(text, at)


def _measure(word: str, start: int) -> Iterator[_Found]:
    """Yield the letters and the figures of `75kw` or `kb2031` apart, as they may be written elsewhere."""
    if (match := _MEASURE.fullmatch(word)) is None:
        return
    is_name = match[1] is None
    for group in range(1, 6):
        if text := match[group]:
            is_filler = is_name and _is_short_number(text)
            yield _Found(_stem(text), start + match.start(group), start + match.end(group), is_filler=is_filler)


def _is_short_number(text: str) -> bool:
    return len(text) < SHORTEST_NUMBER and text.isdigit()


def _run_tokens(run: str, start: int, *, single_characters: bool) -> Iterator[_Found]:
    if single_characters:
        for at, character in enumerate(run, start=start):
            yield _Found(character, at, at + 1)
        for at, (first, second) in enumerate(pairwise(run), start=start):
            yield _Found(first + second, at, at + 2)
        return
    if len(run) == 1:
        yield _Found(run, start, start + 1, is_filler=run in CHINESE_SINGLES)
    for at, (first, second) in enumerate(pairwise(run), start=start):
        pair = first + second
        is_filler = first in CHINESE_PARTICLES or second in CHINESE_PARTICLES or pair in CHINESE_PAIRS
        yield _Found(pair, at, at + 2, is_filler=is_filler, is_pair=True)


def _dates(folded: str) -> Iterator[_Found]:
    for pattern in _DATES:
        for match in pattern.finditer(folded):
            month = _MONTHS.get(match["month"]) or int(match["month"])
            day = int(match["day"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield _Found(
                    f"{match['year']}-{month:02}-{day:02}", match.start(), match.end(), is_exact=True, is_date=True
                )


def _stem(word: str) -> str:
    return _english_stem(word) if word.isascii() and word.isalpha() else word


@lru_cache(maxsize=1 << 16)
def _english_stem(word: str) -> str:
    stem: str = _stemmer().stemWord(word)
    return stem


_of_thread = threading.local()


def _stemmer() -> "Stemmer":
    """Return this thread's stemmer: one must not be used by two at once."""
    if not hasattr(_of_thread, "stemmer"):
        from Stemmer import Stemmer

        _of_thread.stemmer = Stemmer("english")
    stemmer: Stemmer = _of_thread.stemmer
    return stemmer
