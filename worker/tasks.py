"""The Celery tasks. Each is a name and one call."""

from typing import Any

from shared.models import RunRef
from shared.queue import TaskName
from shared.states import Stage
from worker import bundle_runner, stage_runner
from worker.app import app
from worker.optimizer import optimize
from worker.process import resources
from worker.reconciler import reconcile
from worker.starter import start_sync
from worker.tidier import tidy


@app.task(name=TaskName.START_SYNC)
def start(task_id: str) -> None:
    start_sync(resources(), app, task_id)


@app.task(name=TaskName.DOWNLOAD, bind=True)
def download_document(self: Any, task_id: str, document_id: str, attempt: int) -> None:
    _chained(self, Stage.DOWNLOAD, task_id, document_id, attempt)


@app.task(name=TaskName.CONVERT, bind=True)
def convert_document(self: Any, task_id: str, document_id: str, attempt: int) -> None:
    _chained(self, Stage.CONVERT, task_id, document_id, attempt)


@app.task(name=TaskName.IMAGES, bind=True)
def describe_document_images(self: Any, task_id: str, document_id: str, attempt: int) -> None:
    _chained(self, Stage.IMAGES, task_id, document_id, attempt)


@app.task(name=TaskName.IMAGE_BATCH)
def read_document_image_batch(task_id: str, document_id: str, attempt: int, batch: int) -> None:
    ref = RunRef(task_id=task_id, document_id=document_id, attempt=attempt)
    stage_runner.run_image_batch(resources(), app, ref, batch)


@app.task(name=TaskName.CHUNK, bind=True)
def chunk_document(self: Any, task_id: str, document_id: str, attempt: int) -> None:
    _chained(self, Stage.CHUNK, task_id, document_id, attempt)


@app.task(name=TaskName.EMBED)
def embed_document_batch(task_id: str, document_id: str, attempt: int, batch: int) -> None:
    ref = RunRef(task_id=task_id, document_id=document_id, attempt=attempt)
    stage_runner.run_batch(resources(), app, ref, batch)


@app.task(name=TaskName.STORE)
def store_document(task_id: str, document_id: str, attempt: int) -> None:
    ref = RunRef(task_id=task_id, document_id=document_id, attempt=attempt)
    stage_runner.run_store(resources(), app, ref)


@app.task(name=TaskName.PREPARE_BUNDLE)
def prepare_documents(task_id: str, documents: list[tuple[str, int]]) -> None:
    bundle_runner.prepare_bundle(resources(), app, _refs(task_id, documents))


@app.task(name=TaskName.EMBED_BUNDLE)
def embed_documents(task_id: str, documents: list[tuple[str, int]]) -> None:
    bundle_runner.embed_bundle(resources(), app, _refs(task_id, documents))


@app.task(name=TaskName.STORE_BUNDLE)
def store_documents(task_id: str, documents: list[tuple[str, int]]) -> None:
    bundle_runner.store_bundle(resources(), app, _refs(task_id, documents))


@app.task(name=TaskName.OPTIMIZE)
def optimize_knowledge_base(kb_id: str) -> None:
    optimize(resources(), kb_id)


@app.task(name=TaskName.RECONCILE)
def reconcile_syncs() -> None:
    reconcile(resources(), app)


@app.task(name=TaskName.TIDY)
def tidy_storage() -> None:
    tidy(resources())


def _refs(task_id: str, documents: list[tuple[str, int]]) -> list[RunRef]:
    return [RunRef(task_id=task_id, document_id=document_id, attempt=attempt) for document_id, attempt in documents]


def _chained(task: Any, stage: Stage, task_id: str, document_id: str, attempt: int) -> None:
    """Run a stage of the chain, and cut the chain where its next one must not follow."""
    ref = RunRef(task_id=task_id, document_id=document_id, attempt=attempt)
    if not stage_runner.run_stage(resources(), app, ref, stage):
        task.request.chain = None
