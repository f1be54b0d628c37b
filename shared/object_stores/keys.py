"""Which keys an object may have, in every store."""

from shared.errors import ObjectStoreDenied

LONGEST_KEY_BYTES = 1024
"""The limit of S3; a segment is held to 200 bytes, which leaves a file system room for the name of an upload."""

LONGEST_SEGMENT_BYTES = 200

OWN_AREA = ".kbsync"
"""A key of a bucket that has this as one of its segments is a file of ours, whichever knowledge base made it."""


def check_key(key: str) -> None:
    """Raise `ObjectStoreDenied` unless `key` is segments divided by `/` that stay inside the store."""
    segments = key.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise ObjectStoreDenied(f"Not a key: {key[:200]!r} has an empty segment, `.` or `..`")
    if any(character < " " or character in "\\\x7f" for character in key):
        raise ObjectStoreDenied(f"Not a key: {key[:200]!r} has a control character or a backslash")
    try:
        sizes = [len(segment.encode()) for segment in segments]
    except UnicodeEncodeError as error:
        raise ObjectStoreDenied(f"Not a key: {key[:200]!r} is not valid Unicode") from error
    if sum(sizes) + len(segments) - 1 > LONGEST_KEY_BYTES or max(sizes) > LONGEST_SEGMENT_BYTES:
        raise ObjectStoreDenied(f"Not a key: {key[:200]!r} is too long")


def check_prefix(prefix: str) -> None:
    """Raise `ObjectStoreDenied` unless `prefix` is a key followed by `/`, so that it never means the whole store."""
    if not prefix.endswith("/"):
        raise ObjectStoreDenied(f"Not a prefix: {prefix[:200]!r} does not end with `/`")
    check_key(prefix[:-1])


def is_own_file(key: str) -> bool:
    """Tell whether an object of a bucket is ours, which nobody may take for a document of theirs."""
    return OWN_AREA in key.split("/")
