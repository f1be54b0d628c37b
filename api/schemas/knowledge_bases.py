"""Knowledge bases in requests and answers."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from api.schemas.base import STORABLE, RequestModel, UtcTime, View
from api.validation import problem
from shared.models import EmbeddingChoice, KnowledgeBase
from shared.services.knowledge_bases import KnowledgeBaseDeletion, KnowledgeBaseDetail, Totals
from shared.states import DocumentStatus, KnowledgeBaseStatus


def _ends_with_slash(prefix: str) -> str:
    if not prefix.endswith("/"):
        raise problem("prefix")
    return prefix


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=50), STORABLE]
Description = Annotated[str, StringConstraints(max_length=500), STORABLE]
Prefix = Annotated[str, StringConstraints(max_length=900), STORABLE, AfterValidator(_ends_with_slash)]


class ChunkingBody(RequestModel):
    """How large chunks are, in tiktoken tokens; what is left out is the service's default."""

    max_tokens: int | None = Field(None, strict=True, ge=32, le=8192)
    overlap_tokens: int | None = Field(None, strict=True, ge=0, le=1024)


class EmbeddingBody(RequestModel):
    """Which model embeds the chunks."""

    provider: Annotated[str, StringConstraints(min_length=1, max_length=100), STORABLE]
    model: Annotated[str, StringConstraints(min_length=1, max_length=200), STORABLE]


class KnowledgeBaseCreate(RequestModel):
    name: Name
    description: Description | None = None
    s3_bucket: Annotated[str, StringConstraints(min_length=1, max_length=255), STORABLE] | None = None
    s3_prefix: Prefix | None = None
    chunking: ChunkingBody | None = None
    embedding: EmbeddingBody | None = None


class KnowledgeBaseUpdate(RequestModel):
    """Only these can be changed; another field is refused, so that nobody thinks that it was changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    description: Description | None = None
    embedding: EmbeddingBody | None = None


class ChunkingView(View):
    max_tokens: int
    overlap_tokens: int


class KnowledgeBaseStats(View):
    text_chunks: int
    image_chunks: int
    total_tokens: int
    documents_by_status: Mapping[DocumentStatus, int]

    @classmethod
    def of(cls, totals: Totals) -> Self:
        return cls(
            text_chunks=totals.text_chunks,
            image_chunks=totals.image_chunks,
            total_tokens=totals.tokens,
            documents_by_status=totals.by_status or {},
        )


class KnowledgeBaseView(View):
    id: str
    user_id: str | None = Field(None, description="Whose it is; left out where it belongs to nobody.")
    name: str
    description: str
    s3_bucket: str | None = None
    s3_prefix: str | None = None
    chunking: ChunkingView
    embedding: EmbeddingChoice
    document_count: int
    chunk_count: int
    status: KnowledgeBaseStatus
    stats: KnowledgeBaseStats | None = None
    created_at: UtcTime
    updated_at: UtcTime

    @classmethod
    def of(cls, detail: KnowledgeBaseDetail, *, with_stats: bool = False) -> Self:
        found: KnowledgeBase = detail.knowledge_base
        return cls(
            id=found.id,
            user_id=found.user_id,
            name=found.name,
            description=found.description,
            s3_bucket=found.s3_bucket,
            s3_prefix=found.s3_prefix,
            chunking=ChunkingView(**found.chunking.model_dump()),
            embedding=found.embedding,
            document_count=detail.totals.documents,
            chunk_count=detail.totals.chunks,
            status=found.status,
            stats=KnowledgeBaseStats.of(detail.totals) if with_stats else None,
            created_at=found.created_at,
            updated_at=found.updated_at,
        )


class KnowledgeBaseDeletionView(View):
    kb_id: str
    deleted_documents: int
    deleted_chunks: int
    deleted_objects: int

    @classmethod
    def of(cls, deletion: KnowledgeBaseDeletion) -> Self:
        return cls(
            kb_id=deletion.kb_id,
            deleted_documents=deletion.deleted_documents,
            deleted_chunks=deletion.deleted_chunks,
            deleted_objects=deletion.deleted_objects,
        )
