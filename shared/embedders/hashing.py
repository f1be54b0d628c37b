"""An embedder without a model: hashed words and character trigrams. For tests, and for trying the service out."""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from shared.embedders.base import EmbeddedTexts, ShouldStop, Vectors

MODELS: Mapping[str, int] = {"words-64": 64}
"""Each model and its dimensions."""

_WINDOW_TOKENS = 256
_TOKEN = re.compile(r"[^\W_]{1,8}|\S")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SIGN_BIT = 1 << 31


class HashingEmbedder:
    """Texts that share words or parts of words lie close; nothing is learnt, and equal texts are always equal.

    A token is up to eight letters or digits of one word, one Chinese character, or one other visible character.
    """

    def __init__(self, model: str = "words-64") -> None:
        self._model = model
        self._dimensions = MODELS[model]

    @property
    def provider(self) -> str:
        return "hashing"

    @property
    def model(self) -> str:
        return self._model

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def max_input_tokens(self) -> int:
        return _WINDOW_TOKENS

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_tokens(text)) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(_tokens(text)[:_WINDOW_TOKENS]):
                hashed = zlib.crc32(feature.encode())
                vectors[row, hashed % self._dimensions] += -weight if hashed & _SIGN_BIT else weight
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / lengths

    def embed_parts(self, texts: Sequence[str], *, should_stop: ShouldStop) -> Iterator[EmbeddedTexts]:  # noqa: ARG002
        yield EmbeddedTexts(range(len(texts)), self.embed(texts))

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def warm_up(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to let go."""


def _tokens(text: str) -> list[str]:
    spaced = _CHINESE.sub(lambda found: f" {found[0]} ", text.lower())
    return _TOKEN.findall(spaced)


def _features(tokens: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield words at full weight and trigrams at a quarter, so that `sync` and `syncs` are neighbours."""
    for token in tokens:
        yield token, 1.0
        for start in range(len(token) - 2):
            yield f"#{token[start : start + 3]}", 0.25
