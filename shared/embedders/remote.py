"""An embedding model behind a service: calls at once, within its limits, retried, and their answers checked."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from typing import Protocol

import numpy as np

from shared.embedders.base import EmbeddedTexts, ShouldStop, Vectors
from shared.embedders.call_sizes import rough_tokens, split_calls
from shared.errors import EmbeddingModelError
from shared.throttling.governor import Governor
from shared.throttling.rates import SharedRates
from shared.throttling.turn import Turn

QUERY_PATIENCE_SECONDS = 5.0
"""How long somebody who searches waits for a throttled service."""

QUERY_TIMEOUT_SECONDS = 10.0
"""And how long for its answer."""

BLANK = "-"
"""What is embedded in place of a text without a visible character, which services refuse."""


class EmbeddingService(Protocol):
    """One model of one provider: what a call holds, and the call. Thread-safe."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def max_input_tokens(self) -> int: ...

    @property
    def max_texts(self) -> int:
        """Texts in one call."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...

    def call(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        """Make one call and return a vector for each text, of any length; raises `EmbeddingFailed` or a subclass."""
        ...

    def open(self) -> None:
        """Make the client, without a call."""
        ...

    def close(self) -> None: ...


class RemoteEmbedder:
    """The calls of a batch go out at once, as many as the service bears. Safe to use from several threads."""

    def __init__(
        self, service: EmbeddingService, rates: SharedRates, *, concurrency: int, patience_seconds: float
    ) -> None:
        self._service = service
        self._governor = Governor(rates, concurrency=concurrency)
        self._patience_seconds = patience_seconds
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="embedding-call")

    @property
    def provider(self) -> str:
        return self._service.provider

    @property
    def model(self) -> str:
        return self._service.model

    @property
    def dimensions(self) -> int:
        return self._service.dimensions

    @property
    def max_input_tokens(self) -> int:
        return self._service.max_input_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._service.count_tokens(texts)

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for part in self.embed_parts(texts, should_stop=lambda: False):
            vectors[part.positions] = part.vectors
        return vectors

    def embed_parts(self, texts: Sequence[str], *, should_stop: ShouldStop) -> Iterator[EmbeddedTexts]:
        turn = Turn(patience_seconds=self._patience_seconds, should_stop=should_stop)
        calls = split_calls(texts, max_texts=self._service.max_texts)
        waiting: dict[Future[Vectors], list[int]] = {
            self._pool.submit(self._made, [texts[at] for at in positions], turn): positions for positions in calls
        }
        failure: Exception | None = None
        try:
            for done in as_completed(waiting):
                error = done.exception()
                if error is None:
                    yield EmbeddedTexts(waiting[done], done.result())
                elif failure is None and isinstance(error, Exception):
                    failure = error  # what is in flight still comes, and is kept
                    turn.end()
        finally:
            turn.end()
            for call in waiting:
                call.cancel()
        if failure is not None:
            raise failure

    def embed_query(self, text: str) -> Vectors:
        turn = Turn(patience_seconds=QUERY_PATIENCE_SECONDS, should_stop=lambda: False)
        once = partial(self._call, [text], query=True)
        vector: Vectors = self._governor.call(turn, once, tokens=_tokens([text]), urgent=True)[0]
        return vector

    def warm_up(self) -> None:
        self._service.open()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._service.close()

    def _made(self, texts: Sequence[str], turn: Turn) -> Vectors:
        """Embed the texts of one call, however often it takes."""
        return self._governor.call(turn, partial(self._call, texts, query=False), tokens=_tokens(texts))

    def _call(self, texts: Sequence[str], *, query: bool) -> Vectors:
        sent = [text if text.strip() else BLANK for text in texts]
        return unit_vectors(self._service.call(sent, query=query), count=len(texts), dimensions=self.dimensions)


def _tokens(texts: Sequence[str]) -> int:
    return sum(map(rough_tokens, texts))


def unit_vectors(answer: Sequence[Sequence[float]], *, count: int, dimensions: int) -> Vectors:
    """Return an answer as `count x dimensions` unit vectors. Raises `EmbeddingModelError` where it is not one."""
    if len(answer) != count:
        raise EmbeddingModelError(f"asked for {count} vectors, got {len(answer)}")
    try:
        vectors = np.array(answer, dtype=np.float32).reshape(count, -1)
    except (TypeError, ValueError, OverflowError) as error:
        raise EmbeddingModelError(f"the answer holds no vectors: {error}") from error
    if vectors.shape[1] != dimensions:
        raise EmbeddingModelError(f"the model has {dimensions} dimensions, the answer {vectors.shape[1]}")
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise EmbeddingModelError("the answer holds vectors without a direction: zeros, or numbers that are not finite")
    return vectors / lengths
