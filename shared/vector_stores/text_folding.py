"""Makes letters equal that a reader takes for the same: case, width, accents, traditional and simplified characters.

Every character is folded by itself, together with the marks that combine with it, so that each letter of the result
has its place in the original.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
"""Accents and the optional vowel signs of Hebrew and Arabic; the marks of Japanese and Korean syllables stay."""

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),  # hyphens, the en dash, the minus sign
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),  # soft hyphens and other things nobody sees
    }
)
_JOINING_LETTERS = (*map(chr, range(0x1160, 0x1200)), "\uff9e", "\uff9f")
"""Vowels and endings of Korean syllables, the voice marks of halfwidth Japanese."""

_HAN_BLOCKS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))


def fold(text: str) -> str:
    """Return the text as it is compared."""
    if text.isascii():
        return text.lower()
    if _joining().isdisjoint(text):
        return text.translate(_FOLDED)
    return "".join(map(_fold_cluster, _clusters(text)))


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """Return the folded text and where in the original each of its characters begins; one more place is the end."""
    if text.isascii():
        return text.lower(), list(range(len(text) + 1))
    clusters = list(_clusters(text))
    folded = list(map(_fold_cluster, clusters))
    starts = accumulate(map(len, clusters), initial=0)
    places = [start for start, letters in zip(starts, folded, strict=False) for _ in letters]
    return "".join(folded), [*places, len(text)]


def _clusters(text: str) -> Iterator[str]:
    """Yield each character with its combining marks, and the letters of a Korean syllable together."""
    joining = _joining()
    start = 0
    for at in range(1, len(text)):
        if text[at] not in joining:
            yield text[start:at]
            start = at
    yield text[start:]


@lru_cache(maxsize=1)
def _joining() -> frozenset[str]:
    """Return the characters that may become one with that before them."""
    marks = (character for character in map(chr, range(sys.maxunicode + 1)) if unicodedata.combining(character))
    return frozenset((*marks, *_JOINING_LETTERS))


@lru_cache(maxsize=1 << 16)
def _fold_cluster(cluster: str) -> str:
    parts = unicodedata.normalize("NFKD", cluster.lower())
    composed = unicodedata.normalize("NFC", _MARKS.sub("", parts)).lower()
    return composed.translate(_SIGNS).translate(_simplified())


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """Return the simplified form of every traditional Chinese character, by its code point.

    One character at a time: what is compared need not be good Chinese, only the same for both ways of writing.
    """
    from opencc import OpenCC

    characters = [chr(code) for first, end in _HAN_BLOCKS for code in range(first, end)]
    simplified = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {
        ord(character): other
        for character, other in zip(characters, simplified, strict=True)
        if other != character and len(other) == 1
    }


class _Folded(dict[int, str]):
    """The folded form of each single character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, _fold_cluster(chr(code)))


_FOLDED = _Folded()
