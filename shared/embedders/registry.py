"""Which embedders there are. A new provider is one file beside this one and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.embedders import bedrock, hashing, minilm, openai
from shared.embedders.base import Embedder
from shared.errors import InvalidRequest
from shared.redis_client import RedisClient
from shared.settings import Settings
from shared.throttling.rates import RateLimits, SharedRates


@dataclass(frozen=True)
class EmbedderSpec:
    """What is known of a model before it is loaded."""

    provider: str
    model: str
    dimensions: int


@dataclass(frozen=True)
class _Provider:
    models: Callable[[Settings], Mapping[str, int]]
    """Each model and its dimensions."""
    open: Callable[[str, Settings, SharedRates], Embedder]


_PROVIDERS: Mapping[str, _Provider] = {
    "local": _Provider(lambda _: minilm.MODELS, lambda model, settings, _: minilm.open_minilm(model, settings)),
    "hashing": _Provider(lambda _: hashing.MODELS, lambda model, *_: hashing.HashingEmbedder(model)),
    "bedrock": _Provider(bedrock.bedrock_models, bedrock.open_bedrock),
    "openai": _Provider(openai.openai_models, openai.open_openai),
}


def known_embedders(settings: Settings) -> tuple[EmbedderSpec, ...]:
    """Return every model of every provider, without loading any."""
    return tuple(
        EmbedderSpec(provider=name, model=model, dimensions=dimensions)
        for name, provider in _PROVIDERS.items()
        for model, dimensions in provider.models(settings).items()
    )


def embedder_spec(provider: str, model: str, settings: Settings) -> EmbedderSpec:
    """Return what is known of a model, without loading it; raises `InvalidRequest` for one that does not exist."""
    if provider not in _PROVIDERS:
        raise InvalidRequest("embedding", f"unknown provider {provider!r}, known: {', '.join(_PROVIDERS)}")
    models = _PROVIDERS[provider].models(settings)
    if model not in models:
        raise InvalidRequest("embedding", f"unknown model {model!r} of {provider}, known: {', '.join(models)}")
    return EmbedderSpec(provider=provider, model=model, dimensions=models[model])


def open_embedder(provider: str, model: str, settings: Settings, *, redis: RedisClient | None = None) -> Embedder:
    """Open a model; raises `InvalidRequest` for one that does not exist, `EmbeddingFailed` where loading fails.

    In `redis` the processes of the service share their account of an embedding service's limits.
    """
    spec = embedder_spec(provider, model, settings)
    limits = RateLimits(settings.embedding_requests_per_minute, settings.embedding_tokens_per_minute)
    rates = SharedRates(redis, name=f"{spec.provider}/{spec.model}", limits=limits)
    return _PROVIDERS[spec.provider].open(spec.model, settings, rates)
