"""What only the store on S3 does: parts, retries, refusals, uploads that are cut off."""

import os
import signal
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from shared.embedded.ports import free_port
from shared.errors import (
    BucketMissing,
    KbSyncError,
    ObjectNotFound,
    ObjectStoreDenied,
    ObjectStoreUnavailable,
    ObjectUploadFailed,
    SourceChanged,
)
from shared.object_stores.base import BucketPlace, ObjectStore
from shared.object_stores.registry import open_object_store, open_source_bucket
from shared.object_stores.s3 import PART_BYTES
from shared.settings import Settings
from tests.samples.s3_server import LISTED_AT_ONCE, Fault, S3Server

KEY = "kb-1/doc-1/source"
STORED = f".kbsync/{KEY}"
PIECE = bytes(range(256)) * 4096
LONG_AGO_SECONDS = 50 * 365 * 86400


@pytest.fixture
def settings(s3_server: S3Server, bucket: str) -> Settings:
    return Settings(object_store="s3", s3_endpoint=s3_server.url, s3_bucket=bucket)


@pytest.fixture
def store(settings: Settings) -> ObjectStore:
    return open_object_store(settings)


@pytest.fixture
def uploads(s3_server: S3Server, bucket: str) -> Callable[[], int]:
    """Count the uploads that were begun and not ended."""
    client = s3_server.client()
    return lambda: len(client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))


