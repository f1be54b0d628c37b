"""Documents: upload, show, remove, and what was made of them."""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from api import examples
from api.dependencies import ClientLanguage, ExistingKnowledgeBase, OpenResources, RequestedPage
from api.operations import operation
from api.schemas.base import Data, Page, pagination
from api.schemas.chunks import ChunkView
from api.schemas.documents import (
    DocumentDeletionView,
    DocumentDetailView,
    DocumentsDelete,
    DocumentView,
    UploadedDocumentView,
)
from api.uploads import receive_files
from shared.chunking.model import ChunkType
from shared.errors import (
    ContentNotFound,
    DocumentInUse,
    DocumentNotFound,
    DocumentsNotFound,
    DocumentTooLarge,
    InvalidRequest,
    KnowledgeBaseNotFound,
    ObjectStoreUnavailable,
    UnsupportedDocument,
    UploadFailed,
    VectorStoreFailed,
)
from shared.services import documents
from shared.services.documents import Upload
from shared.states import DocumentStatus

router = APIRouter(tags=["documents"])

UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}

UPLOAD_DESCRIPTION = """Upload one or many files as parts named `file`; other parts are passed over.

PDF, Word, PowerPoint, Excel, EPUB, HTML, Markdown, CSV and plain text are taken. The type is read from the content, not
from the name; anything else is 3004, and so is a text whose name claims a binary format.

The files stream to the object store. One file answers an object, several an array in their order. Nothing is processed
until a sync.

A file that the knowledge base already holds (same SHA-256) answers the document that is there with
`"duplicate": true`; the status is 200 when every file is such a one, else 201.

Files are taken one after the other. The first that cannot be taken ends the request: its error is the answer,
`details.uploaded` names the documents that were stored before it, and the files after it are not looked at. Sending
the request once more without that file is safe, since what was stored is found again as a duplicate."""


@router.post(
    "/knowledge-bases/{kb_id}/documents/upload",
    status_code=201,
    openapi_extra=UPLOAD_BODY,
    **operation(
        "upload_documents",
        summary="上传文档",
        description=UPLOAD_DESCRIPTION,
        examples={
            201: {"one file": {"data": examples.DOCUMENT}, "several files": {"data": [examples.DOCUMENT]}},
            200: {"duplicate": {"data": {**examples.DOCUMENT, "duplicate": True}}},
        },
        fails=[
            InvalidRequest,
            KnowledgeBaseNotFound,
            DocumentTooLarge,
            UnsupportedDocument,
            UploadFailed,
            ObjectStoreUnavailable,
        ],
    ),
)
async def upload_documents(
    kb_id: ExistingKnowledgeBase,
    request: Request,
    response: Response,
    resources: OpenResources,
    language: ClientLanguage,
) -> Data[UploadedDocumentView | list[UploadedDocumentView]]:
    def store(filename: str, chunks: Iterator[bytes]) -> Upload:
        return documents.upload(resources, kb_id, filename=filename, chunks=chunks)

    uploads = await receive_files(
        request,
        store,
        max_file_bytes=resources.settings.max_upload_bytes,
        threads=request.app.state.upload_threads,
    )
    if all(upload.duplicate for upload in uploads):
        response.status_code = 200
    views = [UploadedDocumentView.of_upload(upload, language) for upload in uploads]
    return Data(data=views[0] if len(views) == 1 else views)


@router.get(
    "/knowledge-bases/{kb_id}/documents",
    **operation(
        "list_documents",
        summary="获取文档列表",
        description="List the documents of a knowledge base, newest first.",
        examples={200: {"page": {"data": [examples.DOCUMENT], "pagination": examples.PAGINATION}}},
        fails=[InvalidRequest, KnowledgeBaseNotFound],
    ),
)
def list_documents(
    kb_id: str,
    page: RequestedPage,
    resources: OpenResources,
    language: ClientLanguage,
    status: Annotated[DocumentStatus | None, Query(description="Only documents of this status.")] = None,
) -> Page[DocumentView]:
    found, total = documents.page(resources, kb_id, status=status, number=page.number, size=page.size)
    return Page(data=[DocumentView.of(each, language) for each in found], pagination=pagination(page, total))


