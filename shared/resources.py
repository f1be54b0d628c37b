"""The clients of one process, opened once and closed once. Never opened before a fork."""

import copy
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, Self, TypeVar

from shared import redis_client
from shared.access.scope import EVERYTHING, Scope
from shared.artifacts import ArtifactNames
from shared.converters.dispatch import Converters
from shared.converters.registry import open_converters
from shared.counters import Counters
from shared.embedders.base import Embedder
from shared.embedders.registry import embedder_spec, open_embedder
from shared.errors import BucketMissing
from shared.image_describers.base import ImageDescriber
from shared.image_describers.registry import open_image_describer
from shared.kb_lock import KnowledgeBaseLock
from shared.models import Document, EmbeddingChoice, KnowledgeBase
from shared.object_stores.base import ObjectStore, ReadableObjects
from shared.object_stores.registry import open_object_store, open_source_bucket
from shared.ocr.reading import PageReadings
from shared.ocr.sandbox import SandboxedPageReader, open_page_reader
from shared.progress_channel import ProgressPublisher
from shared.queue import TaskQueue
from shared.repositories import database
from shared.repositories.api_keys import ApiKeyRepository
from shared.repositories.bucket_objects import BucketObjectRepository
from shared.repositories.bundle_leases import BundleLeaseRepository
from shared.repositories.document_runs import DocumentRunRepository
from shared.repositories.documents import DocumentRepository
from shared.repositories.human_sync_logs import HumanSyncLogRepository
from shared.repositories.human_tasks import HumanTaskRepository
from shared.repositories.idempotency_keys import IdempotencyKeyRepository
from shared.repositories.knowledge_bases import KnowledgeBaseRepository
from shared.repositories.parked_runs import ParkedRunRepository
from shared.repositories.reconciler_rounds import ReconcilerRoundRepository
from shared.repositories.stage_leases import StageLeaseRepository
from shared.repositories.sync_tasks import SyncTaskRepository
from shared.rerankers.base import Reranker
from shared.rerankers.registry import open_reranker
from shared.settings import Settings
from shared.stream_tickets import StreamTickets
from shared.vector_stores.base import TableName, VectorStore
from shared.vector_stores.registry import open_vector_store
from shared.worker_presence import WorkerPresence

Opened = TypeVar("Opened")


class opened_once(Generic[Opened]):  # noqa: N801  it is used like `cached_property`
    """What is opened when it is first used, and then is there for every view of the same resources."""

    def __init__(self, open_it: Callable[[Any], Opened]) -> None:
        self._open_it = open_it
        self.__doc__ = open_it.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: "Resources", owner: type | None = None) -> Opened:
        kept: dict[str, Opened] = vars(instance.whole)  # which is looked at first the next time
        if self._name not in kept:
            kept[self._name] = self._open_it(instance.whole)
        return kept[self._name]


