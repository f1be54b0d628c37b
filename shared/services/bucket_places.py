"""Which places in buckets a knowledge base may have, and which objects there are nobody's documents."""

from collections.abc import Callable

from shared.errors import InvalidRequest
from shared.object_stores.keys import OWN_AREA, is_own_file
from shared.settings import Settings

LONGEST_PREFIX_BYTES = 800
"""Leaves the keys of our own files below it room within the 1024 bytes of S3."""

EVERY_BUCKET = "*"


def check_place(settings: Settings, *, bucket: str | None, prefix: str | None) -> None:
    """Raise `InvalidRequest` for a place that the service would not keep to itself, or may not use.

    Where files are kept locally a place is only remembered. Two knowledge bases may have the same place, or one inside
    the other: each reads the documents there, and has its own files below its own id.
    """
    if settings.object_store != "s3" or bucket is None:
        return
    allowed = {name.strip() for name in settings.s3_import_buckets.split(",")}
    if EVERY_BUCKET not in allowed and bucket not in allowed:
        raise InvalidRequest("s3_bucket", "this bucket may not be used")
    below = prefix or ""
    if len(below.encode()) > LONGEST_PREFIX_BYTES:
        raise InvalidRequest("s3_prefix", "is too long")
    if OWN_AREA in below.split("/") or _is_in_vector_store(settings, bucket, below):
        raise InvalidRequest("s3_prefix", "lies among the files of the service")


def is_ours(settings: Settings, bucket: str) -> Callable[[str], bool]:
    """Return a test for the keys of a bucket: true for the files of the service, which are nobody's documents."""
    return lambda key: is_own_file(key) or _is_in_vector_store(settings, bucket, key)


def _is_in_vector_store(settings: Settings, bucket: str, key: str) -> bool:
    below = settings.vectors_prefix
    if bucket != settings.vectors_bucket:
        return False
    # A vector store at the top of a bucket has its tables there, beside whatever else there is.
    return key.startswith(below) if below else key.partition("/")[0].endswith(".lance")
