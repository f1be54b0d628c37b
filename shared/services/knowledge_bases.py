"""Knowledge bases: making, showing, renaming and removing them."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared import clock, ids
from shared.artifacts import knowledge_base_prefix
from shared.chunking.model import ChunkingOptions
from shared.embedders.registry import embedder_spec
from shared.errors import Forbidden, InvalidRequest, SyncAlreadyRunning, SyncNotRunning
from shared.kb_lock import LockHolder
from shared.models import EmbeddingChoice, KnowledgeBase
from shared.resources import Resources
from shared.services import sync_tasks
from shared.services.bucket_places import check_place
from shared.states import DocumentStatus


@dataclass(frozen=True)
class Totals:
    """What a knowledge base holds, counted from its documents."""

    documents: int = 0
    text_chunks: int = 0
    image_chunks: int = 0
    tokens: int = 0
    pages: int = 0
    bytes: int = 0
    by_status: Mapping[DocumentStatus, int] | None = None

    @property
    def chunks(self) -> int:
        return self.text_chunks + self.image_chunks

    @classmethod
    def of(cls, sums: Mapping[str, int]) -> "Totals":
        return cls(
            documents=sums.get("documents", 0),
            text_chunks=sums.get("text_chunks", 0),
            image_chunks=sums.get("image_chunks", 0),
            tokens=sums.get("tokens", 0),
            pages=sums.get("pages", 0),
            bytes=sums.get("bytes", 0),
            by_status={status: sums.get(str(status), 0) for status in DocumentStatus},
        )


@dataclass(frozen=True)
class KnowledgeBaseDetail:
    knowledge_base: KnowledgeBase
    totals: Totals


@dataclass(frozen=True)
class KnowledgeBaseDeletion:
    kb_id: str
    deleted_documents: int
    deleted_chunks: int
    deleted_objects: int


def create(
    resources: Resources,
    *,
    name: str,
    description: str = "",
    s3_bucket: str | None = None,
    s3_prefix: str | None = None,
    chunking: ChunkingOptions | None = None,
    embedding: EmbeddingChoice | None = None,
) -> KnowledgeBaseDetail:
    """Make a knowledge base that belongs to the caller.

    Raises `KnowledgeBaseNameTaken`, `InvalidRequest` for a model or a place of files that cannot be, `Forbidden`
    where one who sees only what is its own names a bucket or prefix: others' files may lie there.
    """
    if (s3_bucket or s3_prefix) and not resources.scope.sees_everything:
        raise Forbidden(details={"field": "s3_bucket" if s3_bucket else "s3_prefix"})
    settings = resources.settings
    choice = embedding or EmbeddingChoice(provider=settings.embedding_provider, model=settings.embedding_model)
    embedder_spec(choice.provider, choice.model, settings)
    options = chunking or ChunkingOptions(
        max_tokens=settings.chunk_max_tokens, overlap_tokens=settings.chunk_overlap_tokens
    )
    if options.overlap_tokens * 2 > options.max_tokens:
        raise InvalidRequest("chunking.overlap_tokens", "must be at most half of max_tokens")
    check_place(settings, bucket=s3_bucket, prefix=s3_prefix)
    at = clock.now()
    knowledge_base = KnowledgeBase(
        id=ids.new_knowledge_base_id(),
        user_id=resources.scope.user_id,
        name=name,
        description=description,
        s3_bucket=s3_bucket,
        s3_prefix=s3_prefix,
        chunking=options,
        embedding=choice,
        created_at=at,
        updated_at=at,
    )
    resources.knowledge_bases.insert(knowledge_base)
    return KnowledgeBaseDetail(knowledge_base=knowledge_base, totals=Totals.of({}))


def get(resources: Resources, kb_id: str) -> KnowledgeBaseDetail:
    knowledge_base = resources.knowledge_bases.get(kb_id)
    return _with_totals(resources, [knowledge_base])[0]


def page(resources: Resources, *, number: int, size: int) -> tuple[list[KnowledgeBaseDetail], int]:
    """Return page `number` (from 1), newest first, and how many there are."""
    found, total = resources.knowledge_bases.page(skip=(number - 1) * size, limit=size)
    return _with_totals(resources, found), total


def update(
    resources: Resources,
    kb_id: str,
    *,
    name: str | None,
    description: str | None,
    embedding: EmbeddingChoice | None = None,
) -> KnowledgeBaseDetail:
    """Change what is given. Another model has a table of its own: the next full sync embeds every document with it.

    Raises `KnowledgeBaseNotFound`, `KnowledgeBaseNameTaken`; `InvalidRequest` for a model that the service does not
    have, `SyncAlreadyRunning` where a sync still embeds with the old one.
    """
    before = resources.knowledge_bases.get(kb_id)
    is_another = embedding is not None and embedding != before.embedding
    if embedding is not None and is_another:
        embedder_spec(embedding.provider, embedding.model, resources.settings)
        running = resources.sync_tasks.find_active(kb_id)
        if running is not None:
            raise SyncAlreadyRunning(running.id)
    knowledge_base = resources.knowledge_bases.update(kb_id, name=name, description=description, embedding=embedding)
    if is_another:
        resources.documents.mark_for_sync(kb_id)
    return _with_totals(resources, [knowledge_base])[0]


def give(resources: Resources, kb_id: str, *, user_id: str) -> KnowledgeBase:
    """Let a knowledge base belong to another user.

    Raises `KnowledgeBaseNotFound`, or `KnowledgeBaseNameTaken` where that user has one of its name.
    """
    return resources.knowledge_bases.give(kb_id, user_id=user_id)


def delete(resources: Resources, kb_id: str) -> KnowledgeBaseDeletion:
    """Cancel a running sync, then remove the knowledge base with all that belongs to it.

    It is hidden first; what a crash leaves behind is removed by `finish_deletion`.
    """
    knowledge_base = resources.knowledge_bases.mark_deleting(kb_id)
    return finish_deletion(resources, knowledge_base)


def finish_deletion(resources: Resources, knowledge_base: KnowledgeBase) -> KnowledgeBaseDeletion:
    """Remove what a hidden knowledge base still has; may be called again after a crash."""
    kb_id = knowledge_base.id
    running = resources.sync_tasks.find_active(kb_id)
    if running is not None:
        try:
            sync_tasks.cancel(resources, running.id)
        except SyncNotRunning:  # it ended by itself meanwhile
            resources.kb_lock.release(kb_id, LockHolder(running.id, running.fence))
    document_ids = resources.documents.all_ids(kb_id)
    deleted_chunks = resources.vector_store.delete_knowledge_base(kb_id)
    deleted_objects = resources.object_store.delete_prefix(knowledge_base_prefix(kb_id))
    deleted_documents = resources.documents.delete_many(kb_id, document_ids)
    resources.bucket_objects.forget_knowledge_base(kb_id)
    resources.runs.delete_of_knowledge_base(kb_id)
    resources.sync_tasks.delete_of(kb_id)
    resources.knowledge_bases.delete(kb_id)
    return KnowledgeBaseDeletion(
        kb_id=kb_id,
        deleted_documents=deleted_documents,
        deleted_chunks=deleted_chunks,
        deleted_objects=deleted_objects,
    )


def _with_totals(resources: Resources, found: list[KnowledgeBase]) -> list[KnowledgeBaseDetail]:
    sums = resources.documents.totals([knowledge_base.id for knowledge_base in found])
    return [KnowledgeBaseDetail(knowledge_base=each, totals=Totals.of(sums.get(each.id, {}))) for each in found]