def pieces(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield number.to_bytes(4, "big") + PIECE[4:]


def test_a_large_object_goes_and_comes_in_parts_and_is_never_whole_in_memory(
    store: ObjectStore, s3_server: S3Server, bucket: str, uploads: Callable[[], int]
) -> None:
    store.put("kb-1/warm-up", [b"x"])
    before = s3_server.requests()
    tracemalloc.start()
    try:
        assert store.put(KEY, pieces(64)) == 64 << 20
        for number, piece in enumerate(store.stream(KEY)):
            assert piece == number.to_bytes(4, "big") + PIECE[4:]
        with store.local_file(KEY) as path:
            assert path.stat().st_size == 64 << 20
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 5 * PART_BYTES
    assert (s3_server.requests() - before)[f"PUT /{bucket}/{STORED}"] == 8
    assert uploads() == 0


@pytest.mark.parametrize("size", [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES])
def test_sizes_around_a_part_are_kept_to_the_byte(store: ObjectStore, size: int) -> None:
    assert store.put(KEY, [b"a" * (size - 1), b"b"]) == size
    assert store.get(KEY) == b"a" * (size - 1) + b"b"


def test_a_stream_that_raises_in_the_middle_of_its_parts_leaves_none(
    store: ObjectStore, uploads: Callable[[], int]
) -> None:
    def broken() -> Iterator[bytes]:
        yield from pieces(20)
        assert uploads() == 1
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        store.put(KEY, broken())
    assert uploads() == 0
    assert store.stat(KEY) is None


def test_an_upload_that_the_server_refuses_at_its_end_leaves_no_parts(
    store: ObjectStore, s3_server: S3Server, uploads: Callable[[], int]
) -> None:
    store.put(KEY, [b"old"])
    with s3_server.failing(Fault("POST", "uploadId", status=403)), pytest.raises(ObjectStoreDenied):
        store.put(KEY, pieces(20))
    assert uploads() == 0
    assert store.get(KEY) == b"old"


def test_parts_of_a_killed_process_are_removed_by_age(
    store: ObjectStore, settings: Settings, uploads: Callable[[], int]
) -> None:
    store.put(KEY, [b"x"])
    child = os.fork()
    if child == 0:

        def killed() -> Iterator[bytes]:
            yield from pieces(20)
            os.kill(os.getpid(), signal.SIGKILL)

        fresh = settings.model_copy(update={"s3_region": "us-east-1"})  # a connection that the fork did not copy
        open_object_store(fresh).put("kb-1/doc-2/source", killed())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert uploads() == 1
    assert store.stat("kb-1/doc-2/source") is None
    assert store.remove_stale_uploads(older_than_seconds=LONG_AGO_SECONDS) == 0
    assert store.remove_stale_uploads(older_than_seconds=0) == 1
    assert uploads() == 0
    assert store.get(KEY) == b"x"


def test_uploads_below_the_places_of_knowledge_bases_are_tidied_and_a_missing_bucket_stops_nothing(
    settings: Settings, s3_server: S3Server, bucket: str, uploads: Callable[[], int]
) -> None:
    s3_server.client().create_multipart_upload(Bucket=bucket, Key=f"prd/{STORED}")
    places = [BucketPlace("nobody-made-this", ""), BucketPlace(bucket, "prd/")]
    store = open_object_store(settings, lambda _: None, lambda: places)
    assert store.remove_stale_uploads(older_than_seconds=0) == 1
    assert uploads() == 0


def test_uploads_of_others_in_the_bucket_are_left_alone(
    store: ObjectStore, s3_server: S3Server, bucket: str, uploads: Callable[[], int]
) -> None:
    s3_server.client().create_multipart_upload(Bucket=bucket, Key="theirs.iso")
    assert store.remove_stale_uploads(older_than_seconds=0) == 0
    assert uploads() == 1


def test_a_server_that_throttles_for_a_while_is_asked_again(store: ObjectStore, s3_server: S3Server) -> None:
    s3_server.fail(Fault("PUT", status=503, times=2), Fault("GET", status=500, times=1))
    store.put(KEY, [b"x"])
    assert store.get(KEY) == b"x"


def test_a_part_that_is_throttled_is_sent_again(store: ObjectStore, s3_server: S3Server) -> None:
    s3_server.fail(Fault("PUT", "partNumber=2", status=503, times=2))
    store.put(KEY, pieces(20))
    assert list(store.stream(KEY)) == list(pieces(20))


def test_a_read_that_breaks_off_goes_on_where_it_was(store: ObjectStore, s3_server: S3Server) -> None:
    store.put(KEY, pieces(3))
    s3_server.fail(Fault("GET", status=0, cut_bytes=1_500_000, times=2))
    assert b"".join(store.stream(KEY)) == b"".join(pieces(3))


def test_a_read_that_breaks_off_does_not_go_on_in_another_object(store: ObjectStore, s3_server: S3Server) -> None:
    store.put(KEY, pieces(3))
    s3_server.fail(Fault("GET", status=0, cut_bytes=1_500_000, times=1))
    stream = store.stream(KEY)
    assert next(stream) == next(pieces(1))
    store.put(KEY, [b"another" * 400_000])
    with pytest.raises(SourceChanged):
        list(stream)


def test_a_read_that_breaks_off_for_good_fails(store: ObjectStore, s3_server: S3Server) -> None:
    store.put(KEY, [b"x" * 1000])
    s3_server.fail(Fault("GET", status=0, cut_bytes=0))
    with pytest.raises(ObjectStoreUnavailable):
        list(store.stream(KEY))


Act = Callable[[ObjectStore], object]
ACTS: dict[str, tuple[str, Act]] = {
    "put": ("PUT", lambda store: store.put(KEY, [b"x"])),
    "get": ("GET", lambda store: store.get(KEY)),
    "stat": ("HEAD", lambda store: store.stat(KEY)),
    "delete": ("DELETE", lambda store: store.delete(KEY)),
    "delete_prefix": ("GET", lambda store: store.delete_prefix("kb-1/")),
    "ping": ("PUT", lambda store: store.ping()),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_the_server_forbids_is_denied(store: ObjectStore, s3_server: S3Server, act: str) -> None:
    store.put(KEY, [b"x"])
    method, do = ACTS[act]
    with s3_server.failing(Fault(method, status=403)), pytest.raises(ObjectStoreDenied) as caught:
        do(store)
    assert caught.value.code == "4005"


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"stat", "delete"}))
def test_a_bucket_that_is_missing_is_told_from_an_object(settings: Settings, act: str) -> None:
    store = open_object_store(settings.model_copy(update={"s3_bucket": "nobody-made-this"}))
    with pytest.raises(BucketMissing) as caught:
        ACTS[act][1](store)
    assert caught.value.code == "4004"
    assert isinstance(caught.value.__cause__, Exception)


def test_a_name_that_no_bucket_can_have_is_a_missing_bucket(settings: Settings) -> None:
    with pytest.raises(BucketMissing):
        open_source_bucket(settings, "not a bucket / at all").list_page("")


