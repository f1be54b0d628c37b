"""Embedding models behind an OpenAI-compatible endpoint: OpenAI, Azure, vLLM, TEI, Ollama, LiteLLM and others."""

import base64
import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import urllib3

from shared.chunking.tokens import count_tokens
from shared.embedders.call_sizes import safe_tokens
from shared.embedders.remote import QUERY_TIMEOUT_SECONDS, RemoteEmbedder
from shared.errors import (
    EmbeddingAccessDenied,
    EmbeddingConnectionFailed,
    EmbeddingFailed,
    EmbeddingInputTooLong,
    EmbeddingModelError,
    EmbeddingModelNotFound,
    EmbeddingQuotaUsedUp,
    EmbeddingRequestRefused,
    EmbeddingThrottled,
    EmbeddingTimeout,
)
from shared.http_answers import retry_after_seconds, says_too_long
from shared.settings import Settings, named_values
from shared.throttling.rates import SharedRates

PROVIDER = "openai"
CONNECT_TIMEOUT_SECONDS = 5.0
CONNECTIONS = 64
REASON_CHARACTERS = 500


@dataclass(frozen=True)
class _Model:
    name: str
    """As the endpoint knows it."""
    dimensions: int
    max_input_tokens: int
    is_openai: bool = False
    """Then tiktoken counts its tokens exactly."""
    asks_dimensions: bool = False
    """The length is an argument of the call."""


_OPENAI_WINDOW = 8191
_KNOWN: Mapping[str, _Model] = {
    "text-embedding-3-small": _Model("text-embedding-3-small", 1536, _OPENAI_WINDOW, is_openai=True),
    "text-embedding-3-large": _Model("text-embedding-3-large", 3072, _OPENAI_WINDOW, is_openai=True),
    "text-embedding-3-large@1024": _Model(
        "text-embedding-3-large", 1024, _OPENAI_WINDOW, is_openai=True, asks_dimensions=True
    ),
    "text-embedding-ada-002": _Model("text-embedding-ada-002", 1536, _OPENAI_WINDOW, is_openai=True),
}
"""By name: https://platform.openai.com/docs/guides/embeddings"""

_WINDOW_TOKENS = 512
"""Of a model of which the settings name no window: the smallest that is common."""


def openai_models(settings: Settings) -> Mapping[str, int]:
    """Return each model and its dimensions: those of OpenAI, and those that the settings name."""
    return {name: model.dimensions for name, model in _models(settings).items()}


def _models(settings: Settings) -> Mapping[str, _Model]:
    named = {}
    for name, numbers in named_values(settings.openai_models).items():
        dimensions, _, window = numbers.partition("/")
        named[name] = _Model(name, int(dimensions), int(window or _WINDOW_TOKENS))
    return {**_KNOWN, **named}


