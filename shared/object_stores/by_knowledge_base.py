"""An object store whose knowledge bases may have places of their own."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from shared.errors import ObjectStoreError
from shared.object_stores.base import BucketPlace, EveryPlace, ObjectInfo, ObjectStore, PlaceOf
from shared.object_stores.keys import check_key, check_prefix

logger = logging.getLogger(__name__)

REMEMBERED = 10_000


class ObjectStoreByKnowledgeBase:
    """`ObjectStore` that keeps the files of a knowledge base where its record says, and all others in one store.

    The first part of a key is the id of its knowledge base, whose place never changes.
    """

    def __init__(
        self,
        default: ObjectStore,
        place_of: PlaceOf,
        every_place: EveryPlace,
        open_place: Callable[[BucketPlace], ObjectStore],
    ) -> None:
        self._default = default
        self._place_of = place_of
        self._every_place = every_place
        self._open_place = open_place
        self._known: dict[str, ObjectStore] = {}
        self._lock = threading.Lock()

    def put(self, key: str, chunks: Iterable[bytes], *, durable: bool = True) -> int:
        return self._store(key).put(key, chunks, durable=durable)

    def get(self, key: str) -> bytes:
        return self._store(key).get(key)

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        return self._store(key).stream(key, chunk_bytes=chunk_bytes)

    def stat(self, key: str) -> ObjectInfo | None:
        return self._store(key).stat(key)

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        return self._store(key).local_file(key)

    def delete(self, key: str) -> bool:
        return self._store(key).delete(key)

    def delete_prefix(self, prefix: str) -> int:
        check_prefix(prefix)
        return self._store(prefix[:-1]).delete_prefix(prefix)

    def remove_stale_uploads(self, *, older_than_seconds: float) -> int:
        """Look through every place; one that cannot be reached keeps what it has until the next time."""
        removed = self._default.remove_stale_uploads(older_than_seconds=older_than_seconds)
        for place in self._every_place():
            try:
                removed += self._open_place(place).remove_stale_uploads(older_than_seconds=older_than_seconds)
            except ObjectStoreError as error:
                logger.warning("uploads not looked through", extra={"bucket": place.bucket, "reason": str(error)})
        return removed

    def ping(self) -> None:
        self._default.ping()

    def _store(self, key: str) -> ObjectStore:
        check_key(key)
        return self.of(key.split("/", 1)[0])

    def of(self, kb_id: str) -> ObjectStore:
        """Return the store that holds the files of a knowledge base."""
        with self._lock:
            known = self._known.get(kb_id)
        if known is not None:
            return known
        place = self._place_of(kb_id)
        store = self._default if place is None else self._open_place(place)
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[kb_id] = store
        return store
