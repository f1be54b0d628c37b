"""A tenant with some of everything that the service keeps, and every route with which another may try to reach it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import Route

from api.main import create_app
from shared import clock, ids
from shared.access.keys import ApiKey, Role
from shared.access.scope import Scope
from shared.artifacts import document_prefix
from shared.chunking.model import ChunkType
from shared.human_tasks import HumanTaskChanges
from shared.models import Document, KnowledgeBase, StoreFacts
from shared.resources import Resources
from shared.services import api_keys, documents, human_tasks, knowledge_bases, sync_tasks
from shared.services.sync_tasks import SyncRequest
from shared.settings import Settings
from shared.states import TaskType
from shared.vector_stores.base import StoredChunk

API = "/api/v1"
PNG = b"\x89PNG\r\n\x1a\n picture"
HUMAN_TASK_ID = "release/7"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Call:
    """A route with one of its methods."""

    method: str
    path: str
    websocket: bool = False

    @property
    def id(self) -> str:
        return f"{'WS' if self.websocket else self.method} {self.path}"

    def url(self, values: Mapping[str, str]) -> str:
        """Fill in the path; a parameter that `values` does not name is one that this test does not know yet."""
        return self.path.replace(":human_task_id", "").format(**values)


def every_call() -> list[Call]:
    """Walk the route table of the application."""
    calls: list[Call] = []
    for route in iter_route_contexts(create_app(Settings()).routes):
        assert isinstance(route.original_route, APIRoute | APIWebSocketRoute | Route), route.original_route
        assert route.path is not None
        if isinstance(route.original_route, APIWebSocketRoute):
            calls.append(Call("GET", route.path, websocket=True))
        else:
            methods = getattr(route.original_route, "methods", None) or set()
            calls += [Call(method, route.path) for method in METHODS if method in methods]
    return calls


@dataclass(frozen=True)
class Tenant:
    """A user with keys, a knowledge base, a synced document, a sync that was cancelled, and a human-loop task."""

    user_id: str
    keys: Mapping[Role, str]
    token_ids: Mapping[Role, str]
    knowledge_base: KnowledgeBase
    document: Document
    sync_task_id: str
    chunk_ids: Sequence[str]
    human_log_id: str
    marks: Sequence[str] = field(default=())
    """Words that stand in everything of this tenant and in nothing of another."""

    def header(self, role: Role = Role.WRITER) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}"}

    def values(self, path: str) -> dict[str, str]:
        """Return what fills the parameters of a path."""
        human = "/tasks/{task_id:human_task_id}" in path
        return {
            "kb_id": self.knowledge_base.id,
            "doc_id": self.document.id,
            "chunk_id": self.chunk_ids[1],
            "task_id": HUMAN_TASK_ID if human else self.sync_task_id,
        }


UNKNOWN = {
    "kb_id": "kb-00000000-0000-4000-8000-000000000000",
    "doc_id": "doc-00000000-0000-4000-8000-000000000000",
    "chunk_id": "chunk-00000000-0000-8000-8000-000000000000",
    "task_id": "task-00000000-0000-4000-8000-000000000000",
}


def make_key(resources: Resources, user_id: str, role: Role) -> tuple[ApiKey, str]:
    return api_keys.create(resources, user_id=user_id, role=role)


def make_tenant(resources: Resources, user_id: str, *, human_task_id: str = HUMAN_TASK_ID) -> Tenant:
    """Make everything of one tenant by the functions that the routes call, and what workers would add."""
    made = {role: make_key(resources, user_id, role) for role in (Role.WRITER, Role.READER)}
    own = resources.seen_by(Scope(user_id=user_id, token_id=made[Role.WRITER][0].id, sees_everything=False))
    mark = f"mark-of-{user_id}"
    kb_id = knowledge_bases.create(own, name=f"知识库 {mark}"[:50], description=mark).knowledge_base.id
    knowledge_base = own.knowledge_bases.get(kb_id)
    document = documents.upload(own, kb_id, filename=f"{mark}.pdf", chunks=[b"%PDF-1.7\n", mark.encode()]).document
    task = sync_tasks.create(own, SyncRequest(kb_id, TaskType.FULL_SYNC))
    sync_tasks.cancel(own, task.id)
    chunks = _store(own, knowledge_base, document, mark)
    human_tasks.sync(
        own,
        HumanTaskChanges(task_id=human_task_id, timestamp=clock.now(), conversations=(), metadata={"source": mark}),
    )
    [log] = human_tasks.list_logs(own, task_id=human_task_id, user_id=None, sync_status=None, skip=0, limit=10)
    return Tenant(
        user_id=user_id,
        keys={role: text for role, (_, text) in made.items()},
        token_ids={role: key.id for role, (key, _) in made.items()},
        knowledge_base=knowledge_base,
        document=own.documents.get(document.id),
        sync_task_id=task.id,
        chunk_ids=[chunk.chunk_id for chunk in chunks],
        human_log_id=log.id,
        marks=(mark, kb_id, document.id, task.id, log.id, *(chunk.chunk_id for chunk in chunks)),
    )


def _store(own: Resources, knowledge_base: KnowledgeBase, document: Document, mark: str) -> list[StoredChunk]:
    """Leave behind what the store stage leaves: a text chunk, an image chunk, Markdown."""
    prefix = document_prefix(knowledge_base.id, document.id)
    own.object_store.put(f"{prefix}markdown", [mark.encode()])
    own.object_store.put(f"{prefix}picture", [PNG])
    chunks = [_chunk(knowledge_base.id, document.id, number, f"{prefix}picture", mark) for number in range(2)]
    vectors = own.embedder(knowledge_base.embedding).embed([chunk.content for chunk in chunks])
    own.vector_store.replace_document(own.table(knowledge_base), document.id, chunks, vectors)
    facts = StoreFacts(
        revision="r1",
        chunks_key=f"{prefix}chunks",
        batch_chunks=128,
        page_count=1,
        text_chunks=1,
        image_chunks=1,
        token_count=20,
        markdown_key=f"{prefix}markdown",
        notes=(),
        processing_info={},
    )
    assert own.documents.begin_store(document.id, fence=9, facts=facts, owner="test", until=clock.seconds_from_now(60))
    assert own.documents.commit_store(document.id, owner="test", facts=facts)
    return chunks


def _chunk(kb_id: str, document_id: str, ordinal: int, picture_key: str, mark: str) -> StoredChunk:
    is_image = ordinal == 1
    return StoredChunk(
        chunk_id=ids.chunk_id(kb_id, document_id, "r1", ordinal),
        document_id=document_id,
        revision="r1",
        ordinal=ordinal,
        chunk_type=ChunkType.IMAGE if is_image else ChunkType.TEXT,
        content=f"the secret word {mark}",
        token_count=10,
        page_start=1,
        page_end=1,
        headings=(),
        text_hash=f"hash{ordinal}",
        image_key=picture_key if is_image else None,
        image_content_type="image/png" if is_image else None,
    )


def body_of(call: Call, tenant: Tenant) -> dict[str, Any]:
    """Return the arguments of a request that its owner may make; a new route with a body has a line here."""
    bodies: dict[str, Any] = {
        "POST /knowledge-bases": {"name": "another name"},
        "PATCH /knowledge-bases/{kb_id}": {"name": "renamed"},
        "DELETE /knowledge-bases/{kb_id}/documents": {"document_ids": [tenant.document.id]},
        "POST /knowledge-bases/{kb_id}/sync": {"task_type": "incremental", "document_ids": [tenant.document.id]},
        "POST /knowledge-bases/{kb_id}/search": {"query": "secret word", "document_ids": [tenant.document.id]},
    }
    named = f"{call.method} {call.path.removeprefix(API)}"
    if named == "POST /knowledge-bases/{kb_id}/documents/upload":
        return {"files": {"file": ("another.pdf", b"%PDF-1.7\nanother")}}
    if named.startswith("POST /") and named.endswith(("tasks", "tasks/sync")) and "{" not in named:
        return {
            "json": {"task_id": HUMAN_TASK_ID, "timestamp": "2024-01-20T10:00:00Z", "conversations": [], "metadata": {}}
        }
    if named in bodies:
        return {"json": bodies[named]}
    return {"json": {}} if call.method in ("POST", "PUT", "PATCH") else {}
