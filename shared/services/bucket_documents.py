"""What becomes of one object of a knowledge base's bucket: a new document, another version of one, or none."""

import hashlib
import itertools
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared import clock, ids
from shared.converters.content_types import ZIP, detect_archive_type, detect_content_type
from shared.converters.registry import supported_content_types
from shared.errors import (
    BucketMissing,
    ContentTaken,
    DocumentInUse,
    DocumentTooLarge,
    ObjectStoreError,
    ObjectStoreUnavailable,
    UnsupportedDocument,
)
from shared.filenames import clean_filename
from shared.models import BucketObject, Document, KnowledgeBase
from shared.object_stores.base import ListedObject, SourceBucket
from shared.resources import Resources
from shared.services import documents


class Outcome(StrEnum):
    """What an import found, or did, at an object."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    IN_USE = "in_use"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Imported:
    """One object, and what became of it."""

    key: str
    outcome: Outcome
    document_id: str | None = None
    error: UnsupportedDocument | DocumentTooLarge | DocumentInUse | ObjectStoreError | None = None


@dataclass(frozen=True)
class Content:
    """What a document is made of."""

    content_type: str
    sha256: str


Reading = Content | UnsupportedDocument | DocumentTooLarge | ObjectStoreError


class BucketDocuments:
    """Brings the documents of one knowledge base in step with objects, one at a time."""

    def __init__(self, resources: Resources, knowledge_base: KnowledgeBase, bucket: SourceBucket) -> None:
        self._resources = resources
        self._kb_id = knowledge_base.id
        self._bucket = bucket
        types = "\n".join(sorted(supported_content_types()))
        self.reader = hashlib.sha256(types.encode()).hexdigest()[:16]

    def read(self, found: ListedObject) -> Reading:
        """Read an object once: its type from its first bytes, then its hash; what is no document is not read on.

        Several may be read at a time. Raises where the store as a whole fails.
        """
        name, limit = clean_filename(found.key), self._resources.settings.max_upload_bytes
        if found.size_bytes > limit:
            return DocumentTooLarge(filename=name, file_size=found.size_bytes, max_size=limit)
        try:
            pieces = self._bucket.pinned(found.etag).stream(found.key, chunk_bytes=1 << 16)
            try:
                return _content_of(pieces, name)
            finally:
                if isinstance(pieces, Generator):  # or the connection of one that is not read on would stay open
                    pieces.close()
        except (ObjectStoreUnavailable, BucketMissing):
            raise
        except (UnsupportedDocument, ObjectStoreError) as error:  # this object cannot be read; others may
            return error

    def register(self, found: ListedObject, reading: Reading) -> Imported:
        """Note what an object is that is new or not what it was. One after the other: some may have equal bytes."""
        own = self._resources.documents.find_by_key(self._kb_id, found.key)
        if own is not None and (task_id := self._running_task(own.id)) is not None:
            return _in_use(found.key, own.id, task_id)
        if isinstance(reading, UnsupportedDocument | DocumentTooLarge):
            return self._refuse(found, own, reading)
        if isinstance(reading, ObjectStoreError):
            return Imported(found.key, Outcome.FAILED, own.id if own else None, reading)
        if own is None:
            return self._add(found, reading, Outcome.ADDED)
        if self._hand_over(own):
            return self._add(found, reading, Outcome.CHANGED)
        return self._replace(found, own, reading)

    def remove(self, gone: BucketObject) -> Imported | None:
        """Let go of an object that is no longer there; None where it was never a document."""
        own = self._resources.documents.find_by_key(self._kb_id, gone.key)
        if own is not None and not self._hand_over(own):
            try:
                documents.delete(self._resources, self._kb_id, [own.id])
            except DocumentInUse as error:
                return Imported(gone.key, Outcome.IN_USE, own.id, error)
        self._resources.bucket_objects.forget(self._kb_id, [gone.key])
        return Imported(gone.key, Outcome.DELETED, own.id if own else None) if gone.document_id else None

    def _running_task(self, document_id: str) -> str | None:
        running = self._resources.runs.active_documents([document_id])
        return running[0].task_id if running else None

    def _refuse(
        self, found: ListedObject, own: Document | None, error: UnsupportedDocument | DocumentTooLarge
    ) -> Imported:
        """Note what is no document; a document that it was before goes."""
        if own is not None and not self._hand_over(own):
            try:
                documents.delete(self._resources, self._kb_id, [own.id])
            except DocumentInUse as in_use:
                return Imported(found.key, Outcome.IN_USE, own.id, in_use)
        detected = str(error.details.get("detected_type", "")) or None
        self._note(found, document_id=None, detected_type=detected)
        return Imported(found.key, Outcome.SKIPPED, own.id if own else None, error)

    def _add(self, found: ListedObject, content: Content, outcome: Outcome) -> Imported:
        at = clock.now()
        document = Document(
            id=ids.new_document_id(),
            kb_id=self._kb_id,
            filename=clean_filename(found.key),
            object_key=found.key,
            etag=found.etag,
            content_type=content.content_type,
            file_size=found.size_bytes,
            sha256=content.sha256,
            created_at=at,
            updated_at=at,
        )
        if self._resources.documents.insert(document):
            self._note(found, document_id=document.id)
            return Imported(found.key, outcome, document.id)
        same = self._resources.documents.find_by_content(self._kb_id, content.sha256)
        if same is None:  # another import has just taken it, or its like has just gone: the next one sees which
            return Imported(found.key, Outcome.UNCHANGED)
        self._note(found, document_id=same.id)
        still = self._resources.documents.find_by_content(self._kb_id, content.sha256)
        if still is None or still.id != same.id:  # another import has just changed it
            self._resources.bucket_objects.forget(self._kb_id, [found.key])
            return self._add(found, content, outcome)
        return Imported(found.key, Outcome.DUPLICATE, same.id)

    def _replace(self, found: ListedObject, own: Document, content: Content) -> Imported:
        """Give a document the bytes that its object has now; its next sync replaces the chunks."""
        changed = own.model_copy(
            update={
                "etag": found.etag,
                "file_size": found.size_bytes,
                "sha256": content.sha256,
                "content_type": content.content_type,
            }
        )
        try:
            replaced = self._resources.documents.replace_original(changed)
        except ContentTaken:
            return self._merge(found, own, content)
        while (late := self._resources.bucket_objects.other_with(own.id, key=found.key)) is not None:
            self._resources.bucket_objects.forget(self._kb_id, [late.key])  # another import took them for equal
        # A sync that took the document meanwhile may have done so as it was: noting nothing has it looked at again.
        task_id = self._running_task(own.id)
        if not replaced or task_id is not None:
            return _in_use(found.key, own.id, task_id or own.sync_task_id or "")
        self._note(found, document_id=own.id)
        return Imported(found.key, Outcome.CHANGED, own.id)

    def _merge(self, found: ListedObject, own: Document, content: Content) -> Imported:
        """Drop a document whose object has become equal to that of another one."""
        try:
            documents.delete(self._resources, self._kb_id, [own.id])
        except DocumentInUse as error:
            return Imported(found.key, Outcome.IN_USE, own.id, error)
        return self._add(found, content, Outcome.CHANGED)

    def _hand_over(self, own: Document) -> bool:
        """Let a document whose object changed or went read its bytes from another object that has them."""
        other = self._resources.bucket_objects.other_with(own.id, key=own.object_key)
        return other is not None and self._resources.documents.move_original(
            own.id, object_key=other.key, etag=other.etag, filename=clean_filename(other.key)
        )

    def _note(self, found: ListedObject, *, document_id: str | None, detected_type: str | None = None) -> None:
        self._resources.bucket_objects.save(
            BucketObject(
                id=f"{self._kb_id}/{found.key}",
                kb_id=self._kb_id,
                key=found.key,
                etag=found.etag,
                size_bytes=found.size_bytes,
                document_id=document_id,
                detected_type=detected_type,
                reader=self.reader,
            )
        )


def _content_of(pieces: Iterator[bytes], name: str) -> Content:
    """Tell and hash what a stream is. Raises `UnsupportedDocument` without reading it to its end."""
    head, rest = documents.split_head(pieces)
    digest = hashlib.sha256()
    content_type = detect_content_type(head, name)
    if content_type != ZIP:
        documents.refuse_unsupported(name, content_type)
        for piece in itertools.chain([head], rest):
            digest.update(piece)
        return Content(content_type, digest.hexdigest())
    with tempfile.TemporaryDirectory(prefix="kbsync-import-") as directory:
        archive = Path(directory) / "archive"
        with archive.open("wb") as file:
            for piece in itertools.chain([head], rest):
                digest.update(piece)
                file.write(piece)
        content_type = detect_archive_type(archive, head)
    documents.refuse_unsupported(name, content_type)
    return Content(content_type, digest.hexdigest())


def _in_use(key: str, document_id: str, task_id: str) -> Imported:
    error = DocumentInUse(document_ids=[document_id], running_task_id=task_id)
    return Imported(key, Outcome.IN_USE, document_id, error)
