"""What the clients, the checker and the run share."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pymongo.errors import PyMongoError

from shared.errors import DocumentsNotFound, KbSyncError
from shared.models import KnowledgeBase
from shared.resources import Resources
from tests.chaos.expected import Expectations
from tests.chaos.http_client import Client, GaveUp
from tests.chaos.ledger import Ledger

T = TypeVar("T")

ENDED = ("completed", "partial_success", "failed", "cancelled")
READ_SECONDS = 60.0


@dataclass
class Scene:
    """One run: where the service is, what was seen, and whether to go on."""

    api_url: str
    resources: Resources
    ledger: Ledger
    expectations: Expectations
    patience_seconds: float
    stopped: threading.Event = field(default_factory=threading.Event)
    calm: threading.Event = field(default_factory=threading.Event)
    """Set while no new sync may be started."""
    cancelled_at: dict[str, float] = field(default_factory=dict)
    """When the cancel of a task was answered, in seconds since the epoch."""

    def client(self) -> Client:
        return Client(self.api_url, self.ledger, self.stopped, patience_seconds=self.patience_seconds)

    def read(self, look: Callable[[], T]) -> T:
        """Look into the stores themselves, as soon as they answer. Raises `GaveUp`."""
        deadline = time.monotonic() + READ_SECONDS
        while time.monotonic() < deadline and not self.stopped.is_set():
            try:
                return look()
            except DocumentsNotFound:
                raise
            except (KbSyncError, PyMongoError):
                self.stopped.wait(0.2)
        raise GaveUp

    def shown(self, knowledge_base: KnowledgeBase) -> dict[str, frozenset[str]]:
        """Return the chunks of every document that a reader is shown."""
        documents = self.resources.documents.get_many(
            knowledge_base.id, self.resources.documents.all_ids(knowledge_base.id)
        )
        table = self.resources.table(knowledge_base)
        shown = {}
        for document in documents.values():
            rows, _ = self.resources.vector_store.list_chunks(
                table, document.id, chunk_type=None, offset=0, limit=10_000
            )
            shown[document.id] = frozenset(row.chunk_id for row in rows if document.accepts(row.revision))
        return shown
