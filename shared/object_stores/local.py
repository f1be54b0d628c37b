"""An object store in a directory, for one host or a shared file system."""

import errno
import itertools
import os
import stat
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from shared.errors import (
    ObjectNotFound,
    ObjectStoreDenied,
    ObjectStoreError,
    ObjectStoreUnavailable,
    ObjectUploadFailed,
)
from shared.object_stores.base import ObjectInfo
from shared.object_stores.keys import check_key, check_prefix

_OBJECTS = "objects"
_UPLOADS = "uploads"
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_PUT_ATTEMPTS = 100


class LocalObjectStore:
    """`ObjectStore` in a directory. Safe under many threads and processes.

    An object is written to `uploads/` and renamed into `objects/`, both in one file system, so that it is there whole
    or not at all; a durable one also after a power cut.
    """

    def __init__(self, root: Path) -> None:
        self._objects = root / _OBJECTS
        self._uploads = root / _UPLOADS

    def put(self, key: str, chunks: Iterable[bytes], *, durable: bool = True) -> int:
        path = self._path(key)
        upload = self._uploads / uuid.uuid4().hex
        try:
            try:
                self._uploads.mkdir(parents=True, exist_ok=True)
                file = upload.open("xb", buffering=0)
            except OSError as error:
                raise _write_error(error, key) from error
            with file:
                size = _write_all(file, chunks, key, durable=durable)
            try:
                _move_into_place(upload, path, below=self._objects, durable=durable)
            except OSError as error:
                raise _write_error(error, key) from error
            return size
        finally:
            with suppress(OSError):
                upload.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        with self._open(key) as file:
            try:
                return file.read()
            except OSError as error:
                raise _read_error(error, key) from error

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        return _pieces(self._open(key), chunk_bytes, key)

    def stat(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        try:
            known = path.stat()
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise _read_error(error, key) from error
        return ObjectInfo(key=key, size_bytes=known.st_size) if stat.S_ISREG(known.st_mode) else None

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        return self._local_file(key)

    def delete(self, key: str) -> bool:
        path = self._path(key)
        try:
            path.unlink()
        except OSError as error:
            if error.errno in _ABSENT or path.is_dir():
                return False
            raise _delete_error(error, key) from error
        _remove_empty_directories(path.parent, below=self._objects)
        return True

    def delete_prefix(self, prefix: str) -> int:
        check_prefix(prefix)
        directory = self._path(prefix[:-1])
        removed = 0
        try:
            for parent, _, names in os.walk(directory, topdown=False, onerror=_raise_unless_absent):
                for name in names:
                    with suppress(FileNotFoundError):
                        (Path(parent) / name).unlink()
                        removed += 1
                # A directory that is not empty holds an object put just now, which is left alone.
                with suppress(OSError):
                    Path(parent).rmdir()
        except OSError as error:
            raise _delete_error(error, prefix) from error
        _remove_empty_directories(directory.parent, below=self._objects)
        return removed

    def remove_stale_uploads(self, *, older_than_seconds: float) -> int:
        """Remove what interrupted uploads left behind and count it."""
        newest = time.time() - older_than_seconds
        removed = 0
        try:
            leftovers = list(self._uploads.iterdir()) if self._uploads.is_dir() else []
            for upload in leftovers:
                with suppress(FileNotFoundError):
                    if upload.stat().st_mtime <= newest:
                        upload.unlink()
                        removed += 1
        except OSError as error:
            raise _delete_error(error, _UPLOADS) from error
        return removed

    def ping(self) -> None:
        probe = self._uploads / f"ping-{uuid.uuid4().hex}"
        try:
            self._objects.mkdir(parents=True, exist_ok=True)
            self._uploads.mkdir(parents=True, exist_ok=True)
            probe.touch(exist_ok=False)
            probe.unlink()
        except OSError as error:
            kind = ObjectStoreDenied if error.errno in _DENIED else ObjectStoreUnavailable
            raise kind(f"Cannot write to the object store: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._objects / key

    def _open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except OSError as error:
            raise _read_error(error, key) from error

    @contextmanager
    def _local_file(self, key: str) -> Iterator[Path]:
        self._open(key).close()
        yield self._path(key)


def _write_all(file: FileIO, chunks: Iterable[bytes], key: str, *, durable: bool) -> int:
    """Write the stream, where durable through to the disk; what the stream itself raises passes as it is."""
    size = 0
    for chunk in chunks:
        try:
            _write_chunk(file, chunk)
        except OSError as error:
            raise _write_error(error, key) from error
        size += len(chunk)
    if durable:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            raise _write_error(error, key) from error
    return size


def _write_chunk(file: FileIO, chunk: bytes) -> None:
    """Write a chunk of which the system may take one part at a time; nothing is left to be written at the close."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


def _move_into_place(upload: Path, path: Path, *, below: Path, durable: bool) -> None:
    for attempt in range(1, _PUT_ATTEMPTS + 1):
        try:
            missing = _missing_directories(path.parent, below=below) if durable else []
            path.parent.mkdir(parents=True, exist_ok=True)
            upload.replace(path)
            break
        except (FileNotFoundError, FileExistsError):
            # A delete may have removed a directory, empty until now, in between.
            if attempt == _PUT_ATTEMPTS:
                raise
    if durable:
        # The object's name is an entry of its directory, and that of a new directory one of the directory above.
        for directory in dict.fromkeys((path.parent, *(new.parent for new in missing))):
            _sync_directory(directory)


def _missing_directories(directory: Path, *, below: Path) -> list[Path]:
    """Return the directories on the way to this one that do not exist yet, the deepest first."""
    chain = [directory, *directory.parents]
    return list(itertools.takewhile(lambda parent: not parent.is_dir(), chain[: chain.index(below) + 1]))


def _sync_directory(directory: Path) -> None:
    with suppress(FileNotFoundError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_empty_directories(directory: Path, *, below: Path) -> None:
    for parent in (directory, *directory.parents):
        if parent == below:
            return
        try:
            parent.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _pieces(file: BinaryIO, chunk_bytes: int, key: str) -> Iterator[bytes]:
    with file:
        while True:
            try:
                piece = file.read(chunk_bytes)
            except OSError as error:
                raise _read_error(error, key) from error
            if not piece:
                return
            yield piece


def _raise_unless_absent(error: OSError) -> None:
    if error.errno not in _ABSENT:
        raise error


def _read_error(error: OSError, key: str) -> ObjectStoreError:
    if error.errno in _ABSENT:
        return ObjectNotFound(f"No such object: {key}")
    if error.errno in _DENIED:
        return ObjectStoreDenied(f"Cannot read {key}: {error.strerror}")
    return ObjectStoreUnavailable(f"Cannot read {key}: {error.strerror}")


def _write_error(error: OSError, key: str) -> ObjectStoreError:
    if error.errno in _DENIED:
        return ObjectStoreDenied(f"Cannot write {key}: {error.strerror}")
    return ObjectUploadFailed(f"Cannot write {key}: {error.strerror}")


def _delete_error(error: OSError, key: str) -> ObjectStoreError:
    if error.errno in _DENIED:
        return ObjectStoreDenied(f"Cannot remove {key}: {error.strerror}")
    return ObjectStoreUnavailable(f"Cannot remove {key}: {error.strerror}")
