"""Which embedders there are. A new provider is one file beside this one and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.embedders import hashing, minilm
from shared.embedders.base import Embedder
from shared.errors import InvalidRequest
from shared.settings import Settings


@dataclass(frozen=True)
class EmbedderSpec:
    """What is known of a model before it is loaded."""

    provider: str
    model: str
    dimensions: int


@dataclass(frozen=True)
class _Provider:
    models: Mapping[str, int]
    """Each model and its dimensions."""
    open: Callable[[str, Settings], Embedder]


_PROVIDERS: Mapping[str, _Provider] = {
    "local": _Provider(minilm.MODELS, minilm.open_minilm),
    "hashing": _Provider(hashing.MODELS, lambda model, _: hashing.HashingEmbedder(model)),
}


def known_embedders() -> tuple[EmbedderSpec, ...]:
    """Return every model of every provider, without loading any."""
    return tuple(
        EmbedderSpec(provider=name, model=model, dimensions=dimensions)
        for name, provider in _PROVIDERS.items()
        for model, dimensions in provider.models.items()
    )


def embedder_spec(provider: str, model: str) -> EmbedderSpec:
    """Return what is known of a model, without loading it; raises `InvalidRequest` for one that does not exist."""
    if provider not in _PROVIDERS:
        raise InvalidRequest("embedding", f"unknown provider {provider!r}, known: {', '.join(_PROVIDERS)}")
    models = _PROVIDERS[provider].models
    if model not in models:
        raise InvalidRequest("embedding", f"unknown model {model!r} of {provider}, known: {', '.join(models)}")
    return EmbedderSpec(provider=provider, model=model, dimensions=models[model])


def open_embedder(provider: str, model: str, settings: Settings) -> Embedder:
    """Load a model; raises `InvalidRequest` for one that does not exist, `EmbeddingFailed` where loading fails."""
    spec = embedder_spec(provider, model)
    return _PROVIDERS[spec.provider].open(spec.model, settings)
