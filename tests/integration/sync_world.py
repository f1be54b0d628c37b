"""What the tests of a sync need: open resources on the test servers, small PDFs, and records as a sync makes them."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from celery import Celery
from reportlab.pdfgen.canvas import Canvas

from shared import clock, ids
from shared.models import Document, DocumentRun, KnowledgeBase, RunRef, StoreFacts, SyncTask, run_id
from shared.queue import celery_app
from shared.resources import Resources
from shared.services import documents, knowledge_bases, sync_tasks
from shared.services.sync_tasks import SyncRequest
from shared.settings import Settings
from shared.states import DocumentStatus, Stage, TaskStatus, TaskType
from worker import stage_runner
from worker.starter import start_sync

CHAINED = (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK)
PATIENCE_SECONDS = 60.0
DAMAGED_PDF = b"%PDF-1.7\n" + b"this is where the objects should be\n" * 20 + b"%%EOF\n"


def settings_for(mongodb_url: str, redis_url: str, database_name: str, directory: Path, /, **more: object) -> Settings:
    """Settings for one test: its own database and directories, and an embedder without a model."""
    given: dict[str, object] = {
        "mongodb_url": mongodb_url,
        "redis_url": redis_url,
        "mongodb_database": database_name,
        "data_dir": directory,
        "embedding_provider": "hashing",
        "embedding_model": "words-64",
        **more,
    }
    return Settings.model_validate(given)


def facts(revision: str, *, chunks_key: str = "gone") -> StoreFacts:
    """What a store of a document announces."""
    return StoreFacts(
        revision=revision,
        chunks_key=chunks_key,
        batch_chunks=2,
        page_count=1,
        text_chunks=1,
        image_chunks=0,
        token_count=1,
        markdown_key="gone",
        notes=(),
        processing_info={},
    )


@dataclass(frozen=True)
class World:
    """Open resources and a Celery app that publishes to the test's Redis; nobody consumes unless a test does."""

    resources: Resources
    app: Celery

    @classmethod
    def open(cls, settings: Settings) -> "World":
        resources = Resources(settings, timeout_seconds=20.0)
        resources.create_indexes()
        return cls(resources=resources, app=celery_app(settings))

    def close(self) -> None:
        self.app.close()
        self.resources.close()

    # Through the services

    def knowledge_base(self, name: str = "manuals") -> KnowledgeBase:
        return knowledge_bases.create(self.resources, name=name).knowledge_base

    def upload(self, kb_id: str, filename: str, data: bytes) -> Document:
        return documents.upload(self.resources, kb_id, filename=filename, chunks=[data]).document

    def sync(self, kb_id: str, *document_ids: str) -> SyncTask:
        task_type = TaskType.INCREMENTAL if document_ids else TaskType.FULL_SYNC
        request = SyncRequest(kb_id=kb_id, task_type=task_type, document_ids=document_ids)
        return sync_tasks.create(self.resources, request)

    # As the workers would, in this process

    def start(self, task_id: str) -> None:
        start_sync(self.resources, self.app, task_id)

    def stage(self, ref: RunRef, stage: Stage) -> bool:
        return stage_runner.run_stage(self.resources, self.app, ref, stage)

    def batch(self, ref: RunRef, number: int) -> None:
        stage_runner.run_batch(self.resources, self.app, ref, number)

    def image_batch(self, ref: RunRef, number: int) -> None:
        stage_runner.run_image_batch(self.resources, self.app, ref, number)

    def store(self, ref: RunRef) -> None:
        stage_runner.run_store(self.resources, self.app, ref)

    def run_until(self, ref: RunRef, last: Stage) -> None:
        """Run the stages that a document has not done, up to and with `last`."""
        for stage in CHAINED:
            if stage not in self.run(ref).stages_done and not self.stage(ref, stage) and stage is not Stage.IMAGES:
                return
            if stage is Stage.IMAGES:
                images = self.run(ref).outputs.images
                for number in range(images.batch_count if images is not None else 0):
                    self.image_batch(ref, number)
            if stage is last:
                return
        chunked = self.run(ref).outputs.chunk
        assert chunked is not None
        for number in range(chunked.batch_count):
            self.batch(ref, number)
        if last is Stage.STORE:
            self.store(ref)

    def finish(self, task_id: str) -> SyncTask:
        """Start a sync and run every document of it to its end, one after the other."""
        self.start(task_id)
        for run in self.resources.runs.of_task(task_id):
            if run.finished_at is None:
                self.run_until(ref_of(run), Stage.STORE)
        return self.resources.sync_tasks.get(task_id)

    # Looking

    def run(self, ref: RunRef) -> DocumentRun:
        found = self.resources.runs.get(ref.run_id)
        assert found is not None
        return found

    def runs(self, task: SyncTask) -> list[DocumentRun]:
        return self.resources.runs.of_task(task.id)

    def document(self, document_id: str) -> Document:
        return self.resources.documents.get(document_id)


def ref_of(run: DocumentRun, *, attempt: int | None = None) -> RunRef:
    return RunRef(task_id=run.task_id, document_id=run.document_id, attempt=attempt or run.attempt)


def make_runs(kb_id: str, count: int, *, task_id: str | None = None) -> list[DocumentRun]:
    """Make records as a sync would write them, of documents that need not exist."""
    task = task_id or ids.new_task_id()
    document_ids = [ids.new_document_id() for _ in range(count)]
    return [
        DocumentRun(
            id=run_id(task, document_id),
            task_id=task,
            kb_id=kb_id,
            document_id=document_id,
            fence=1,
            ordinal=ordinal,
            filename=f"{ordinal}.pdf",
            previous_status=DocumentStatus.UPLOADED,
            created_at=clock.now(),
        )
        for ordinal, document_id in enumerate(document_ids, start=1)
    ]


def make_task(kb_id: str, runs: list[DocumentRun], *, status: TaskStatus = TaskStatus.RUNNING) -> SyncTask:
    """Make the task of some records."""
    return SyncTask(
        id=runs[0].task_id,
        kb_id=kb_id,
        task_type=TaskType.FULL_SYNC,
        status=status,
        active=status in (TaskStatus.PENDING, TaskStatus.RUNNING),
        fence=runs[0].fence,
        total_documents=len(runs),
        created_at=runs[0].created_at,
        started_at=runs[0].created_at,
    )


def pdf(title: str, *, pages: int = 1, body: str | None = None) -> bytes:
    """Draw a PDF of a few lines a page; equal arguments give equal text, not equal bytes."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(72, 780, f"{title}, part {page}")
        canvas.setFont("Helvetica", 11)
        for line in range(30):
            text = body or f"Line {line} of {title}"
            canvas.drawString(72, 740 - 20 * line, f"{text} says how item {line} of page {page} is set up.")
        canvas.showPage()
    canvas.setTitle(title)
    canvas.save()
    return buffer.getvalue()


def eventually(holds: Callable[[], bool], *, what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds; a slow machine makes it slow, not false."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
