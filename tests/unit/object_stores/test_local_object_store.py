"""What only the store in a directory does: files, the disk, permissions, many writers."""

import errno
import os
import resource
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from shared.errors import ObjectNotFound, ObjectStoreDenied, ObjectStoreUnavailable, ObjectUploadFailed
from shared.object_stores.local import LocalObjectStore
from shared.object_stores.registry import open_object_store
from shared.settings import Settings

KEY = "kb-1/doc-1/source"


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_a_local_file_is_the_object_itself(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put(KEY, [b"x"])
    with store.local_file(KEY) as path:
        assert path.is_relative_to(tmp_path)
        inode = path.stat().st_ino
    with store.local_file(KEY) as path:
        assert path.stat().st_ino == inode


def test_a_broken_upload_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        assert len(files_below(tmp_path)) == 1
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        LocalObjectStore(tmp_path).put(KEY, broken())
    assert files_below(tmp_path) == []


def test_uploads_of_a_killed_process_are_removed_by_age(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    assert store.remove_stale_uploads(older_than_seconds=0) == 0
    store.put(KEY, [b"x"])
    child = os.fork()
    if child == 0:

        def killed() -> Iterator[bytes]:
            yield b"half"
            os.kill(os.getpid(), signal.SIGKILL)

        store.put("kb-1/doc-2/source", killed())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert len(files_below(tmp_path)) == 2
    assert store.remove_stale_uploads(older_than_seconds=3600) == 0
    assert store.remove_stale_uploads(older_than_seconds=0) == 1
    assert store.get(KEY) == b"x"
    assert store.stat("kb-1/doc-2/source") is None


def test_a_full_disk_fails_the_upload_and_keeps_the_old_object(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put(KEY, [b"old"])
    # A limit on the size of a file fails the write as a full disk does: with an error in the middle.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(ObjectUploadFailed) as caught:
            store.put(KEY, [b"x" * 1000] * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
    assert store.get(KEY) == b"old"
    assert len(files_below(tmp_path)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_denied(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put(KEY, [b"x"])
    (tmp_path / "objects").chmod(0)
    try:
        with pytest.raises(ObjectStoreDenied):
            store.get(KEY)
        with pytest.raises(ObjectStoreDenied):
            store.put(KEY, [b"y"])
        with pytest.raises(ObjectStoreDenied):
            store.delete(KEY)
    finally:
        (tmp_path / "objects").chmod(0o755)


def test_a_root_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "root").write_bytes(b"")
    store = LocalObjectStore(tmp_path / "root")
    with pytest.raises(ObjectStoreUnavailable):
        store.ping()
    with pytest.raises(ObjectUploadFailed):
        store.put(KEY, [b"x"])


def test_deleting_the_last_object_leaves_no_directories(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put(KEY, [b"x"])
    store.put("kb-2/doc-1/source", [b"x"])
    store.delete(KEY)
    store.delete_prefix("kb-2/doc-1/")
    assert list((tmp_path / "objects").iterdir()) == []


def test_writers_and_a_deleter_of_one_key_never_show_half_an_object(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    contents = [bytes([letter]) * 50_000 for letter in b"abc"]
    seen: set[bytes] = set()

    def write(content: bytes) -> None:
        for _ in range(40):
            store.put(KEY, [content[:20_000], content[20_000:]])
            store.delete(KEY)

    with ThreadPoolExecutor() as threads:
        writers = [threads.submit(write, content) for content in contents]
        while not all(writer.done() for writer in writers):
            with suppress(ObjectNotFound):
                seen.add(store.get(KEY))
        for writer in writers:
            writer.result()
    assert seen
    assert seen <= set(contents)


def test_the_setting_names_the_directory(tmp_path: Path) -> None:
    settings = Settings(object_store_path=tmp_path / "elsewhere")
    open_object_store(settings).put(KEY, [b"x"])
    assert len(files_below(tmp_path / "elsewhere")) == 1