@router.delete(
    "/knowledge-bases/{kb_id}/documents",
    **operation(
        "delete_documents",
        summary="删除文档",
        description="Remove documents with their chunks and files: all, or none where one is unknown or in use.",
        examples={200: {"deleted": examples.DOCUMENTS_DELETED}},
        fails=[
            InvalidRequest,
            KnowledgeBaseNotFound,
            DocumentsNotFound,
            DocumentInUse,
            ObjectStoreUnavailable,
            VectorStoreFailed,
        ],
    ),
)
def delete_documents(kb_id: str, body: DocumentsDelete, resources: OpenResources) -> Data[DocumentDeletionView]:
    return Data(data=DocumentDeletionView.of(documents.delete(resources, kb_id, body.document_ids)))


@router.get(
    "/documents/{doc_id}",
    **operation(
        "get_document",
        summary="获取文档详情",
        description="Show a document with what was made of it.",
        examples={200: {"found": {"data": examples.DOCUMENT_DETAIL}}},
        fails=[DocumentNotFound],
    ),
)
def get_document(doc_id: str, resources: OpenResources, language: ClientLanguage) -> Data[DocumentDetailView]:
    return Data(data=DocumentDetailView.of_detail(documents.detail(resources, doc_id), language))


@router.get(
    "/documents/{doc_id}/chunks",
    **operation(
        "list_chunks",
        summary="获取文档分块",
        description="List the chunks of a document by their place in it.",
        examples={200: {"page": {"data": [examples.CHUNK], "pagination": examples.PAGINATION}}},
        fails=[InvalidRequest, DocumentNotFound, VectorStoreFailed],
    ),
)
def list_chunks(
    doc_id: str,
    page: RequestedPage,
    resources: OpenResources,
    chunk_type: Annotated[ChunkType | None, Query(description="Only chunks of this type.")] = None,
) -> Page[ChunkView]:
    found, total = documents.list_chunks(resources, doc_id, chunk_type=chunk_type, number=page.number, size=page.size)
    return Page(data=[ChunkView.of(chunk) for chunk in found], pagination=pagination(page, total))


@router.get(
    "/documents/{doc_id}/markdown",
    response_class=Response,
    **operation(
        "get_markdown",
        summary="获取文档的Markdown",
        description="Return the converted text as `text/markdown`.",
        fails=[DocumentNotFound, ContentNotFound, ObjectStoreUnavailable],
    ),
)
def get_markdown(doc_id: str, resources: OpenResources) -> Response:
    text = documents.markdown(resources, doc_id)
    headers = {"Content-Disposition": attachment(f"{doc_id}.md")}
    return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)


@router.get(
    "/documents/{doc_id}/file",
    response_class=Response,
    **operation(
        "get_file",
        summary="下载原始文件",
        description="Return the bytes as they were uploaded.",
        fails=[DocumentNotFound, ObjectStoreUnavailable],
    ),
)
def get_file(doc_id: str, resources: OpenResources) -> Response:
    document, pieces = documents.original(resources, doc_id)
    headers = {
        # Here, for Starlette adds UTF-8 to the type of a text, whatever its encoding is.
        "Content-Type": document.content_type,
        "Content-Length": str(document.file_size),
        "Content-Disposition": attachment(document.filename),
    }
    return StreamingResponse(pieces, headers=headers)


def attachment(filename: str) -> str:
    """Write a Content-Disposition header (RFC 6266): the name in UTF-8, and in ASCII for old clients.

    What strangers uploaded is saved, not shown: an HTML page or SVG would run in our origin. An `<img>` still shows it.
    """
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in filename)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename, safe='')}"
