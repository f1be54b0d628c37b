"""Which object stores there are."""

from collections.abc import Callable, Mapping

from shared.object_stores.base import ObjectStore
from shared.object_stores.local import LocalObjectStore
from shared.settings import Settings


def open_object_store(settings: Settings) -> ObjectStore:
    """Open the configured store; cheap, and nothing is read or written before it is used."""
    return _STORES[settings.object_store](settings)


def _open_local(settings: Settings) -> ObjectStore:
    return LocalObjectStore(settings.objects_path)


_STORES: Mapping[str, Callable[[Settings], ObjectStore]] = {"local": _open_local}
