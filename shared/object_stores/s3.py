"""An object store in a bucket of S3, or of any server that speaks its protocol."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shared import clock
from shared.errors import ObjectStoreDenied, ObjectStoreError, ObjectStoreUnavailable, ObjectUploadFailed
from shared.object_stores.base import ObjectInfo
from shared.object_stores.keys import check_key, check_prefix
from shared.object_stores.s3_bucket import S3Bucket, translated_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 << 20
"""Of which an upload holds four in memory at most; S3 takes 10,000 parts, which makes 80 GB."""

PING = "ping"


class S3ObjectStore:
    """`ObjectStore` below a prefix of a bucket. Safe under many threads, processes and hosts.

    What is larger than a part is uploaded in parts, which become an object all at once.
    """

    def __init__(self, bucket: S3Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._options = bucket.connection.options.write_options

    def put(self, key: str, chunks: Iterable[bytes], *, durable: bool = True) -> int:  # noqa: ARG002 - it always is
        name = self._name(key)
        parts = _parts(chunks)
        part, is_last = next(parts)
        if not is_last:
            parts = itertools.chain([(part, is_last)], parts)
            del part  # or it would stay in memory beside the ones that follow
            return self._put_parts(name, parts)
        with translated_errors(key, otherwise=ObjectUploadFailed):
            self._client.put_object(Bucket=self._bucket.name, Key=name, Body=part, **self._options)
        return len(part)

    def get(self, key: str) -> bytes:
        return b"".join(self.stream(key))

    def stream(self, key: str, *, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        return self._bucket.stream(self._name(key), chunk_bytes=chunk_bytes)

    def stat(self, key: str) -> ObjectInfo | None:
        found = self._bucket.stat(self._name(key))
        return None if found is None else ObjectInfo(key=key, size_bytes=found.size_bytes)

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        return self._bucket.local_file(self._name(key))

    def delete(self, key: str) -> bool:
        if self.stat(key) is None:
            return False
        with translated_errors(key):
            self._client.delete_object(Bucket=self._bucket.name, Key=self._name(key))
        return True

    def delete_prefix(self, prefix: str) -> int:
        check_prefix(prefix)
        removed = 0
        while page := self._bucket.list_page(self._prefix + prefix):
            self._delete_all([found.key for found in page])
            removed += len(page)
        return removed

    def remove_stale_uploads(self, *, older_than_seconds: float) -> int:
        newest, removed = clock.now() - timedelta(seconds=older_than_seconds), 0
        listed = self._client.get_paginator("list_multipart_uploads")
        with translated_errors(self._prefix):
            for page in listed.paginate(Bucket=self._bucket.name, Prefix=self._prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] <= newest:
                        self._abort(upload["Key"], upload["UploadId"])
                        removed += 1
        return removed

    def ping(self) -> None:
        with translated_errors(self._bucket.name):
            self._bucket.connection.impatient_client.put_object(
                Bucket=self._bucket.name, Key=self._prefix + PING, Body=b"", **self._options
            )

    @property
    def _client(self) -> "S3Client":
        return self._bucket.connection.client

    def _name(self, key: str) -> str:
        check_key(key)
        return self._prefix + key

    def _put_parts(self, name: str, parts: Iterable[tuple[bytes, bool]]) -> int:
        bucket = self._bucket.name
        with translated_errors(name, otherwise=ObjectUploadFailed):
            begun = self._client.create_multipart_upload(Bucket=bucket, Key=name, **self._options)
        upload_id = begun["UploadId"]
        try:
            sent: list[CompletedPartTypeDef] = []
            size = 0
            for part, _ in parts:
                sent.append(self._put_part(name, upload_id, len(sent) + 1, part))
                size += len(part)
            with translated_errors(name, otherwise=ObjectUploadFailed):
                self._client.complete_multipart_upload(
                    Bucket=bucket, Key=name, UploadId=upload_id, MultipartUpload={"Parts": sent}
                )
        except BaseException:
            # Where this fails as well, `remove_stale_uploads` finds the parts later.
            with suppress(ObjectStoreError), translated_errors(name):
                self._abort(name, upload_id)
            raise
        return size

    def _put_part(self, name: str, upload_id: str, number: int, part: bytes) -> "CompletedPartTypeDef":
        with translated_errors(name, otherwise=ObjectUploadFailed):
            answer = self._client.upload_part(
                Bucket=self._bucket.name, Key=name, UploadId=upload_id, PartNumber=number, Body=part
            )
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def _abort(self, name: str, upload_id: str) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket.name, Key=name, UploadId=upload_id)

    def _delete_all(self, names: list[str]) -> None:
        """Remove up to 1000 objects: as many as a page of a listing has, and as S3 takes in one request."""
        with translated_errors(self._prefix):
            answer = self._client.delete_objects(
                Bucket=self._bucket.name, Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
            )
        for refused in answer.get("Errors", ()):
            kind = ObjectStoreDenied if refused.get("Code") == "AccessDenied" else ObjectStoreUnavailable
            raise kind(f"Cannot remove {refused.get('Key')}: {refused.get('Message')}")


def _parts(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Cut a stream into parts, each with whether it is the last; all but that have the same size, and there is one."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        while len(gathered) > PART_BYTES:
            with memoryview(gathered) as view:
                part = bytes(view[:PART_BYTES])
            del gathered[:PART_BYTES]
            yield part, False
    yield bytes(gathered), True
