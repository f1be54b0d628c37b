"""Texts as the words that full-text search compares, in any language.

A word is lower-cased, loses its accents and is kept whole; one made of parts (`KB-2031`, `user.name`) is kept whole
and in parts. Scripts written without spaces show no words, so a run of them becomes its single characters and its
pairs of neighbours, the way of Lucene's CJKAnalyzer: any word of two characters or more is then found by its pairs,
without a dictionary that would have to know it.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

LONGEST_TOKEN = 128
"""Characters of a token that count; what is longer is no word, and is found by its beginning."""

_UNSPACED_SCRIPTS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u1100-\u11ff\uac00-\ud7af"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # iteration marks, Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_WORD = rf"(?:(?![{_UNSPACED_SCRIPTS}])[^\W_])+"
_TOKEN = re.compile(
    rf"(?P<unspaced>[{_UNSPACED_SCRIPTS}]+)"
    # The signs join parts only inside a word; `c++` and `c#` are the words that end with one.
    rf"|(?P<word>{_WORD}(?:[-_.:/@&'’+]{_WORD})*(?:\+\+|\#)?)"
)
_PART = re.compile(_WORD)
_ACCENT = re.compile("[\u0300-\u036f]")


def index_tokens(text: str) -> list[str]:
    """Return every token under which a text is found, in reading order; one that stands twice is there twice."""
    return list(_tokens(text, single_characters=True))


def query_tokens(query: str) -> list[str]:
    """Return the tokens that a text must hold to match the query fully, each once.

    Pairs of characters stand for a run of them; single ones would find every text that shares a character.
    """
    return list(dict.fromkeys(_tokens(query, single_characters=False)))


def _tokens(text: str, *, single_characters: bool) -> Iterator[str]:
    for match in _TOKEN.finditer(_fold(text)):
        if run := match["unspaced"]:
            yield from _run_tokens(run, single_characters=single_characters)
            continue
        word = match["word"]
        parts = _PART.findall(word)
        yield word[:LONGEST_TOKEN]
        if parts != [word]:
            yield from (part[:LONGEST_TOKEN] for part in parts)


def _fold(text: str) -> str:
    """Make letters equal that differ by case, width or accent; the marks of Japanese and Korean syllables stay."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.lower())
    return unicodedata.normalize("NFC", _ACCENT.sub("", parts)).lower()


def _run_tokens(run: str, *, single_characters: bool) -> Iterator[str]:
    if single_characters or len(run) == 1:
        yield from run
    for first, second in pairwise(run):
        yield first + second
