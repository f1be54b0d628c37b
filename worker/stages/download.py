"""Download: make sure that the bytes to work on are there and are those that were uploaded."""

import hashlib

from shared.errors import ObjectNotFound, SourceChanged
from shared.models import Document
from shared.object_stores.base import ReadableObjects


def download(originals: ReadableObjects, document: Document) -> None:
    """Check a document's original. Raises `ObjectNotFound`, or `SourceChanged` where size or SHA-256 differ."""
    found = originals.stat(document.object_key)
    if found is None:
        raise ObjectNotFound
    if found.size_bytes != document.file_size:
        raise SourceChanged
    digest = hashlib.sha256()
    for chunk in originals.stream(document.object_key):
        digest.update(chunk)
    if digest.hexdigest() != document.sha256:
        raise SourceChanged
