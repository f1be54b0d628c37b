"""How long a text is: in the tokens that a chunk is measured in, and in those that its model reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from shared.chunking.tokens import count_tokens


class ModelWindow(Protocol):
    """How much an embedding model reads of one text; every `Embedder` is one."""

    @property
    def max_input_tokens(self) -> int: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...


class Size(NamedTuple):
    """Length in tiktoken tokens and in the model's own; also a limit of both."""

    tokens: int
    model_tokens: int

    def plus(self, other: Size) -> Size:
        return Size(self.tokens + other.tokens, self.model_tokens + other.model_tokens)

    def minus(self, other: Size) -> Size:
        return Size(self.tokens - other.tokens, self.model_tokens - other.model_tokens)

    def fits(self, limit: Size) -> bool:
        return self.tokens <= limit.tokens and self.model_tokens <= limit.model_tokens

    def share(self, parts: int) -> Size:
        return Size(self.tokens // parts, self.model_tokens // parts)


NOTHING = Size(0, 0)


class Ruler:
    """Measures texts and remembers them; many at once cost far less than one by one."""

    def __init__(self, window: ModelWindow) -> None:
        self._window = window
        self._sizes: dict[str, Size] = {"": NOTHING}

    def measure(self, texts: Iterable[str]) -> None:
        """Measure those texts that are not known yet, in one call of each tokenizer."""
        unknown = list(dict.fromkeys(text for text in texts if text not in self._sizes))
        if not unknown:
            return
        counts = zip(count_tokens(unknown), self._window.count_tokens(unknown), strict=True)
        self._sizes.update((text, Size(*count)) for text, count in zip(unknown, counts, strict=True))

    def sizes(self, texts: Sequence[str]) -> list[Size]:
        self.measure(texts)
        return [self._sizes[text] for text in texts]

    def size(self, text: str) -> Size:
        return self.sizes([text])[0]