class Resources:
    """Repositories, stores and plug-ins. What is heavy is loaded when it is first used.

    Repositories find what lies in `scope`, which is everything, save in a view for one caller (`seen_by`).
    """

    def __init__(
        self, settings: Settings, *, timeout_seconds: float, mongodb_timeout_seconds: float | None = None
    ) -> None:
        """`timeout_seconds` bounds every call to a backing service; MongoDB may have a bound of its own."""
        self.settings = settings
        self.database = database.connect(
            settings.mongodb_url,
            settings.mongodb_database,
            timeout_seconds=mongodb_timeout_seconds or timeout_seconds,
        )
        self.redis = redis_client.connect(settings.redis_url, timeout_seconds=timeout_seconds)
        self.whole: Resources = self
        self._open_scoped(EVERYTHING)
        self.api_keys = ApiKeyRepository(self.database)
        self.bucket_objects = BucketObjectRepository(self.database)
        self.runs = DocumentRunRepository(self.database)
        self.leases = StageLeaseRepository(
            self.database,
            lease_seconds=settings.lease_seconds,
            queue_wait_seconds=settings.queue_wait_seconds,
            max_attempts=settings.max_attempts,
        )
        self.bundle_leases = BundleLeaseRepository(
            self.database, lease_seconds=settings.lease_seconds, queue_wait_seconds=settings.queue_wait_seconds
        )
        self.parked_runs = ParkedRunRepository(self.database)
        self.reconciler_rounds = ReconcilerRoundRepository(self.database)
        self.idempotency_keys = IdempotencyKeyRepository(self.database)
        self.stream_tickets = StreamTickets(self.redis)
        self.kb_lock = KnowledgeBaseLock(self.redis, ttl_seconds=settings.kb_lock_seconds)
        self.queue = TaskQueue(settings, self.redis)
        self.presence = WorkerPresence(self.redis)
        self.counters = Counters(self.redis)
        self.progress = ProgressPublisher(self.redis)
        self._embedders: dict[EmbeddingChoice, Embedder] = {}
        self._loading = Lock()

    def seen_by(self, scope: Scope) -> Self:
        """Return these resources with repositories that find only what lies in `scope`; nothing is opened anew."""
        if scope is self.scope:
            return self
        view = copy.copy(self)
        view._open_scoped(scope)
        return view

    def _open_scoped(self, scope: Scope) -> None:
        """Open what finds records by an id alone or lists them over knowledge bases: the way to others' records."""
        self.scope = scope
        self.knowledge_bases = KnowledgeBaseRepository(self.database, scope)
        self.documents = DocumentRepository(self.database, scope)
        self.sync_tasks = SyncTaskRepository(self.database, scope)
        self.human_tasks = HumanTaskRepository(self.database, scope)
        self.human_sync_logs = HumanSyncLogRepository(self.database, scope)

    @opened_once
    def object_store(self) -> ObjectStore:
        return open_object_store(self.settings, self.knowledge_bases.place_of, self.knowledge_bases.places)

    def originals(self, document: Document) -> ReadableObjects:
        """Where a document's original is read, under its `object_key`: an imported one lies in its owner's bucket."""
        if document.etag is None:
            return self.object_store
        place = self.knowledge_bases.place_of(document.kb_id)
        if place is None:
            raise BucketMissing(f"{document.kb_id} has no bucket")
        return open_source_bucket(self.settings, place.bucket).pinned(document.etag)

    @opened_once
    def vector_store(self) -> VectorStore:
        return open_vector_store(self.settings)

    @opened_once
    def converters(self) -> Converters:
        return open_converters(self.settings)

    @opened_once
    def page_reader(self) -> SandboxedPageReader:
        return open_page_reader(self.settings)

    @property
    def page_readings(self) -> PageReadings:
        return PageReadings(
            reader=self.page_reader,
            mode=self.settings.ocr,
            page_timeout_seconds=self.settings.ocr_page_timeout_seconds,
            timeout_seconds=self.settings.ocr_timeout_seconds,
        )

    @opened_once
    def image_describer(self) -> ImageDescriber | None:
        return open_image_describer(self.settings, redis=self.redis)

    @opened_once
    def reranker(self) -> Reranker | None:
        return open_reranker(self.settings)

    def embedder(self, choice: EmbeddingChoice) -> Embedder:
        """Return the embedder of a knowledge base, loading its model at the first call."""
        with self._loading:
            if choice not in self._embedders:
                self._embedders[choice] = open_embedder(choice.provider, choice.model, self.settings, redis=self.redis)
            return self._embedders[choice]

    def artifact_names(self, document: Document, knowledge_base: KnowledgeBase) -> ArtifactNames:
        """Return the names that a document's artifacts have by the present versions and settings."""
        describer = self.image_describer
        return ArtifactNames.of(
            document,
            knowledge_base,
            self.converters,
            self.page_readings,
            image_descriptions=describer.identity if describer is not None else "",
        )

    def table(self, knowledge_base: KnowledgeBase) -> TableName:
        """Name the table that holds a knowledge base's chunks."""
        choice = knowledge_base.embedding
        spec = embedder_spec(choice.provider, choice.model, self.settings)
        return TableName(kb_id=knowledge_base.id, model=f"{spec.provider}/{spec.model}", dimensions=spec.dimensions)

    def create_indexes(self) -> None:
        """Create what the queries need; creating an index that exists does nothing."""
        for collection in (
            self.knowledge_bases,
            self.documents,
            self.bucket_objects,
            self.sync_tasks,
            self.runs,
            self.idempotency_keys,
            self.human_tasks,
            self.human_sync_logs,
            self.api_keys,
        ):
            collection.create_indexes()

    def close(self) -> None:
        for embedder in self._embedders.values():
            embedder.close()
        if "converters" in self.__dict__:  # as `opened_once` keeps it
            self.converters.close()
        if "page_reader" in self.__dict__:
            self.page_reader.close()
        if "image_describer" in self.__dict__ and self.image_describer is not None:
            self.image_describer.close()
        self.queue.close()
        self.progress.close()
        self.redis.close()
        self.database.client.close()
