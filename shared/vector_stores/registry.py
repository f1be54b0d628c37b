"""Which vector stores there are."""

from collections.abc import Callable, Mapping

from shared.settings import Settings
from shared.vector_stores.base import VectorStore


def open_vector_store(settings: Settings) -> VectorStore:
    """Open the configured store; to be done in the process that uses it, after any fork."""
    return _STORES[settings.vector_store](settings)


def _open_lancedb(settings: Settings) -> VectorStore:
    from shared.vector_stores.lance import LanceVectorStore
    from shared.vector_stores.lance_s3 import require_conditional_put, s3_storage_options

    if settings.vectors_bucket is None:
        return LanceVectorStore(settings.vectors_uri)
    require_conditional_put(settings)
    return LanceVectorStore(settings.vectors_uri, s3_storage_options(settings))


_STORES: Mapping[str, Callable[[Settings], VectorStore]] = {"lancedb": _open_lancedb}
