"""The canvas: which stage follows which.

    download ─> convert ─> images ─> chunk ─> chord( embed 0..n ) ─> store

The first four are a chain. The number of batches is known when the chunks are, so `chunk` ends by publishing the chord
whose body is `store`. Messages carry ids only; headers never raise and leave no result. A document whose work was cut
off goes on from its first stage that is not done.
"""

from celery import Celery, chain, chord
from celery.canvas import Signature

from shared.models import DocumentRun, RunRef
from shared.queue import TaskName
from shared.states import Stage

CHAINED: dict[Stage, TaskName] = {
    Stage.DOWNLOAD: TaskName.DOWNLOAD,
    Stage.CONVERT: TaskName.CONVERT,
    Stage.IMAGES: TaskName.IMAGES,
    Stage.CHUNK: TaskName.CHUNK,
}


def publish_document(app: Celery, run: DocumentRun) -> None:
    """Send a document on its way, from the first stage that it has not done."""
    ref = RunRef(task_id=run.task_id, document_id=run.document_id, attempt=run.attempt)
    if run.outputs.chunk is None:
        chain(
            *(_signature(app, CHAINED[stage], ref) for stage in CHAINED if stage not in run.stages_done)
        ).apply_async()
        return
    batches = [batch for batch in range(run.outputs.chunk.batch_count) if batch not in run.batches_done]
    publish_batches(app, ref, batches)


def publish_batches(app: Celery, ref: RunRef, batches: list[int]) -> None:
    """Send embed batches, and `store` as what follows when all are done."""
    body = _signature(app, TaskName.STORE, ref)
    if not batches:
        body.apply_async()
        return
    chord([_signature(app, TaskName.EMBED, ref, batch) for batch in batches], body, app=app).apply_async()


def _signature(app: Celery, name: TaskName, ref: RunRef, *more: int) -> Signature:
    args = (ref.task_id, ref.document_id, ref.attempt, *more)
    return app.signature(str(name), args=args, immutable=True, options={"ignore_result": True})