class OpenAIService:
    """One embedding model of an OpenAI-compatible endpoint."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._model = _models(settings)[name]
        self._url = f"{settings.openai_base_url.rstrip('/')}/embeddings"
        self._key = settings.openai_api_key
        self._timeout_seconds = settings.embedding_timeout_seconds
        self._max_texts = settings.openai_texts_per_call
        self._pool = _connections(self._url)

    @property
    def provider(self) -> str:
        return PROVIDER

    @property
    def model(self) -> str:
        return self._name

    @property
    def dimensions(self) -> int:
        return self._model.dimensions

    @property
    def max_input_tokens(self) -> int:
        return self._model.max_input_tokens

    @property
    def max_texts(self) -> int:
        return self._max_texts

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return count_tokens(texts) if self._model.is_openai else safe_tokens(texts, characters_per_token=float("inf"))

    def call(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        body: dict[str, object] = {"model": self._model.name, "input": list(texts), "encoding_format": "float"}
        if self._model.asks_dimensions:
            body["dimensions"] = self._model.dimensions
        read_seconds = min(QUERY_TIMEOUT_SECONDS, self._timeout_seconds) if query else self._timeout_seconds
        with _translated_errors():
            answer = self._pool.request(
                "POST",
                self._url,
                body=json.dumps(body).encode(),
                headers=self._headers(),
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=read_seconds),
                retries=False,
                redirect=False,  # the key is for this host alone
            )
        if answer.status != 200:
            raise _of_answer(answer.status, answer.headers, self._without_key(answer.data))
        return _vectors(answer.data)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "kbsync"}
        if self._key is not None and self._key.get_secret_value():
            headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        return headers

    def _without_key(self, told: bytes) -> bytes:
        """Take the key out of what a service says of it: reasons are logged."""
        key = self._key.get_secret_value() if self._key is not None else ""
        return told.replace(key.encode(), b"***") if key else told

    def open(self) -> None:
        """The pool is made already and connects by itself."""

    def close(self) -> None:
        self._pool.clear()


def open_openai(name: str, settings: Settings, rates: SharedRates) -> RemoteEmbedder:
    """Return a model; it connects at first use."""
    return RemoteEmbedder(
        OpenAIService(name, settings),
        rates,
        concurrency=settings.embedding_concurrency,
        patience_seconds=settings.embedding_throttle_wait_seconds,
    )


def _connections(url: str) -> urllib3.PoolManager:
    """Return a pool of connections, through the proxy that the environment names for this host."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, maxsize=CONNECTIONS)
    return urllib3.PoolManager(maxsize=CONNECTIONS)


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError) as error:
        raise EmbeddingConnectionFailed(str(error)) from error
    except urllib3.exceptions.TimeoutError as error:
        raise EmbeddingTimeout(str(error)) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise EmbeddingConnectionFailed(str(error)) from error


_STATUSES: Mapping[int, type[EmbeddingFailed]] = {
    401: EmbeddingAccessDenied,
    403: EmbeddingAccessDenied,
    404: EmbeddingModelNotFound,
    405: EmbeddingModelNotFound,
    408: EmbeddingTimeout,
    413: EmbeddingInputTooLong,
    504: EmbeddingTimeout,
}
_CODES: Mapping[str, type[EmbeddingFailed]] = {
    "insufficient_quota": EmbeddingQuotaUsedUp,
    "model_not_found": EmbeddingModelNotFound,
    "DeploymentNotFound": EmbeddingModelNotFound,
}


def _of_answer(status: int, headers: Mapping[str, str], data: bytes) -> EmbeddingFailed:
    code, message = _told(data)
    reason = f"HTTP {status}: {code} {message}"[:REASON_CHARACTERS]
    kind = _CODES.get(code) or _STATUSES.get(status)
    if kind is not None:
        return kind(reason)
    if status in (429, 503):
        return EmbeddingThrottled(reason, retry_after_seconds=retry_after_seconds(headers))
    if status in (400, 422) and says_too_long(f"{code} {message}"):
        return EmbeddingInputTooLong(reason)
    return EmbeddingModelError(reason) if status >= 500 else EmbeddingRequestRefused(reason)


def _told(data: bytes) -> tuple[str, str]:
    """Return code and message of an error; services put them into `error`, `message`, `detail` or nothing."""
    text = data[: 2 * REASON_CHARACTERS].decode("utf-8", "replace")
    try:
        body: Any = json.loads(data)
    except ValueError:
        return "", text
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", str(error)
    return str(error.get("code") or error.get("type") or ""), str(error.get("message") or error.get("detail") or text)


def _vectors(data: bytes) -> Sequence[Sequence[float]]:
    """Return the vectors in the order of the texts. Raises `EmbeddingModelError` where they cannot be read."""
    try:
        rows = sorted(json.loads(data)["data"], key=lambda row: int(row.get("index", 0)))
        return [_vector(row["embedding"]) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EmbeddingModelError(f"the answer cannot be read: {error!r}") from error


def _vector(embedding: Any) -> Sequence[float]:
    """Read a vector; some services send base64 of float32 whatever they are asked for."""
    if isinstance(embedding, str):
        found: list[float] = np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4").tolist()
        return found
    if not isinstance(embedding, list):
        raise TypeError(f"a vector is a list, not {type(embedding).__name__}")
    return embedding
