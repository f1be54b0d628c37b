"""Running one stage or one batch of a document: claim, work under a heartbeat, record what came of it.

A message that loses the claim does nothing. No error leaves this module, so chord headers never raise: what went wrong
stands on the record, and the record decides what happens next.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from shared import logs
from shared.errors import (
    KbSyncError,
    KnowledgeBaseNotFound,
    LostRace,
    TimeLimitExceeded,
    UnexpectedStageError,
)
from shared.models import Document, DocumentRun, ImagesOutput, KnowledgeBase, RunRef
from shared.repositories.bundle_leases import StoredDocument
from shared.repositories.lease_queries import batch_lease
from shared.resources import Resources
from shared.services.sync_tasks import COMMIT_SECONDS
from shared.states import Stage
from worker.committer import prolong_commits, store_documents
from worker.dispatcher import send
from worker.finisher import after_document
from worker.heartbeat import Heartbeat
from worker.settlement import Claim, milliseconds_since, settle
from worker.stage_bodies import STAGE_BODIES, embed_one_batch, read_one_image_batch
from worker.work import Work

logger = logging.getLogger(__name__)


def run_stage(resources: Resources, app: Celery, ref: RunRef, stage: Stage) -> bool:
    """Run a stage of the chain; True where the next one may follow."""
    with _claimed(resources, app, ref, stage) as work:
        if work is None:
            return False
        if stage is Stage.DOWNLOAD:
            resources.documents.mark_processing([work.document.id], task_id=ref.task_id, fence=work.run.fence)
        started = time.perf_counter()
        with _heartbeat(resources, work) as heartbeat:
            output = STAGE_BODIES[stage](resources, work, heartbeat.should_stop)
        milliseconds = milliseconds_since(started)
        ended = resources.leases.end_stage(ref, stage, owner=work.owner, milliseconds=milliseconds, output=output)
        logger.info("stage done", extra={"milliseconds": milliseconds, "kept": ended})
        has_batches = isinstance(output, ImagesOutput) and output.has_batches
        run = resources.runs.get(ref.run_id) if ended and (has_batches or stage is Stage.CHUNK) else None
        if run is not None:
            send(app, run)
        return ended and not has_batches
    return False


def run_image_batch(resources: Resources, app: Celery, ref: RunRef, batch: int) -> None:
    """Read one batch of a document's pictures."""
    with _claimed(resources, app, ref, Stage.IMAGES, batch=batch) as work:
        if work is None:
            return
        started = time.perf_counter()
        with _heartbeat(resources, work) as heartbeat:
            read_one_image_batch(resources, work, batch, heartbeat.should_stop)
        milliseconds = milliseconds_since(started)
        ended = resources.leases.end_image_batch(ref, batch, owner=work.owner, milliseconds=milliseconds)
        logger.info("image batch done", extra={"batch": batch, "milliseconds": milliseconds, "kept": ended})


def run_batch(resources: Resources, app: Celery, ref: RunRef, batch: int) -> None:
    """Run one embed batch."""
    with _claimed(resources, app, ref, Stage.EMBED, batch=batch) as work:
        if work is None:
            return
        started = time.perf_counter()
        with _heartbeat(resources, work) as heartbeat:
            embedded = embed_one_batch(resources, work, batch, heartbeat.should_stop)
        milliseconds = milliseconds_since(started)
        ended = resources.leases.end_batch(
            ref,
            batch,
            owner=work.owner,
            milliseconds=milliseconds,
            chunks=embedded.chunks,
            reused=embedded.reused,
            before=work.run.partly_embedded.get(str(batch), 0),
        )
        logger.info("batch done", extra={"batch": batch, "milliseconds": milliseconds, "kept": ended})


def run_store(resources: Resources, app: Celery, ref: RunRef) -> None:
    """Make a document's chunks visible and end it."""
    with _claimed(resources, app, ref, Stage.STORE) as work:
        if work is None:
            return
        started = time.perf_counter()
        with _heartbeat(resources, work, also=lambda: prolong_commits(resources, [work])):
            stores = store_documents(resources, [work])
        for error in stores.errors.values():
            raise error
        milliseconds = milliseconds_since(started)
        stored = {
            ref: StoredDocument(chunks=len(rows.chunks), milliseconds=milliseconds) for ref, rows in stores.rows.items()
        }
        completed = resources.bundle_leases.complete(stored, owner=work.owner)
        logger.info("document completed", extra={"milliseconds": milliseconds, "kept": bool(completed)})
        if completed:
            after_document(resources, app, ref.task_id)


@contextmanager
def _claimed(
    resources: Resources, app: Celery, ref: RunRef, stage: Stage, *, batch: int | None = None
) -> Iterator[Work | None]:
    """Claim, give the work (or None where the claim is lost), and settle whatever error comes out of it."""
    owner = uuid.uuid4().hex
    run = _claim(resources, ref, stage, batch, owner=owner)
    if run is None:
        logger.debug("claim lost", extra={"task_id": ref.task_id, "document_id": ref.document_id, "stage": stage})
        yield None
        return
    resources.progress.changed(ref.task_id)
    lease = str(stage) if batch is None else batch_lease(batch, stage)
    with logs.bound(
        request_id=run.request_id,
        task_id=ref.task_id,
        document_id=ref.document_id,
        attempt=ref.attempt,
        stage=str(stage),
    ):
        claim = Claim(ref=ref, stage=stage, lease=lease, owner=owner, run=run, started=time.perf_counter())
        try:
            yield _work(resources, claim)
        except KbSyncError as error:
            settle(resources, app, claim, error)
        except SoftTimeLimitExceeded:
            settle(resources, app, claim, TimeLimitExceeded())
        except Exception as error:
            logger.exception("stage crashed")
            settle(resources, app, claim, UnexpectedStageError(repr(error)))
        finally:
            resources.progress.changed(ref.task_id)


def _claim(resources: Resources, ref: RunRef, stage: Stage, batch: int | None, *, owner: str) -> DocumentRun | None:
    try:
        if batch is None:
            return resources.leases.claim_stage(ref, stage, owner=owner)
        return resources.leases.claim_batch(ref, batch, owner=owner, stage=stage)
    except KbSyncError as error:  # as if the message had been lost: it is sent again
        logger.warning("claim not possible", extra={"task_id": ref.task_id, "reason": str(error)})
        return None


def _work(resources: Resources, claim: Claim) -> Work:
    """Read what the stage works on. Raises `LostRace` where the knowledge base is being deleted."""
    try:
        knowledge_base: KnowledgeBase = resources.knowledge_bases.get(claim.run.kb_id)
    except KnowledgeBaseNotFound as error:
        raise LostRace from error
    document: Document = resources.documents.get(claim.ref.document_id)
    return Work(
        ref=claim.ref,
        stage=claim.stage,
        lease=claim.lease,
        owner=claim.owner,
        run=claim.run,
        document=document,
        knowledge_base=knowledge_base,
        names=resources.artifact_names(document, knowledge_base),
    )


def _heartbeat(resources: Resources, work: Work, *, also: Callable[[], None] | None = None) -> Heartbeat:
    return Heartbeat(
        resources.leases,
        work.ref,
        work.lease,
        owner=work.owner,
        interval_seconds=min(resources.settings.lease_seconds, COMMIT_SECONDS) / 3,
        also=also,
    )
