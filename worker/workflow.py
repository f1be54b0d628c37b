"""The canvas: which stage follows which.

    download ─> convert ─> images ─> chunk ─> chord( embed 0..n ) ─> store
                              └─> chord( image batch 0..n ) ─> chunk     where there are many pictures

    prepare ─> embed ─> store                             for a bundle of small documents of a large sync

The first four are a chain. The number of batches is known when the chunks are, so `chunk` ends by publishing the chord
whose body is `store`. In the same way `images` of a document with more pictures than one batch holds ends by publishing
a chord whose body is `chunk`; with fewer pictures it reads them itself, and the chain goes on. Messages carry ids only;
headers never raise and leave no result. A document whose work was cut off goes on from its first stage that is not
done, and within a chord from its batches that are not.
"""

from collections.abc import Sequence

from celery import Celery, chain, chord
from celery.canvas import Signature

from shared.models import DocumentRun, RunRef
from shared.queue import SMALL_SYNC_DOCUMENTS, TaskName, priority_of
from shared.states import Stage

LARGE = SMALL_SYNC_DOCUMENTS + 1
"""Only large syncs have bundles."""

CHAINED: dict[Stage, TaskName] = {
    Stage.DOWNLOAD: TaskName.DOWNLOAD,
    Stage.CONVERT: TaskName.CONVERT,
    Stage.IMAGES: TaskName.IMAGES,
    Stage.CHUNK: TaskName.CHUNK,
}


def publish_document(app: Celery, run: DocumentRun) -> None:
    """Send a document on its way, from the first stage that it has not done."""
    chunked, images = run.outputs.chunk, run.outputs.images
    if chunked is not None:
        batches = [batch for batch in range(chunked.batch_count) if batch not in run.batches_done]
        _publish_batches(app, run, TaskName.EMBED, batches, body=TaskName.STORE)
    elif images is not None:
        batches = [batch for batch in range(images.batch_count) if batch not in run.image_batches_done]
        _publish_batches(app, run, TaskName.IMAGE_BATCH, batches, body=TaskName.CHUNK)
    else:
        chain(
            *(_signature(app, CHAINED[stage], run) for stage in CHAINED if stage not in run.stages_done)
        ).apply_async()


def publish_bundle(app: Celery, name: TaskName, refs: Sequence[RunRef]) -> None:
    """Send the next message of documents of one sync that travel together."""
    ids = [[ref.document_id, ref.attempt] for ref in refs]
    options = {"ignore_result": True, "priority": priority_of(name, sync_documents=LARGE)}
    app.signature(str(name), args=(refs[0].task_id, ids), immutable=True, options=options).apply_async()


def ref_of(run: DocumentRun) -> RunRef:
    """Name the present attempt at a document."""
    return RunRef(task_id=run.task_id, document_id=run.document_id, attempt=run.attempt)


def _publish_batches(app: Celery, run: DocumentRun, name: TaskName, batches: list[int], *, body: TaskName) -> None:
    """Send batches, and what follows when all are done."""
    following = _signature(app, body, run)
    if not batches:
        following.apply_async()
        return
    chord([_signature(app, name, run, batch) for batch in batches], following, app=app).apply_async()


def _signature(app: Celery, name: TaskName, run: DocumentRun, *more: int) -> Signature:
    args = (run.task_id, run.document_id, run.attempt, *more)
    options = {"ignore_result": True, "priority": priority_of(name, sync_documents=run.sync_documents)}
    return app.signature(str(name), args=args, immutable=True, options=options)
