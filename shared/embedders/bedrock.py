"""Embedding models of Amazon Bedrock: Titan Text Embeddings V2, Cohere Embed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.bedrock.client import BedrockClient, translated_errors
from shared.embedders.call_sizes import safe_tokens
from shared.embedders.remote import QUERY_TIMEOUT_SECONDS, RemoteEmbedder
from shared.errors import EmbeddingModelError, InvalidRequest
from shared.settings import Settings, named_values
from shared.throttling.rates import SharedRates

PROVIDER = "bedrock"


@dataclass(frozen=True)
class _Model:
    """What the user guide says of a model: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html"""

    model_id: str
    dimensions: int
    max_texts: int
    max_input_tokens: int
    characters_per_token: float
    """Its limit of characters through its limit of tokens."""
    body: Callable[["_Model", Sequence[str], bool], Mapping[str, object]]
    vectors: Callable[[Any], Sequence[Sequence[float]]]


def _titan_body(model: _Model, texts: Sequence[str], _: bool) -> Mapping[str, object]:
    return {"inputText": texts[0], "dimensions": model.dimensions, "normalize": True}


def _cohere_body(_: _Model, texts: Sequence[str], query: bool) -> Mapping[str, object]:
    # With `NONE` a text that is too long is refused instead of cut.
    input_type = "search_query" if query else "search_document"
    return {"texts": list(texts), "input_type": input_type, "truncate": "NONE", "embedding_types": ["float"]}


def _cohere_v4_body(model: _Model, texts: Sequence[str], query: bool) -> Mapping[str, object]:
    return {**_cohere_body(model, texts, query), "output_dimension": model.dimensions}


def _cohere_vectors(answer: Any) -> Sequence[Sequence[float]]:
    """Vectors come as a list, or by their type where types were asked for."""
    embeddings = answer["embeddings"]
    found: Sequence[Sequence[float]] = embeddings["float"] if isinstance(embeddings, dict) else embeddings
    return found


def _titan(dimensions: int) -> _Model:
    return _Model(
        model_id="amazon.titan-embed-text-v2:0",
        dimensions=dimensions,
        max_texts=1,
        max_input_tokens=8192,
        characters_per_token=50_000 / 8192,
        body=_titan_body,
        vectors=lambda answer: [answer["embedding"]],
    )


def _cohere_v3(model_id: str) -> _Model:
    return _Model(
        model_id=model_id,
        dimensions=1024,
        max_texts=96,
        max_input_tokens=512,
        characters_per_token=2048 / 512,
        body=_cohere_body,
        vectors=_cohere_vectors,
    )


def _cohere_v4(dimensions: int) -> _Model:
    return _Model(
        model_id="cohere.embed-v4:0",
        dimensions=dimensions,
        max_texts=96,
        max_input_tokens=32_768,  # of 128,000: no chunk is as long
        characters_per_token=4.0,
        body=_cohere_v4_body,
        vectors=_cohere_vectors,
    )


_MODELS: Mapping[str, _Model] = {
    "amazon.titan-embed-text-v2:0": _titan(1024),
    "amazon.titan-embed-text-v2:0@512": _titan(512),
    "amazon.titan-embed-text-v2:0@256": _titan(256),
    "cohere.embed-multilingual-v3": _cohere_v3("cohere.embed-multilingual-v3"),
    "cohere.embed-english-v3": _cohere_v3("cohere.embed-english-v3"),
    "cohere.embed-v4:0": _cohere_v4(1536),
    "cohere.embed-v4:0@1024": _cohere_v4(1024),
    "cohere.embed-v4:0@512": _cohere_v4(512),
    "cohere.embed-v4:0@256": _cohere_v4(256),
}
"""By name. Vectors of another length are another model, so that they never share a table."""


def bedrock_models(_: Settings) -> Mapping[str, int]:
    """Return each model and its dimensions."""
    return {name: model.dimensions for name, model in _MODELS.items()}


class BedrockService:
    """One embedding model of Bedrock."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._model = _MODELS[name]
        ids = named_values(settings.bedrock_model_ids)
        self._called_id = ids.get(name) or ids.get(self._model.model_id) or self._model.model_id
        self._documents = BedrockClient(settings, timeout_seconds=settings.embedding_timeout_seconds)
        query_seconds = min(QUERY_TIMEOUT_SECONDS, settings.embedding_timeout_seconds)
        self._queries = BedrockClient(settings, timeout_seconds=query_seconds)

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
        return self._model.max_texts

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return safe_tokens(texts, characters_per_token=self._model.characters_per_token)

    def call(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        client = (self._queries if query else self._documents).open()
        body = json.dumps(self._model.body(self._model, texts, query))
        with translated_errors():
            answer = client.invoke_model(
                modelId=self._called_id, body=body, contentType="application/json", accept="application/json"
            )
            raw = answer["body"].read()
        try:
            return self._model.vectors(json.loads(raw))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise EmbeddingModelError(f"the answer of {self._called_id} cannot be read: {error!r}") from error

    def open(self) -> None:
        self._documents.open()

    def close(self) -> None:
        self._documents.close()
        self._queries.close()


def open_bedrock(name: str, settings: Settings, rates: SharedRates) -> RemoteEmbedder:
    """Return a model; its client is made at first use."""
    if name not in _MODELS:
        raise InvalidRequest("embedding", f"unknown model {name!r}")
    return RemoteEmbedder(
        BedrockService(name, settings),
        rates,
        concurrency=settings.embedding_concurrency,
        patience_seconds=settings.embedding_throttle_wait_seconds,
    )
