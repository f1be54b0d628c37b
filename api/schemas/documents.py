"""Documents in requests and answers."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field

from api.language import Language
from api.schemas.base import RequestModel, Text, UtcTime, View
from shared.models import Document
from shared.services.documents import Deletion, DocumentDetail, Upload
from shared.states import DocumentStatus, Stage

MAX_DELETED = 100


class DocumentView(View):
    id: str
    kb_id: str
    filename: str
    object_key: str
    content_type: str
    file_size: int
    sha256: str
    page_count: int | None = None
    chunk_count: int
    status: DocumentStatus
    error_message: str | None = None
    created_at: UtcTime
    updated_at: UtcTime

    @classmethod
    def of(cls, document: Document, language: Language) -> Self:
        return cls.model_validate(_fields(document, language))


class UploadedDocumentView(DocumentView):
    duplicate: bool | None = Field(None, description="True where the knowledge base held these bytes already.")

    @classmethod
    def of_upload(cls, upload: Upload, language: Language) -> Self:
        return cls.model_validate({**_fields(upload.document, language), "duplicate": upload.duplicate or None})


class ChunkCounts(View):
    total: int
    text_chunks: int
    image_chunks: int


class DocumentDetailView(DocumentView):
    kb_name: str
    chunks: ChunkCounts
    processing_info: Mapping[Stage, int] | None = Field(None, description="Milliseconds of each stage.")
    error_code: str | None = None
    notes: tuple[str, ...] | None = Field(None, description="What the converter could not read.")

    @classmethod
    def of_detail(cls, detail: DocumentDetail, language: Language) -> Self:
        document = detail.document
        counts = ChunkCounts(
            total=document.chunk_count, text_chunks=document.text_chunks, image_chunks=document.image_chunks
        )
        return cls.model_validate(
            {
                **_fields(document, language),
                "kb_name": detail.kb_name,
                "chunks": counts,
                "processing_info": document.processing_info or None,
                "error_code": document.error_code,
                "notes": document.notes or None,
            }
        )


class DocumentsDelete(RequestModel):
    document_ids: Annotated[list[Text], Field(min_length=1, max_length=MAX_DELETED)]


class DocumentDeletionView(View):
    deleted_count: int
    deleted_document_ids: tuple[str, ...]
    deleted_chunks: int
    deleted_objects: int

    @classmethod
    def of(cls, deletion: Deletion) -> Self:
        return cls(
            deleted_count=len(deletion.document_ids),
            deleted_document_ids=deletion.document_ids,
            deleted_chunks=deletion.deleted_chunks,
            deleted_objects=deletion.deleted_objects,
        )


def _fields(document: Document, language: Language) -> dict[str, object]:
    in_english = language == "en" and document.error_message_en is not None
    return {
        **document.model_dump(include=set(DocumentView.model_fields) - {"chunk_count", "error_message"}),
        "chunk_count": document.chunk_count,
        "error_message": document.error_message_en if in_english else document.error_message,
    }
