"""Bringing a knowledge base in step with its bucket."""

from fastapi import APIRouter

from api import examples
from api.dependencies import ClientLanguage, ExistingKnowledgeBase, OpenResources
from api.operations import operation
from api.schemas.base import Data
from api.schemas.bucket_import import BucketImportBody, BucketImportView
from shared.errors import (
    BucketMissing,
    InvalidRequest,
    KnowledgeBaseNotFound,
    ObjectStoreDenied,
    ObjectStoreUnavailable,
)
from shared.services.bucket_import import import_bucket

router = APIRouter(tags=["documents"])

DESCRIPTION = """Register what lies under the `s3_bucket` and `s3_prefix` of the knowledge base. Nothing is processed
until a sync; calling import and sync again and again keeps a knowledge base in step with its bucket.

A new object becomes a document. One that changed (ETag or size) becomes `uploaded` again, and its next sync replaces
the chunks. The document of one that is gone is deleted with its chunks, unless a running sync holds it (`in_use`: the
next import does it). An object that is as it was is not read again. What is no document, or too large, is `skipped`
with its reason; what cannot be read is `failed` and tried again by the next import. Neither stops the rest.

A call answers within about `KBSYNC_IMPORT_SECONDS`. Where that did not do, `complete` is false, and a further call
with `{"start_after": <next_start_after>}` goes on."""


@router.post(
    "/knowledge-bases/{kb_id}/documents/import",
    **operation(
        "import_documents",
        summary="导入存储桶中的文档",
        description=DESCRIPTION,
        examples={200: {"imported": {"data": examples.BUCKET_IMPORT}}},
        fails=[InvalidRequest, KnowledgeBaseNotFound, ObjectStoreUnavailable, BucketMissing, ObjectStoreDenied],
    ),
)
def import_documents(
    kb_id: ExistingKnowledgeBase,
    resources: OpenResources,
    language: ClientLanguage,
    body: BucketImportBody | None = None,
) -> Data[BucketImportView]:
    start_after = (body.start_after if body is not None else None) or ""
    return Data(data=BucketImportView.of(import_bucket(resources, kb_id, start_after=start_after), language))
