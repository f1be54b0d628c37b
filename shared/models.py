"""What MongoDB keeps, as frozen models. Field names are those of the stored documents, `_id` being `id` here."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from shared.chunking.model import ChunkingOptions
from shared.states import DocumentStatus, KnowledgeBaseStatus, RunStatus, Stage, TaskStatus, TaskType


class Stored(BaseModel):
    """A document of a MongoDB collection."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    id: str = Field(alias="_id")


class EmbeddingChoice(BaseModel):
    """Which model a knowledge base is embedded with."""

    model_config = ConfigDict(frozen=True)

    provider: str
    model: str


class KnowledgeBase(Stored):
    user_id: str | None = None
    """Whose it is; None for one that was made while access was off."""
    name: str
    description: str = ""
    s3_bucket: str | None = None
    s3_prefix: str | None = None
    chunking: ChunkingOptions
    embedding: EmbeddingChoice
    fence: int = 0
    """Number of the newest sync; a write of an older one takes no effect."""
    status: KnowledgeBaseStatus = KnowledgeBaseStatus.ACTIVE
    created_at: datetime
    updated_at: datetime


class StoreFacts(BaseModel):
    """What a document's record says of the chunks that the vector store holds."""

    model_config = ConfigDict(frozen=True)

    revision: str
    """What they were made of: content and every version and option."""
    chunks_key: str
    """The artifact that they came from, and `batch_chunks` the size of its embed batches: enough to store again."""
    batch_chunks: int
    page_count: int
    text_chunks: int
    image_chunks: int
    token_count: int
    markdown_key: str
    notes: tuple[str, ...]
    """What the converter could not read, in words."""
    processing_info: dict[Stage, int]
    """Milliseconds that each stage took in the sync that made them."""


class Document(Stored):
    kb_id: str
    filename: str
    object_key: str
    etag: str | None = None
    """Of the object in the knowledge base's bucket from which it was imported; None where the file is ours."""
    content_type: str
    file_size: int
    sha256: str
    status: DocumentStatus = DocumentStatus.UPLOADED
    page_count: int | None = None
    text_chunks: int = 0
    image_chunks: int = 0
    token_count: int = 0
    chunks_key: str | None = None
    batch_chunks: int = 0
    markdown_key: str | None = None
    notes: tuple[str, ...] = ()
    processing_info: dict[Stage, int] = Field(default_factory=dict)
    error_message: str | None = None
    error_message_en: str | None = None
    error_code: str | None = None
    fence: int = 0
    """Of the newest sync that stored its chunks."""
    revision: str | None = None
    """Of the chunks that count. This and the fields of `StoreFacts` above are what the last store noted."""
    storing: StoreFacts | None = None
    """Announced while a store is under way, so that readers accept the new chunks from their commit on."""
    stored_by: str | None = None
    """Whoever noted the last store."""
    sync_task_id: str | None = None
    """The sync that made it `processing` last."""
    sync_fence: int = 0
    """Of the newest sync that has had it; none as old may make it `processing` any more."""
    created_at: datetime
    updated_at: datetime

    @property
    def chunk_count(self) -> int:
        return self.text_chunks + self.image_chunks

    @property
    def stored(self) -> StoreFacts | None:
        """What the last store noted, or None before the first."""
        if self.revision is None or self.chunks_key is None:
            return None
        return StoreFacts.model_validate(self.model_dump(include=set(StoreFacts.model_fields)))

    def accepts(self, revision: str) -> bool:
        """Tell whether chunks of this revision may be shown."""
        return revision == self.revision or (self.storing is not None and revision == self.storing.revision)


class BucketObject(Stored):
    """An object that an import has met: what it was, so that it is read again only when it changes."""

    kb_id: str
    key: str
    etag: str
    size_bytes: int
    document_id: str | None = None
    """The document that has its bytes; several objects with equal bytes share one."""
    detected_type: str | None = None
    """What it is where it is no document."""
    reader: str = ""
    """Which types the service took when it looked."""


class SyncTask(Stored):
    kb_id: str
    task_type: TaskType
    status: TaskStatus
    active: bool = False
    """True until the task ends; a unique index allows one active task for each knowledge base."""
    fence: int
    total_documents: int
    request_id: str | None = None
    retry_of: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None


class ConvertOutput(BaseModel):
    model_config = ConfigDict(frozen=True)

    artifact_key: str
    markdown_key: str
    page_count: int
    image_count: int
    notes: tuple[str, ...] = ()