def test_a_write_that_is_throttled_for_good_fails_as_a_write(store: ObjectStore, s3_server: S3Server) -> None:
    with s3_server.failing(Fault("PUT", status=503)), pytest.raises(ObjectUploadFailed) as caught:
        store.put(KEY, [b"x"])
    assert (caught.value.code, caught.value.retryable) == ("4002", True)


def test_a_server_that_is_away_is_unavailable_and_a_ping_says_so_at_once(settings: Settings) -> None:
    away = settings.model_copy(update={"s3_endpoint": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(ObjectStoreUnavailable) as caught:
        open_object_store(away).ping()
    assert (caught.value.code, caught.value.retryable) == ("4001", True)


def test_a_server_that_hangs_is_unavailable_to_a_ping(settings: Settings, s3_server: S3Server) -> None:
    hasty = settings.model_copy(update={"service_timeout_seconds": 0.3})
    s3_server.fail(Fault("PUT", status=200, wait_seconds=2.0, times=1))
    with pytest.raises(ObjectStoreUnavailable):
        open_object_store(hasty).ping()


def test_missing_credentials_are_denied(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    fresh = settings.model_copy(update={"s3_region": "eu-west-1"})
    with pytest.raises(ObjectStoreDenied):
        open_object_store(fresh).put(KEY, [b"x"])


@pytest.mark.parametrize("size", [1, PART_BYTES + 1])
@pytest.mark.parametrize("sse", ["AES256", "aws:kms"])
def test_objects_are_encrypted_as_the_settings_say(
    settings: Settings, s3_server: S3Server, bucket: str, sse: str, size: int
) -> None:
    kms_key = "a-key" if sse == "aws:kms" else None
    encrypted = settings.model_copy(update={"s3_sse": sse, "s3_kms_key": kms_key})
    open_object_store(encrypted).put(KEY, [b"x" * size])
    head = s3_server.client().head_object(Bucket=bucket, Key=STORED)
    assert head["ServerSideEncryption"] == sse
    assert head.get("SSEKMSKeyId") == kms_key


def test_path_style_names_the_bucket_in_the_path(settings: Settings, s3_server: S3Server, bucket: str) -> None:
    by_name = settings.model_copy(
        update={"s3_endpoint": s3_server.url.replace("127.0.0.1", "localhost"), "s3_path_style": True}
    )
    open_object_store(by_name).put(KEY, [b"x"])
    assert s3_server.requests()[f"PUT /{bucket}/{STORED}"] == 1


def test_more_objects_than_a_page_are_removed(store: ObjectStore, s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    for number in range(LISTED_AT_ONCE + 10):
        client.put_object(Bucket=bucket, Key=f".kbsync/kb-1/{number}", Body=b"")
    store.put("kb-2/kept", [b"x"])
    assert store.delete_prefix("kb-1/") == LISTED_AT_ONCE + 10
    assert store.get("kb-2/kept") == b"x"


def test_a_knowledge_base_with_a_place_of_its_own_keeps_its_files_there(
    settings: Settings, s3_server: S3Server, bucket: str
) -> None:
    other = s3_server.make_bucket(f"{bucket}-other")
    store = open_object_store(settings, lambda kb_id: BucketPlace(other, "prd/") if kb_id == "kb-1" else None)
    store.put(KEY, [b"one"])
    store.put("kb-2/doc-1/source", [b"two"])
    client = s3_server.client()
    listed = {name: client.list_objects_v2(Bucket=name).get("Contents", []) for name in (bucket, other)}
    assert [each["Key"] for each in listed[other]] == [f"prd/.kbsync/{KEY}"]
    assert [each["Key"] for each in listed[bucket]] == [".kbsync/kb-2/doc-1/source"]
    with pytest.raises(ObjectNotFound):
        open_object_store(settings).get(KEY)


@pytest.mark.parametrize(
    "given",
    [
        {"object_store": "s3"},
        {"object_store": "s3", "s3_bucket": "b", "s3_prefix": "no-slash"},
        {"object_store": "s3", "s3_bucket": "b", "s3_kms_key": "a-key"},
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="KBSYNC_S3"):
        Settings.model_validate(given)


def test_a_local_store_has_no_buckets() -> None:
    with pytest.raises(KbSyncError) as caught:
        open_source_bucket(Settings(), "company-documents")
    assert caught.value.code == "1002"
