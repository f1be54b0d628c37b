"""Running the stages of several small documents in one task: for each its own record, for all one message.

In a large sync of small documents, what surrounds the work costs more than the work: messages, round trips, commits
of the vector store. So their first attempt travels in bundles through three tasks: `prepare` (download, convert,
images, chunk), `embed` and `store`. Each document is still claimed, kept, ended and failed by its own record. Whatever
does not go as usual leaves the bundle: a document with several batches, one that failed or was handed back, one whose
worker died, one whose message was lost goes on alone, through the stages of `stage_runner.py`.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from shared import logs
from shared.errors import (
    Cancelled,
    KbSyncError,
    KnowledgeBaseNotFound,
    LostRace,
    TimeLimitExceeded,
    UnexpectedStageError,
    WorkRemains,
)
from shared.models import DocumentRun, RunRef, StageOutputs
from shared.queue import TaskName
from shared.repositories.bundle_leases import EmbeddedDocument, PreparedStages, StoredDocument
from shared.repositories.lease_queries import batch_lease
from shared.resources import Resources
from shared.services.sync_tasks import COMMIT_SECONDS
from shared.states import Stage
from worker.bundle_heartbeat import BundleHeartbeat
from worker.committer import Stores, prolong_commits, store_documents
from worker.dispatcher import send, send_bundle
from worker.finisher import after_document
from worker.settlement import Claim, milliseconds_since, settle
from worker.stage_bodies import STAGE_BODIES, embed_batches_together, needed
from worker.stages.chunk import ChunkList, read_chunks
from worker.stages.embed import EmbeddedBatch
from worker.work import Work

logger = logging.getLogger(__name__)

PREPARATION = (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK)

TURN_SECONDS = 60.0
"""After so long, the documents that were not begun yet leave the bundle: one that needs OCR may take minutes."""


def prepare_bundle(resources: Resources, app: Celery, refs: Sequence[RunRef]) -> None:
    """Take documents from their bytes to their chunks."""
    with _claimed(resources, refs, Stage.DOWNLOAD, Stage.DOWNLOAD, resources.bundle_leases.claim_preparation) as works:
        if not works:
            return
        first = works[0]
        ids = [work.document.id for work in works]
        resources.documents.mark_processing(ids, task_id=first.ref.task_id, fence=first.run.fence)
        prepared = _prepare_all(resources, app, works)
        ended = resources.bundle_leases.end_preparation(prepared, owner=first.owner)
        logger.info("bundle prepared", extra={"documents": len(ended)})
        together = [ref for ref in prepared if ref in ended and _has_one_batch(prepared[ref])]
        if together:
            send_bundle(app, TaskName.EMBED_BUNDLE, together)
        for ref in ended.difference(together):
            run = resources.runs.get(ref.run_id)
            if run is not None:
                send(app, run)


def embed_bundle(resources: Resources, app: Celery, refs: Sequence[RunRef]) -> None:
    """Embed documents that have one batch each."""
    with _claimed(resources, refs, Stage.EMBED, batch_lease(0), resources.bundle_leases.claim_batches) as works:
        if not works:
            return
        embedded = _embed_all(resources, app, works)
        ended = resources.bundle_leases.end_batches(embedded, owner=works[0].owner)
        logger.info("bundle embedded", extra={"documents": len(ended)})
        if ended:
            send_bundle(app, TaskName.STORE_BUNDLE, [ref for ref in embedded if ref in ended])


def store_bundle(resources: Resources, app: Celery, refs: Sequence[RunRef]) -> None:
    """Make the chunks of documents visible, in one commit, and end the documents."""
    with _claimed(resources, refs, Stage.STORE, Stage.STORE, resources.bundle_leases.claim_stores) as works:
        if not works:
            return
        stored = _store_all(resources, app, works)
        completed = resources.bundle_leases.complete(stored, owner=works[0].owner)
        logger.info("bundle stored", extra={"documents": len(completed)})
        if completed:
            after_document(resources, app, works[0].ref.task_id)


def _prepare_all(resources: Resources, app: Celery, works: Sequence[Work]) -> dict[RunRef, PreparedStages]:
    """Prepare what can be prepared; errors are settled."""
    prepared: dict[RunRef, PreparedStages] = {}
    deadline = time.monotonic() + TURN_SECONDS
    with _heartbeat(resources, works, Stage.DOWNLOAD) as heartbeat:
        for work in works:
            preparation = _Preparation(work, partial(heartbeat.should_stop, work.ref))
            with _settling(resources, app, [work], stage_of=preparation.current_stage):
                if time.monotonic() > deadline:
                    raise WorkRemains
                prepared[work.ref] = preparation.run(resources)
    return prepared


class _Preparation:
    """The stages of one document up to its chunks."""

    def __init__(self, work: Work, should_stop: Callable[[], bool]) -> None:
        self._work = work
        self._should_stop = should_stop
        self._stage = Stage.DOWNLOAD

    def current_stage(self) -> Stage:
        """Return the stage that it is at."""
        return self._stage

    def run(self, resources: Resources) -> PreparedStages:
        """Run the stages one after the other; raises as they do."""
        outputs = StageOutputs()
        milliseconds: dict[Stage, int] = {}
        for stage in PREPARATION:
            if self._should_stop():
                raise Cancelled
            self._stage = stage
            started = time.perf_counter()
            run = self._work.run.model_copy(update={"outputs": outputs})
            output = STAGE_BODIES[stage](resources, replace(self._work, stage=stage, run=run), self._should_stop)
            milliseconds[stage] = milliseconds_since(started)
            if output is not None:
                outputs = outputs.model_copy(update={str(stage): output})
            if outputs.images is not None and outputs.images.has_batches:
                break  # its pictures are read in tasks of their own
        return PreparedStages(outputs=outputs, milliseconds=milliseconds)


def _has_one_batch(prepared: PreparedStages) -> bool:
    return prepared.outputs.chunk is not None and prepared.outputs.chunk.batch_count == 1


def _embed_all(resources: Resources, app: Celery, works: Sequence[Work]) -> dict[RunRef, EmbeddedDocument]:
    """Embed what can be embedded; errors are settled."""
    started = time.perf_counter()
    embedded: dict[RunRef, EmbeddedBatch | None] = {}
    with _heartbeat(resources, works, batch_lease(0)) as heartbeat:
        listed = _chunk_lists(resources, app, works, heartbeat)
        wanted = [work for work in works if work.ref in listed]
        if wanted:
            with _settling(resources, app, wanted):
                embedded = embed_batches_together(
                    resources, wanted, listed, lambda: all(heartbeat.should_stop(work.ref) for work in wanted)
                )
        for work in wanted:
            if work.ref in embedded and embedded[work.ref] is None:
                settle(resources, app, _claim(work, work.stage), WorkRemains())
    milliseconds = milliseconds_since(started) // len(works)
    return {
        ref: EmbeddedDocument(chunks=of.chunks, reused=of.reused, milliseconds=milliseconds)
        for ref, of in embedded.items()
        if of is not None
    }


def _chunk_lists(
    resources: Resources, app: Celery, works: Sequence[Work], heartbeat: BundleHeartbeat
) -> dict[RunRef, ChunkList]:
    """Read the chunks of the documents that are still wanted; errors are settled."""
    listed: dict[RunRef, ChunkList] = {}
    for work in works:
        with _settling(resources, app, [work]):
            if heartbeat.should_stop(work.ref):
                raise Cancelled
            listed[work.ref] = read_chunks(resources.object_store, needed(work.run.outputs.chunk).artifact_key)
    return listed


def _store_all(resources: Resources, app: Celery, works: Sequence[Work]) -> dict[RunRef, StoredDocument]:
    """Store what can be stored; errors are settled."""
    started = time.perf_counter()
    stores = Stores()
    with (
        _heartbeat(resources, works, Stage.STORE, also=partial(prolong_commits, resources, works)),
        _settling(resources, app, works),
    ):
        stores = store_documents(resources, works)
    for work in works:
        if work.ref in stores.errors:
            settle(resources, app, _claim(work, work.stage), stores.errors[work.ref])
    milliseconds = milliseconds_since(started) // len(works)
    return {
        ref: StoredDocument(chunks=len(rows.chunks), milliseconds=milliseconds) for ref, rows in stores.rows.items()
    }


@contextmanager
def _claimed(
    resources: Resources,
    refs: Sequence[RunRef],
    stage: Stage,
    lease: str,
    claim: Callable[..., list[DocumentRun]],
) -> Iterator[list[Work]]:
    """Claim what can be claimed and give the works, none where all are lost.

    What cannot be claimed or recorded, while MongoDB is away, is found when its time runs out.
    """
    with logs.bound(task_id=refs[0].task_id, stage=str(stage)):
        works: list[Work] = []
        try:
            owner = uuid.uuid4().hex
            works = _works(resources, claim(refs, owner=owner), stage, lease, owner=owner)
        except KbSyncError as error:  # as if the message had been lost: each document is sent again
            logger.warning("claim not possible", extra={"reason": str(error)})
        if not works:
            yield []
            return
        resources.progress.changed(refs[0].task_id)
        with logs.bound(request_id=works[0].run.request_id):
            try:
                yield works
            except KbSyncError as error:
                logger.warning("bundle not recorded", extra={"reason": str(error)})
            finally:
                resources.progress.changed(refs[0].task_id)


def _works(resources: Resources, runs: Sequence[DocumentRun], stage: Stage, lease: str, *, owner: str) -> list[Work]:
    """Read what the stage works on. Raises `LostRace` where the knowledge base is being deleted."""
    if not runs:
        return []
    try:
        knowledge_base = resources.knowledge_bases.get(runs[0].kb_id)
    except KnowledgeBaseNotFound as error:
        raise LostRace from error
    documents = resources.documents.get_many(knowledge_base.id, [run.document_id for run in runs])
    return [
        Work(
            ref=RunRef(task_id=run.task_id, document_id=run.document_id, attempt=run.attempt),
            stage=stage,
            lease=lease,
            owner=owner,
            run=run,
            document=documents[run.document_id],
            knowledge_base=knowledge_base,
            names=resources.artifact_names(documents[run.document_id], knowledge_base),
        )
        for run in runs
        if run.document_id in documents
    ]


@contextmanager
def _settling(
    resources: Resources, app: Celery, works: Sequence[Work], *, stage_of: Callable[[], Stage] | None = None
) -> Iterator[None]:
    """Settle an error that comes out of the work for each of the documents; the others go on."""
    failure: KbSyncError
    try:
        yield
    except KbSyncError as error:
        failure = error
    except SoftTimeLimitExceeded:
        failure = TimeLimitExceeded()
    except Exception as error:
        logger.exception("stage crashed")
        failure = UnexpectedStageError(repr(error))
    else:
        return
    for work in works:
        with logs.bound(document_id=work.document.id, attempt=work.ref.attempt, request_id=work.run.request_id):
            settle(resources, app, _claim(work, stage_of() if stage_of else work.stage), failure)


def _claim(work: Work, stage: Stage) -> Claim:
    return Claim(
        ref=work.ref, stage=stage, lease=work.lease, owner=work.owner, run=work.run, started=time.perf_counter()
    )


def _heartbeat(
    resources: Resources, works: Sequence[Work], lease: str, *, also: Callable[[], None] | None = None
) -> BundleHeartbeat:
    return BundleHeartbeat(
        resources.bundle_leases,
        [work.ref for work in works],
        lease,
        owner=works[0].owner,
        interval_seconds=min(resources.settings.lease_seconds, COMMIT_SECONDS) / 3,
        also=also,
    )
