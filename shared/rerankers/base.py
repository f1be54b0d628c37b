"""What a reranker is: it reads a query and the texts that were found, and says how well each answers."""

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """Safe to use from several threads."""

    @property
    def name(self) -> str: ...

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """Return `len(texts)` finite numbers, the higher the better; equal ones leave the order as it was.

        Raises `RerankingFailed`.
        """
        ...
