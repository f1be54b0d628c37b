"""Texts of any number of chunks in English and Chinese, with words as unevenly spread as in real ones.

The commonest words are those of the search evaluation's documents, so that its questions find as much as questions
do; behind them come made-up ones, so that rare words are as many as in a million real chunks.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add

import numpy as np
import numpy.typing as npt

from shared.vector_stores.text_folding import fold
from shared.vector_stores.text_tokens import index_tokens

ENGLISH_WORDS = 120_000
CHINESE_WORDS = 80_000
ENGLISH_EXPONENT = 1.05
CHINESE_EXPONENT = 1.2
"""A word of rank r is drawn in proportion to 1 / (r + 2.7)^exponent; Chinese words make new pairs with each other."""

SENTENCE_WORDS = 18
_SYLLABLES = 90
_ENGLISH_WORD = re.compile(r"[a-z]{2,}")
_CHINESE_RUN = re.compile("[\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Written:
    """The text of a chunk and the tokens that full-text search reads of it, as `index_tokens` would find them."""

    content: str
    tokens: str


@dataclass(frozen=True)
class _Words:
    words: npt.NDArray[np.object_]
    tokens: npt.NDArray[np.object_]
    cumulative: npt.NDArray[np.float64]

    def draw(self, generator: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
        return np.searchsorted(self.cumulative, generator.random(count)).astype(np.int64)


class Writer:
    """Writes chunks, the same ones each time for a seed."""

    def __init__(self, sources: Iterable[str], *, seed: int) -> None:
        text = "\n".join(sources).lower()
        drawn = random.Random(seed)
        self._generator = np.random.default_rng(seed)
        self._english = _weighted(_english_words(text, drawn), ENGLISH_EXPONENT)
        self._chinese = _weighted(_chinese_words(text, drawn), CHINESE_EXPONENT)

    def english(self, chunks: int, *, words: int, identifiers: Sequence[str]) -> list[Written]:
        """Return chunks of about so many words; each ends with its identifier."""
        drawn = self._english.draw(self._generator, chunks * words).reshape(chunks, words)
        return [self._english_chunk(*pair) for pair in zip(drawn, identifiers, strict=True)]

    def chinese(self, chunks: int, *, words: int, identifiers: Sequence[str]) -> list[Written]:
        """Return chunks of about so many words, which have no spaces between them."""
        drawn = self._chinese.draw(self._generator, chunks * words).reshape(chunks, words)
        return [self._chinese_chunk(*pair) for pair in zip(drawn, identifiers, strict=True)]

    def _english_chunk(self, drawn: npt.NDArray[np.int64], identifier: str) -> Written:
        words = self._english.words[drawn]
        sentences = (words[at : at + SENTENCE_WORDS] for at in range(0, len(words), SENTENCE_WORDS))
        content = " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)
        tokens = " ".join((*self._english.tokens[drawn], *index_tokens(identifier)))
        return Written(f"{content}\n{identifier}", tokens)

    def _chinese_chunk(self, drawn: npt.NDArray[np.int64], identifier: str) -> Written:
        words = self._chinese.words[drawn]
        runs = ["".join(words[at : at + SENTENCE_WORDS]) for at in range(0, len(words), SENTENCE_WORDS)]
        tokens = [token for run in map(fold, runs) for token in (*run, *map(add, run, run[1:]))]
        return Written(f"{'。'.join(runs)}。\n{identifier}", " ".join((*tokens, *index_tokens(identifier))))


def _weighted(words: Sequence[str], exponent: float) -> _Words:
    weights = 1 / (np.arange(len(words)) + 2.7) ** exponent
    return _Words(
        words=np.array(words, dtype=object),
        tokens=np.array([" ".join(index_tokens(word)) for word in words], dtype=object),
        cumulative=np.cumsum(weights / weights.sum()),
    )


def _english_words(text: str, drawn: random.Random) -> list[str]:
    known = [word for word, _ in Counter(_ENGLISH_WORD.findall(text)).most_common()]
    syllables = [first + second for first in "bcdfghjklmnprstvw" for second in ("a", "e", "i", "o", "u")]
    syllables = drawn.sample(syllables, min(_SYLLABLES, len(syllables)))
    return _filled(known, ENGLISH_WORDS, lambda: "".join(drawn.choices(syllables, k=drawn.randint(2, 5))))


def _chinese_words(text: str, drawn: random.Random) -> list[str]:
    runs = _CHINESE_RUN.findall(text)
    pairs = Counter(run[at : at + 2] for run in runs for at in range(0, len(run) - 1, 2))
    characters = Counter("".join(runs))
    known = [*(pair for pair, _ in pairs.most_common()), *(character for character, _ in characters.most_common(300))]
    every = list(dict.fromkeys((*(character for character, _ in characters.most_common()), *_gb2312())))
    weights = [1 / (rank + 20) for rank in range(len(every))]
    cumulative = list(accumulate(weights))

    def make() -> str:
        return "".join(drawn.choices(every, cum_weights=cumulative, k=drawn.choice((1, 2, 2, 2, 3))))

    return _filled(known, CHINESE_WORDS, make)


def _gb2312() -> list[str]:
    """Return the common characters of GB 2312; the end of its last row is empty."""
    codes = (bytes((high, low)) for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFF))
    return [code.decode("gb2312") for code in codes]


def _filled(known: Sequence[str], count: int, make: Callable[[], str]) -> list[str]:
    words = dict.fromkeys(known)
    while len(words) < count:
        words[make()] = None
    return list(words)[:count]