class ImagesOutput(BaseModel):
    model_config = ConfigDict(frozen=True)

    artifact_key: str
    image_count: int
    batch_count: int = 0
    """Batches in which the pictures are read after this stage; 0 where it has read them itself."""
    batch_pictures: int = 0
    """Size of the batches: it stays as it was when they were planned."""

    @property
    def has_batches(self) -> bool:
        """Whether the stage is only planned: it is done when its batches are."""
        return self.batch_count > 0


class ChunkOutput(BaseModel):
    model_config = ConfigDict(frozen=True)

    artifact_key: str
    chunk_count: int
    batch_count: int
    batch_chunks: int
    """Size of the batches: it stays as it was when the document was cut, whatever the setting says by now."""


class StageOutputs(BaseModel):
    """What the finished stages of a document left for the next ones."""

    model_config = ConfigDict(frozen=True)

    convert: ConvertOutput | None = None
    images: ImagesOutput | None = None
    chunk: ChunkOutput | None = None


class Lease(BaseModel):
    """Who works on a stage or a batch, and until when nobody else may."""

    model_config = ConfigDict(frozen=True)

    owner: str
    until: datetime


class DocumentRun(Stored):
    """One document inside one sync task: the record that every message about it is checked against."""

    task_id: str
    kb_id: str
    document_id: str
    fence: int
    ordinal: int
    """Place in the task, from 1."""
    filename: str
    content_type: str = "application/pdf"
    """Of the document; records that are older than this field are of PDF."""
    sync_documents: int = 1
    """How many documents its sync has."""
    bundled: bool = False
    """Small, in a large sync: its first attempt travels with others in one message."""
    taken_by: str | None = None
    """Names the bundle that took it along."""
    request_id: str | None = None
    status: RunStatus = RunStatus.PENDING
    previous_status: DocumentStatus
    """What the document returns to when the sync is cancelled."""
    attempt: int = 1
    """Of the messages that count; one with another number is outdated."""
    crashes: int = 0
    """Leases that ran out with a stage at work."""
    failures: int = 0
    """Retryable errors met so far; one rest counts once, however many batches it stopped."""
    redeliveries: int = 0
    """How often a message that nobody took was sent again since somebody took one."""
    stage: Stage | None = None
    """The newest stage that was begun."""
    stages_done: tuple[Stage, ...] = ()
    stages_credited: int = 0
    """Stages that were done before the document started over: progress keeps them."""
    stage_ms: dict[Stage, int] = Field(default_factory=dict)
    outputs: StageOutputs = StageOutputs()
    leases: dict[str, Lease] = Field(default_factory=dict)
    """By stage, or by `embed-<batch>` and `images-<batch>`: what is at work now."""
    batches_done: tuple[int, ...] = ()
    """Of the chunks."""
    image_batches_done: tuple[int, ...] = ()
    wake_at: datetime | None = None
    """When the reconciler looks at it unless something happens before."""
    parked_until: datetime | None = None
    """A service throttles: none of its batches begins before."""
    throttled_since: datetime | None = None
    """Since when it has gained nothing from a throttled service; none while that service answers."""
    partly_embedded: dict[str, int] = Field(default_factory=dict)
    """Chunks that have their vectors, of batches that are not done."""
    committing_until: datetime | None = None
    """While the store commits, a cancel waits for it."""
    images_read: dict[str, int] = Field(default_factory=dict)
    """Pictures that were read, by batch."""
    images_total: int = 0
    error_message: str | None = None
    error_message_en: str | None = None
    error_code: str | None = None
    error_stage: Stage | None = None
    retryable: bool | None = None
    chunks_created: int = 0
    embeddings_reused: int = 0
    unchanged: bool = False
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def images_done(self) -> int:
        return min(sum(self.images_read.values()), self.images_total)

    @property
    def processing_time_ms(self) -> int:
        """What its stages took, waiting in queues left out; 0 while it is under way."""
        return sum(self.stage_ms.values()) if self.finished_at is not None else 0


def run_id(task_id: str, document_id: str) -> str:
    """Name the record of a document in a task; being its `_id`, there cannot be two."""
    return f"{task_id}/{document_id}"


class RunRef(BaseModel):
    """What a message carries: which document, in which task, by which attempt."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    document_id: str
    attempt: int

    @property
    def run_id(self) -> str:
        return run_id(self.task_id, self.document_id)


class RunCounts(BaseModel):
    """How the documents of a task stand, counted from their records."""

    model_config = ConfigDict(frozen=True)

    pending: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    unchanged: int = 0
    chunks_created: int = 0
    embeddings_reused: int = 0
    stages_done: int = 0
    """Of the documents in work and of those that a cancel caught there."""

    @property
    def active(self) -> int:
        return self.pending + self.processing

    @property
    def total(self) -> int:
        return self.active + self.completed + self.failed + self.cancelled
