"""What every object store does, whatever it is made of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import ObjectNotFound, ObjectStoreDenied
from shared.object_stores.base import BucketPlace, ObjectInfo, ObjectStore
from shared.object_stores.in_memory import InMemoryObjectStore
from shared.object_stores.local import LocalObjectStore
from shared.object_stores.registry import open_object_store
from shared.settings import Settings

KEY = "kb-1/doc-1/source"


@pytest.fixture(params=["in_memory", "local", "s3", "s3_own_place"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "in_memory":
        return InMemoryObjectStore()
    if request.param == "local":
        return LocalObjectStore(tmp_path / "store")
    server, bucket = request.getfixturevalue("s3_server"), request.getfixturevalue("bucket")
    own = BucketPlace(bucket, "papers/") if request.param == "s3_own_place" else None
    settings = Settings(object_store="s3", s3_endpoint=server.url, s3_bucket=bucket)
    return open_object_store(settings, lambda kb_id: own if kb_id == "kb-1" else None)


def test_an_object_reads_as_it_was_put(store: ObjectStore) -> None:
    assert store.put(KEY, [b"ab", b"", b"cde"]) == 5
    assert store.get(KEY) == b"abcde"
    assert store.stat(KEY) == ObjectInfo(key=KEY, size_bytes=5)
    assert list(store.stream(KEY, chunk_bytes=2)) == [b"ab", b"cd", b"e"]
    with store.local_file(KEY) as path:
        assert path.read_bytes() == b"abcde"


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    assert store.put(KEY, []) == 0
    assert store.get(KEY) == b""
    assert list(store.stream(KEY)) == []
    assert store.stat(KEY) == ObjectInfo(key=KEY, size_bytes=0)


def test_a_second_put_replaces_the_first(store: ObjectStore) -> None:
    store.put(KEY, [b"a long first text"])
    store.put(KEY, [b"short"])
    assert store.get(KEY) == b"short"


def test_an_object_that_need_not_be_durable_is_read_at_once(store: ObjectStore) -> None:
    assert store.put(KEY, [b"some ", b"bytes"], durable=False) == 10
    assert store.get(KEY) == b"some bytes"


def test_a_stream_that_was_begun_ends_with_the_object_it_began_with(store: ObjectStore) -> None:
    store.put(KEY, [b"first"])
    pieces = store.stream(KEY, chunk_bytes=2)
    assert next(pieces) == b"fi"
    store.put(KEY, [b"other"])
    assert b"".join(pieces) == b"rst"


def test_names_in_any_script_are_keys(store: ObjectStore) -> None:
    key = "kb-1/doc-1/用户手册 (2).pdf"
    store.put(key, [b"x"])
    assert store.get(key) == b"x"
    assert store.delete(key)


def test_an_absent_object_is_told_from_an_empty_one(store: ObjectStore) -> None:
    assert store.stat(KEY) is None
    with pytest.raises(ObjectNotFound):
        store.get(KEY)
    with pytest.raises(ObjectNotFound):
        store.stream(KEY)
    with pytest.raises(ObjectNotFound), store.local_file(KEY):
        pass


def test_the_beginning_of_a_key_is_no_object(store: ObjectStore) -> None:
    store.put(KEY, [b"x"])
    assert store.stat("kb-1/doc-1") is None
    assert not store.delete("kb-1/doc-1")
    with pytest.raises(ObjectNotFound):
        store.get("kb-1/doc-1")
    assert store.stat(f"{KEY}/further") is None


def test_a_stream_that_raises_leaves_what_was_there(store: ObjectStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        store.put(KEY, broken())
    assert store.stat(KEY) is None

    store.put(KEY, [b"whole"])
    with pytest.raises(ConnectionResetError):
        store.put(KEY, broken())
    assert store.get(KEY) == b"whole"


def test_delete_tells_whether_there_was_something(store: ObjectStore) -> None:
    store.put(KEY, [b"x"])
    assert store.delete(KEY)
    assert not store.delete(KEY)
    assert store.stat(KEY) is None


def test_delete_prefix_removes_what_is_below_it_and_nothing_else(store: ObjectStore) -> None:
    for key in ("kb-1/a", "kb-1/doc/b", "kb-1/doc/deep/er/c", "kb-10/a", "kb-2/kb-1/a"):
        store.put(key, [b"x"])
    assert store.delete_prefix("kb-1/") == 3
    assert store.delete_prefix("kb-1/") == 0
    assert store.stat("kb-1/doc/b") is None
    assert store.stat("kb-10/a") is not None
    assert store.stat("kb-2/kb-1/a") is not None
    store.put("kb-1/doc/b", [b"again"])
    assert store.get("kb-1/doc/b") == b"again"


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "a//b",
    "a/",
    "..",
    "a/../b",
    "./a",
    "a/.",
    "a\0b",
    "a\nb",
    "a\\b",
    "\ud800",
    "a/" + "x" * 201,
    "/".join(["abcdefgh"] * 114),
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_a_key_that_could_leave_the_store_is_denied(store: ObjectStore, key: str) -> None:
    with pytest.raises(ObjectStoreDenied):
        store.put(key, [b"x"])
    with pytest.raises(ObjectStoreDenied):
        store.get(key)
    with pytest.raises(ObjectStoreDenied):
        store.stream(key)
    with pytest.raises(ObjectStoreDenied):
        store.stat(key)
    with pytest.raises(ObjectStoreDenied):
        store.delete(key)
    with pytest.raises(ObjectStoreDenied), store.local_file(key):
        pass


@pytest.mark.parametrize("prefix", ["", "/", "kb-1", "../", "kb-1/../", "kb-1//"])
def test_a_prefix_never_means_the_whole_store(store: ObjectStore, prefix: str) -> None:
    store.put(KEY, [b"x"])
    with pytest.raises(ObjectStoreDenied):
        store.delete_prefix(prefix)
    assert store.get(KEY) == b"x"


def test_a_store_in_order_answers_a_ping(store: ObjectStore) -> None:
    store.ping()
    assert store.stat(KEY) is None
