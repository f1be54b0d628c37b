"""The few calls of the HTTP API that the demo makes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, TypeAdapter

TIMEOUT_SECONDS = 60.0
Model = TypeVar("Model", bound=BaseModel)
ENDED = frozenset({"completed", "partial_success", "failed", "cancelled"})


class Refused(Exception):
    """The service answered with an error"""


class Document(BaseModel):
    id: str
    filename: str
    status: str
    page_count: int | None = None
    chunk_count: int = 0
    error_message: str | None = None


class TaskDocument(BaseModel):
    document_id: str
    filename: str
    status: str
    chunks_created: int = 0
    processing_time_ms: int = 0
    error_message: str | None = None
    retryable: bool | None = None


class SyncTask(BaseModel):
    id: str
    status: str
    progress: int
    current_step: str
    total_documents: int
    processed_documents: int
    failed_documents: int
    documents: tuple[TaskDocument, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class Hit(BaseModel):
    filename: str
    content: str
    score: float
    page_start: int
    headings: tuple[str, ...] = ()


class Chunk(BaseModel):
    content: str
    headings: tuple[str, ...] = ()


class Created(BaseModel):
    id: str


class SyncCreated(BaseModel):
    task_id: str


class Retried(BaseModel):
    new_task_id: str
    retry_document_count: int


class ServiceClient:
    """Speaks to one service; errors come back as `Refused` with the service's own message, in English."""

    def __init__(self, api_url: str) -> None:
        self._base = f"{api_url}/api/v1"
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = "en"
        self._session.trust_env = False  # a proxy has no business on loopback

    def create_knowledge_base(self, name: str) -> str:
        return self._data(Created, "POST", "/knowledge-bases", json={"name": name}).id

    def delete_knowledge_base(self, kb_id: str) -> None:
        self._call("DELETE", f"/knowledge-bases/{kb_id}")

    def upload(self, kb_id: str, path: Path) -> Document:
        with path.open("rb") as content:
            files = {"file": (path.name, content, "application/pdf")}
            return self._data(Document, "POST", f"/knowledge-bases/{kb_id}/documents/upload", files=files)

    def start_sync(self, kb_id: str) -> str:
        body = {"task_type": "full_sync", "document_ids": []}
        return self._data(SyncCreated, "POST", f"/knowledge-bases/{kb_id}/sync", json=body).task_id

    def sync_task(self, task_id: str) -> SyncTask:
        return self._data(SyncTask, "GET", f"/sync-tasks/{task_id}")

    def latest_sync(self, kb_id: str) -> SyncTask:
        """Return the newest sync without its documents, which costs the same however many there are."""
        return self._list(SyncTask, "GET", f"/knowledge-bases/{kb_id}/sync-tasks", params={"limit": 1})[0]

    def sync_documents(self, kb_id: str, document_ids: list[str]) -> str:
        body = {"task_type": "incremental", "document_ids": document_ids}
        return self._data(SyncCreated, "POST", f"/knowledge-bases/{kb_id}/sync", json=body).task_id

    def retry_failed(self, task_id: str) -> Retried:
        return self._data(Retried, "POST", f"/sync-tasks/{task_id}/retry-failed")

    def documents(self, kb_id: str) -> Iterator[Document]:
        page = 1
        while found := self._list(
            Document, "GET", f"/knowledge-bases/{kb_id}/documents", params={"page": page, "page_size": 100}
        ):
            yield from found
            page += 1

    def first_text(self, document_id: str) -> Chunk | None:
        found = self._list(
            Chunk, "GET", f"/documents/{document_id}/chunks", params={"page_size": 1, "chunk_type": "text"}
        )
        return found[0] if found else None

    def search(self, kb_id: str, query: str, *, top_k: int) -> list[Hit]:
        body = {"query": query, "top_k": top_k}
        return self._list(Hit, "POST", f"/knowledge-bases/{kb_id}/search", json=body)

    def _data(self, model: type[Model], method: str, path: str, **sent: object) -> Model:
        return model.model_validate(self._call(method, path, **sent)["data"])

    def _list(self, model: type[Model], method: str, path: str, **sent: object) -> list[Model]:
        return TypeAdapter(list[model]).validate_python(self._call(method, path, **sent)["data"])  # type: ignore[valid-type]

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        answer = self._session.request(method, self._base + path, timeout=TIMEOUT_SECONDS, **sent)
        body: dict[str, Any] = answer.json()
        if not answer.ok:
            raise Refused(f"{body['error']['message']} (code {body['error']['code']})")
        return body
