"""Documents: taking them in, showing them and what was made of them, removing them."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from shared import clock, ids
from shared.artifacts import document_prefix, source_key
from shared.chunking.model import ChunkType
from shared.converters.content_types import (
    HEAD_BYTES,
    ZIP,
    claims_another_type,
    detect_archive_type,
    detect_content_type,
)
from shared.converters.registry import supported_content_types
from shared.errors import (
    ChunkNotFound,
    ContentNotFound,
    DocumentInUse,
    DocumentsNotFound,
    DocumentTooLarge,
    UnsupportedDocument,
)
from shared.filenames import clean_filename
from shared.models import Document
from shared.resources import Resources
from shared.states import DocumentStatus
from shared.vector_stores.base import StoredChunk


@dataclass(frozen=True)
class Upload:
    """What became of an upload."""

    document: Document
    duplicate: bool


@dataclass(frozen=True)
class DocumentDetail:
    document: Document
    kb_name: str


@dataclass(frozen=True)
class Deletion:
    """What a deletion removed."""

    document_ids: tuple[str, ...]
    deleted_chunks: int
    deleted_objects: int


@dataclass(frozen=True)
class Picture:
    content_type: str
    data: bytes


@dataclass
class _Measured:
    """Passes a stream on while it measures and hashes it."""

    filename: str
    max_bytes: int
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.size += len(chunk)
            if self.size > self.max_bytes:
                raise DocumentTooLarge(filename=self.filename, file_size=self.size, max_size=self.max_bytes)
            self.digest.update(chunk)
            yield chunk


def upload(resources: Resources, kb_id: str, *, filename: str, chunks: Iterable[bytes]) -> Upload:
    """Stream a file into the object store and note it as `uploaded`; equal bytes answer the document that is there.

    Raises `KnowledgeBaseNotFound`, `UnsupportedDocument` (by content; nothing stays stored), `DocumentTooLarge`.
    """
    resources.knowledge_bases.get(kb_id)
    name = clean_filename(filename)
    head, rest = split_head(chunks)
    content_type = detect_content_type(head, name)
    if content_type != ZIP:
        refuse_unsupported(name, content_type)
    document_id = ids.new_document_id()
    key = source_key(kb_id, document_id)
    measured = _Measured(filename=name, max_bytes=resources.settings.max_upload_bytes)
    resources.object_store.put(key, measured.passing(itertools.chain([head], rest)))
    if content_type == ZIP:
        content_type = _stored_archive_type(resources, key, filename=name, head=head)
    at = clock.now()
    document = Document(
        id=document_id,
        kb_id=kb_id,
        filename=name,
        object_key=key,
        content_type=content_type,
        file_size=measured.size,
        sha256=measured.digest.hexdigest(),
        created_at=at,
        updated_at=at,
    )
    return _register(resources, document)


def split_head(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return what a type is told from, at least `HEAD_BYTES` where there are so many, and the rest."""
    rest = iter(chunks)
    head = b""
    for chunk in rest:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head, rest


def refuse_unsupported(filename: str, content_type: str) -> None:
    """Raise `UnsupportedDocument` for a type that is not taken, and for a text that claims to be something else."""
    if content_type not in supported_content_types() or claims_another_type(filename, content_type):
        raise UnsupportedDocument(filename=filename, detected_type=content_type)


def _stored_archive_type(resources: Resources, key: str, *, filename: str, head: bytes) -> str:
    """Return what kind of document a stored archive is; one that is none does not stay stored."""
    try:
        with resources.object_store.local_file(key) as archive:
            content_type = detect_archive_type(archive, head)
        refuse_unsupported(filename, content_type)
    except BaseException:
        resources.object_store.delete(key)
        raise
    return content_type


def _register(resources: Resources, document: Document) -> Upload:
    if resources.documents.insert(document):
        return Upload(document=document, duplicate=False)
    resources.object_store.delete(document.object_key)
    existing = resources.documents.find_by_content(document.kb_id, document.sha256)
    if existing is None:  # removed between the two calls: the bytes are new again
        raise DocumentsNotFound([document.id])
    return Upload(document=existing, duplicate=True)


