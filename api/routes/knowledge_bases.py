"""Knowledge bases."""

from fastapi import APIRouter

from api import examples
from api.dependencies import ClientLanguage, OpenResources, RequestedPage
from api.operations import operation
from api.schemas.base import Data, MessageData, Page, pagination
from api.schemas.knowledge_bases import (
    ChunkingBody,
    KnowledgeBaseCreate,
    KnowledgeBaseDeletionView,
    KnowledgeBaseUpdate,
    KnowledgeBaseView,
)
from shared.chunking.model import ChunkingOptions
from shared.errors import (
    Forbidden,
    InvalidRequest,
    KnowledgeBaseNameTaken,
    KnowledgeBaseNotFound,
    ObjectStoreUnavailable,
    SyncAlreadyRunning,
)
from shared.models import EmbeddingChoice
from shared.services import knowledge_bases
from shared.settings import Settings

router = APIRouter(prefix="/knowledge-bases", tags=["knowledge bases"])


@router.post(
    "",
    status_code=201,
    **operation(
        "create_knowledge_base",
        summary="创建知识库",
        description=(
            "Create a knowledge base. Its name is unique among those of its owner; chunking is fixed from then on. "
            "With API keys required, only an admin names a bucket or prefix."
        ),
        examples={201: {"created": {"data": examples.KNOWLEDGE_BASE}}},
        fails=[InvalidRequest, KnowledgeBaseNameTaken, Forbidden],
    ),
)
def create_knowledge_base(body: KnowledgeBaseCreate, resources: OpenResources) -> Data[KnowledgeBaseView]:
    detail = knowledge_bases.create(
        resources,
        name=body.name,
        description=body.description or "",
        s3_bucket=body.s3_bucket,
        s3_prefix=body.s3_prefix,
        chunking=_chunking(body.chunking, resources.settings),
        embedding=EmbeddingChoice(**body.embedding.model_dump()) if body.embedding else None,
    )
    return Data(data=KnowledgeBaseView.of(detail))


def _chunking(body: ChunkingBody | None, settings: Settings) -> ChunkingOptions | None:
    """Fill in what was left out; a small chunk has a smaller overlap than the default."""
    if body is None:
        return None
    max_tokens = settings.chunk_max_tokens if body.max_tokens is None else body.max_tokens
    default_overlap = min(settings.chunk_overlap_tokens, max_tokens // 2)
    overlap_tokens = default_overlap if body.overlap_tokens is None else body.overlap_tokens
    return ChunkingOptions(max_tokens=max_tokens, overlap_tokens=overlap_tokens)


@router.get(
    "",
    **operation(
        "list_knowledge_bases",
        summary="获取知识库列表",
        description="List knowledge bases, newest first.",
        examples={200: {"page": {"data": [examples.KNOWLEDGE_BASE], "pagination": examples.PAGINATION}}},
        fails=[InvalidRequest],
    ),
)
def list_knowledge_bases(page: RequestedPage, resources: OpenResources) -> Page[KnowledgeBaseView]:
    found, total = knowledge_bases.page(resources, number=page.number, size=page.size)
    return Page(data=[KnowledgeBaseView.of(each) for each in found], pagination=pagination(page, total))


@router.get(
    "/{kb_id}",
    **operation(
        "get_knowledge_base",
        summary="获取知识库详情",
        description="Show a knowledge base with its statistics.",
        examples={200: {"found": {"data": examples.KNOWLEDGE_BASE_DETAIL}}},
        fails=[KnowledgeBaseNotFound],
    ),
)
def get_knowledge_base(kb_id: str, resources: OpenResources) -> Data[KnowledgeBaseView]:
    return Data(data=KnowledgeBaseView.of(knowledge_bases.get(resources, kb_id), with_stats=True))


@router.patch(
    "/{kb_id}",
    **operation(
        "update_knowledge_base",
        summary="修改知识库",
        description="Change the name, the description or the embedding model; a field that is left out or null stays "
        "as it is. With another model search finds a document again when the next full sync has embedded it anew.",
        examples={200: {"updated": {"data": examples.KNOWLEDGE_BASE}}},
        fails=[InvalidRequest, KnowledgeBaseNameTaken, KnowledgeBaseNotFound, SyncAlreadyRunning],
    ),
)
def update_knowledge_base(kb_id: str, body: KnowledgeBaseUpdate, resources: OpenResources) -> Data[KnowledgeBaseView]:
    detail = knowledge_bases.update(
        resources,
        kb_id,
        name=body.name,
        description=body.description,
        embedding=EmbeddingChoice(**body.embedding.model_dump()) if body.embedding else None,
    )
    return Data(data=KnowledgeBaseView.of(detail))


@router.delete(
    "/{kb_id}",
    **operation(
        "delete_knowledge_base",
        summary="删除知识库",
        description="Cancel a running sync, then remove the knowledge base with its documents, chunks and files.",
        examples={200: {"deleted": examples.KNOWLEDGE_BASE_DELETED}},
        fails=[KnowledgeBaseNotFound, ObjectStoreUnavailable],
    ),
)
def delete_knowledge_base(
    kb_id: str, resources: OpenResources, language: ClientLanguage
) -> MessageData[KnowledgeBaseDeletionView]:
    deletion = knowledge_bases.delete(resources, kb_id)
    message = "Knowledge base deleted" if language == "en" else "知识库删除成功"
    return MessageData(message=message, data=KnowledgeBaseDeletionView.of(deletion))
