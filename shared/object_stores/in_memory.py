"""An object store in memory, for tests."""

import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath

from shared.errors import ObjectNotFound
from shared.object_stores.base import ObjectInfo
from shared.object_stores.keys import check_key, check_prefix


class InMemoryObjectStore:
    """`ObjectStore` that forgets everything with its process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, chunks: Iterable[bytes], *, durable: bool = True) -> int:  # noqa: ARG002 - there is no disk
        check_key(key)
        content = b"".join(chunks)
        with self._lock:
            self._objects[key] = content
        return len(content)

    def get(self, key: str) -> bytes:
        check_key(key)
        with self._lock:
            if key not in self._objects:
                raise ObjectNotFound(f"No such object: {key}")
            return self._objects[key]

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        content = self.get(key)
        return (content[start : start + chunk_bytes] for start in range(0, len(content), chunk_bytes))

    def stat(self, key: str) -> ObjectInfo | None:
        check_key(key)
        with self._lock:
            content = self._objects.get(key)
        return None if content is None else ObjectInfo(key=key, size_bytes=len(content))

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        return self._copy(key)

    def delete(self, key: str) -> bool:
        check_key(key)
        with self._lock:
            return self._objects.pop(key, None) is not None

    def delete_prefix(self, prefix: str) -> int:
        check_prefix(prefix)
        with self._lock:
            below = [key for key in self._objects if key.startswith(prefix)]
            for key in below:
                del self._objects[key]
        return len(below)

    def remove_stale_uploads(self, *, older_than_seconds: float) -> int:  # noqa: ARG002 - nothing is left half written
        return 0

    def ping(self) -> None:
        """Do nothing: memory can always be written."""

    @contextmanager
    def _copy(self, key: str) -> Iterator[Path]:
        content = self.get(key)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / PurePosixPath(key).name
            path.write_bytes(content)
            yield path