def page(
    resources: Resources, kb_id: str, *, status: DocumentStatus | None, number: int, size: int
) -> tuple[list[Document], int]:
    """Return page `number` (from 1) of a knowledge base's documents, and how many there are."""
    resources.knowledge_bases.get(kb_id)
    return resources.documents.page(kb_id, status=status, skip=(number - 1) * size, limit=size)


def detail(resources: Resources, document_id: str) -> DocumentDetail:
    document = resources.documents.get(document_id)
    knowledge_base = resources.knowledge_bases.get(document.kb_id)
    return DocumentDetail(document=document, kb_name=knowledge_base.name)


def list_chunks(
    resources: Resources, document_id: str, *, chunk_type: ChunkType | None, number: int, size: int
) -> tuple[list[StoredChunk], int]:
    """Return page `number` (from 1) of a document's chunks by their place in it, and how many there are."""
    document = resources.documents.get(document_id)
    knowledge_base = resources.knowledge_bases.get(document.kb_id)
    return resources.vector_store.list_chunks(
        resources.table(knowledge_base),
        document_id,
        chunk_type=chunk_type,
        offset=(number - 1) * size,
        limit=size,
    )


def markdown(resources: Resources, document_id: str) -> str:
    """Return the converted text. Raises `ContentNotFound` before the first conversion."""
    document = resources.documents.get(document_id)
    if document.markdown_key is None:
        raise ContentNotFound(document_id)
    return resources.object_store.get(document.markdown_key).decode()


def original(resources: Resources, document_id: str) -> tuple[Document, Iterator[bytes]]:
    """Return a document and its bytes as they were uploaded, as a stream."""
    document = resources.documents.get(document_id)
    return document, resources.originals(document).stream(document.object_key)


def picture(resources: Resources, chunk_id: str) -> Picture:
    """Return the picture of an image chunk. Raises `ChunkNotFound`, for a text chunk too."""
    chunk = find_chunk(resources, chunk_id)
    if chunk is None or chunk.image_key is None:
        raise ChunkNotFound(chunk_id)
    data = resources.object_store.get(chunk.image_key)
    return Picture(content_type=chunk.image_content_type or "application/octet-stream", data=data)


def find_chunk(resources: Resources, chunk_id: str) -> StoredChunk | None:
    prefix = ids.knowledge_base_prefix(chunk_id)
    if prefix is None:
        return None
    for knowledge_base in resources.knowledge_bases.find_by_id_prefix(prefix):
        chunk = resources.vector_store.get_chunk(resources.table(knowledge_base), chunk_id)
        if chunk is not None:
            return chunk
    return None


def delete(resources: Resources, kb_id: str, document_ids: Sequence[str]) -> Deletion:
    """Remove documents with all that was made of them: all of them, or none where one is unknown or being synced.

    The record goes last, so that a deletion that was cut off can be asked for again.
    """
    resources.knowledge_bases.get(kb_id)
    wanted = list(dict.fromkeys(document_ids))
    found = resources.documents.get_many(kb_id, wanted)
    unknown = [document_id for document_id in wanted if document_id not in found]
    if unknown:
        raise DocumentsNotFound(unknown)
    busy = resources.runs.active_documents(wanted)
    if busy:
        raise DocumentInUse(document_ids=[run.document_id for run in busy], running_task_id=busy[0].task_id)
    deleted_chunks = resources.vector_store.delete_documents(kb_id, wanted)
    deleted_objects = sum(
        resources.object_store.delete_prefix(document_prefix(kb_id, document_id)) for document_id in wanted
    )
    resources.documents.delete_many(kb_id, wanted)
    return Deletion(document_ids=tuple(wanted), deleted_chunks=deleted_chunks, deleted_objects=deleted_objects)
