"""A reranker that does as it is told, for tests."""

import threading
from collections.abc import Mapping, Sequence

from shared.errors import RerankingFailed


class ScriptedReranker:
    """Scores each text by the word of the script that it holds, else 0; fails or waits where it is told to."""

    def __init__(self, script: Mapping[str, float], *, fails: bool = False, waits_for: threading.Event | None = None):
        self._script = script
        self._fails = fails
        self._waits_for = waits_for
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    @property
    def name(self) -> str:
        return "scripted"

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        self.asked.append((query, tuple(texts)))
        if self._waits_for is not None:
            self._waits_for.wait()
        if self._fails:
            raise RerankingFailed("told to")
        return [max((score for word, score in self._script.items() if word in text), default=0.0) for text in texts]
