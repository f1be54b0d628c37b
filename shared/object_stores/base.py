"""What an object store is: bytes under keys, for originals and artifacts."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size_bytes: int


@dataclass(frozen=True)
class ListedObject:
    """An object of a bucket as a listing shows it."""

    key: str
    size_bytes: int
    etag: str
    """Changes with the bytes; equal bytes may have another one."""


@dataclass(frozen=True)
class BucketPlace:
    """Where in which bucket files lie; the prefix is empty or ends with `/`."""

    bucket: str
    prefix: str


PlaceOf = Callable[[str], BucketPlace | None]
"""Tells where the files of a knowledge base lie, or None where it has no place of its own."""

EveryPlace = Callable[[], Iterable[BucketPlace]]
"""Names every place that some knowledge base has of its own."""


class ReadableObjects(Protocol):
    """What a stage that works on an original needs."""

    def stat(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, or None where there is none."""
        ...

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        """Read an object in pieces; raises `ObjectNotFound` at the call, not at the first piece."""
        ...

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        """Give the object as a file for reading: the file itself where the store is local, else a copy."""
        ...


class ObjectStore(ReadableObjects, Protocol):
    """Bytes under keys such as `kb-…/doc-…/source`. An object is there whole or not at all.

    Methods raise `ObjectNotFound`, `ObjectUploadFailed`, `ObjectStoreDenied`, `BucketMissing` or
    `ObjectStoreUnavailable`.
    """

    def put(self, key: str, chunks: Iterable[bytes], *, durable: bool = True) -> int:
        """Write an object from a stream, replacing one of the same key, and return its size in bytes.

        Where the stream raises, nothing is left behind. An object that is not `durable` may be gone, or cut off, after
        a power cut in the seconds that follow; a store that knows no such difference makes none.
        """
        ...

    def get(self, key: str) -> bytes: ...

    def delete(self, key: str) -> bool:
        """Remove one object and tell whether it was there."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Remove every object whose key begins with `prefix` (which ends with `/`) and count them."""
        ...

    def remove_stale_uploads(self, *, older_than_seconds: float) -> int:
        """Remove what writers that died left half written, and count it."""
        ...

    def ping(self) -> None:
        """Raise where the store cannot be written."""
        ...


class SourceBucket(Protocol):
    """A bucket of somebody else's files, which are read and never written. A key may be any text."""

    def list_page(self, prefix: str, *, start_after: str = "") -> list[ListedObject]:
        """Return the next objects below `prefix`, by the bytes of their keys; none where there are no more."""
        ...

    def pinned(self, etag: str) -> ReadableObjects:
        """Read objects as long as they have this ETag; reading another raises `SourceChanged`."""
        ...
