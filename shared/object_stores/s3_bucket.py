"""Buckets of S3, or of any server that speaks its protocol: one client, and its errors in our own words."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from shared.errors import (
    BucketMissing,
    ObjectNotFound,
    ObjectStoreDenied,
    ObjectStoreError,
    ObjectStoreUnavailable,
    SourceChanged,
)
from shared.object_stores.base import ListedObject, ObjectInfo, ReadableObjects
from shared.settings import Settings

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

ATTEMPTS = 5
"""Of one request, the first included: the SDK waits up to 1, 2, 4 and 8 seconds at random between them."""

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
CONNECTIONS = 32
READ_ATTEMPTS = 4
"""Of one stream: each goes on where the last one broke off, and a piece that was read starts the count anew."""

NOT_FOUND = frozenset({"NoSuchKey", "NotFound", "404"})
NO_BUCKET = frozenset({"NoSuchBucket", "InvalidBucketName"})
ARCHIVED = "InvalidObjectState"
DENIED = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "KeyTooLongError"})
DENIED_STATUSES = (401, 403)
CONDITION_FAILED = (409, 412)
NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)


class WriteOptions(TypedDict, total=False):
    ServerSideEncryption: Literal["AES256", "aws:kms"]
    SSEKMSKeyId: str


@dataclass(frozen=True)
class S3Options:
    """How a server is reached. Credentials are found by the SDK itself: environment, profile, role of the host."""

    endpoint: str | None
    region: str | None
    path_style: bool
    encryption: Literal["AES256", "aws:kms"] | None
    kms_key: str | None
    ping_seconds: float

    @property
    def write_options(self) -> "WriteOptions":
        """What every write is sent with."""
        options = WriteOptions()
        if self.encryption is not None:
            options["ServerSideEncryption"] = self.encryption
        if self.kms_key is not None:
            options["SSEKMSKeyId"] = self.kms_key
        return options

    @classmethod
    def of(cls, settings: Settings) -> "S3Options":
        return cls(
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            path_style=settings.s3_path_style,
            encryption=settings.s3_sse,
            kms_key=settings.s3_kms_key,
            ping_seconds=settings.service_timeout_seconds,
        )


class S3Connection:
    """The clients of one server, which its buckets share. Make it after the fork; it is safe under threads."""

    def __init__(self, options: S3Options) -> None:
        self.options = options
        self._lock = threading.Lock()

    @cached_property
    def client(self) -> "S3Client":
        return self._open(attempts=ATTEMPTS, connect_seconds=CONNECT_SECONDS, silence_seconds=SILENCE_SECONDS)

    @cached_property
    def impatient_client(self) -> "S3Client":
        """Tells soon that the server is away."""
        seconds = self.options.ping_seconds
        return self._open(attempts=1, connect_seconds=seconds, silence_seconds=seconds)

    def _open(self, *, attempts: int, connect_seconds: float, silence_seconds: float) -> "S3Client":
        from boto3.session import Session
        from botocore.config import Config

        options = self.options
        config = Config(
            connect_timeout=connect_seconds,
            read_timeout=silence_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=CONNECTIONS,
            tcp_keepalive=True,
            s3={"addressing_style": "path" if options.path_style else "auto"},
            # The newer checksums are unknown to many servers; TLS and the SHA-256 of originals hold without them.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        region = options.region or ("us-east-1" if options.endpoint else None)
        with self._lock, translated_errors("the client"):
            return Session().client("s3", endpoint_url=options.endpoint, region_name=region, config=config)


@lru_cache(maxsize=8)
def connect(options: S3Options) -> S3Connection:
    """Return the connection of this process; nothing is sent before it is used."""
    return S3Connection(options)


class S3Bucket:
    """Reads a bucket: `SourceBucket`. A key may be any text."""

    def __init__(self, connection: S3Connection, name: str) -> None:
        self.connection = connection
        self.name = name

    def list_page(self, prefix: str, *, start_after: str = "") -> list[ListedObject]:
        with translated_errors(f"{self.name}/{prefix}"):
            answer = self.connection.client.list_objects_v2(Bucket=self.name, Prefix=prefix, StartAfter=start_after)
        return [
            ListedObject(key=found["Key"], size_bytes=found["Size"], etag=found["ETag"])
            for found in answer.get("Contents", ())
        ]

    def pinned(self, etag: str) -> ReadableObjects:
        return _Pinned(self, etag)

    def stat(self, key: str, *, etag: str | None = None) -> ObjectInfo | None:
        try:
            with translated_errors(key):
                if etag is None:
                    answer = self.connection.client.head_object(Bucket=self.name, Key=key)
                else:
                    answer = self.connection.client.head_object(Bucket=self.name, Key=key, IfMatch=etag)
        except SourceChanged:
            raise
        except ObjectNotFound:
            return None
        return ObjectInfo(key=key, size_bytes=answer["ContentLength"])

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20, etag: str | None = None) -> Iterator[bytes]:
        """Read an object in pieces, also over connections that break."""
        return self._pieces(self._open(key, etag=etag, offset=0), key, chunk_bytes)

    def local_file(self, key: str, *, etag: str | None = None) -> AbstractContextManager[Path]:
        return self._copy(key, etag)

    def put_new(self, key: str) -> bool:
        """Write an empty object and tell whether that was possible: not where there is one of the key already."""
        try:
            with translated_errors(key):
                self.connection.client.put_object(
                    Bucket=self.name, Key=key, Body=b"", IfNoneMatch="*", **self.connection.options.write_options
                )
        except SourceChanged:
            return False
        return True

    def _open(self, key: str, *, etag: str | None, offset: int) -> "_Opened":
        wanted: GetObjectRequestTypeDef = {"Bucket": self.name, "Key": key}
        if etag is not None:
            wanted["IfMatch"] = etag
        if offset:
            wanted["Range"] = f"bytes={offset}-"
        with translated_errors(key):
            answer = self.connection.client.get_object(**wanted)
        return _Opened(body=answer["Body"], etag=answer["ETag"], size_bytes=offset + answer["ContentLength"])

    def _pieces(self, opened: "_Opened", key: str, chunk_bytes: int) -> Iterator[bytes]:
        body, offset, failures = opened.body, 0, 0
        try:
            while offset < opened.size_bytes:
                try:
                    piece = body.read(chunk_bytes)
                except BotoCoreError as error:
                    failures += 1
                    if failures == READ_ATTEMPTS:
                        raise ObjectStoreUnavailable(f"Cannot read {key}: {error}") from error
                    body.close()
                    time.sleep(random.uniform(0, 0.25 * 2**failures))  # noqa: S311 - not a secret
                    body = self._open(key, etag=opened.etag, offset=offset).body
                    continue
                offset, failures = offset + len(piece), 0
                yield piece
        finally:
            body.close()

    @contextmanager
    def _copy(self, key: str, etag: str | None) -> Iterator[Path]:
        pieces = self.stream(key, etag=etag)
        with tempfile.TemporaryDirectory(prefix="kbsync-object-") as directory:
            path = Path(directory) / "object"
            try:
                with path.open("wb") as file:
                    for piece in pieces:
                        file.write(piece)
            except OSError as error:
                raise ObjectStoreUnavailable(f"No room for a copy of {key}: {error.strerror}") from error
            yield path


@dataclass(frozen=True)
class _Opened:
    body: "StreamingBody"
    etag: str
    size_bytes: int


@dataclass(frozen=True)
class _Pinned:
    """`ReadableObjects` of one ETag."""

    bucket: S3Bucket
    etag: str

    def stat(self, key: str) -> ObjectInfo | None:
        return self.bucket.stat(key, etag=self.etag)

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        return self.bucket.stream(key, chunk_bytes=chunk_bytes, etag=self.etag)

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        return self.bucket.local_file(key, etag=self.etag)


@contextmanager
def translated_errors(what: str, *, otherwise: type[ObjectStoreError] = ObjectStoreUnavailable) -> Iterator[None]:
    """Let errors of the SDK leave as ours; `otherwise` is what a refusal is that has no kind of its own."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, what, otherwise) from error
    except NO_CREDENTIALS as error:
        raise ObjectStoreDenied(f"{what}: {error}") from error
    except ParamValidationError as error:  # the name of the bucket above all
        raise BucketMissing(f"{what}: {error}") from error
    except (BotoCoreError, ValueError) as error:  # no answer; an endpoint that is no URL
        raise ObjectStoreUnavailable(f"{what}: {error}") from error


def _of_answer(error: ClientError, what: str, otherwise: type[ObjectStoreError]) -> ObjectStoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in NO_BUCKET:
        return BucketMissing(f"{what}: {error}")
    if code in NOT_FOUND:
        return ObjectNotFound(f"No such object: {what}")
    if code == ARCHIVED:
        return ObjectNotFound(f"{what} is archived and has to be restored first")
    if status in CONDITION_FAILED:
        return SourceChanged(f"{what} is not what it was")
    if code in DENIED or status in DENIED_STATUSES:
        return ObjectStoreDenied(f"{what}: {error}")
    return otherwise(f"{what}: {error}")
