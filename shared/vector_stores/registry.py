"""Which vector stores there are."""

from collections.abc import Callable, Mapping

from shared.settings import Settings
from shared.vector_stores.base import VectorStore


def open_vector_store(settings: Settings) -> VectorStore:
    """Open the configured store; to be done in the process that uses it, after any fork."""
    return _STORES[settings.vector_store](settings)


def _open_lancedb(settings: Settings) -> VectorStore:
    from shared.vector_stores.lance import LanceVectorStore

    return LanceVectorStore(settings.vectors_uri)


_STORES: Mapping[str, Callable[[Settings], VectorStore]] = {"lancedb": _open_lancedb}
