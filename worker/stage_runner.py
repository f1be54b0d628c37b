"""Running one stage or one batch of a document: claim, work under a heartbeat, record what came of it.

A message that loses the claim does nothing. No error leaves this module, so chord headers never raise: what went wrong
stands on the record, and the record decides what happens next.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from shared import clock, logs
from shared.errors import (
    DocumentNotFound,
    KbSyncError,
    KnowledgeBaseNotFound,
    LostRace,
    ObjectNotFound,
    StageError,
    TimeLimitExceeded,
    UnexpectedStageError,
    WorkRemains,
)
from shared.models import Document, DocumentRun, ImagesOutput, KnowledgeBase, RunRef
from shared.repositories.stage_leases import batch_lease
from shared.resources import Resources
from shared.services.sync_tasks import COMMIT_SECONDS
from shared.states import Stage
from worker import drain
from worker.committer import prolong_commit, store_document
from worker.dispatcher import send
from worker.finisher import after_document, fail_document
from worker.heartbeat import Heartbeat
from worker.stage_bodies import STAGE_BODIES, embed_one_batch, read_one_image_batch
from worker.work import Work

logger = logging.getLogger(__name__)

MAX_FAILURES = 3
"""How often a retryable error is met before the document fails."""

RETRY_SECONDS = 30.0
"""After a retryable error the document rests this long."""


def run_stage(resources: Resources, app: Celery, ref: RunRef, stage: Stage) -> bool:
    """Run a stage of the chain; True where the next one may follow."""
    with _claimed(resources, app, ref, stage) as work:
        if work is None:
            return False
        if stage is Stage.DOWNLOAD:
            resources.documents.mark_processing(work.document.id, task_id=ref.task_id, fence=work.run.fence)
        started = time.perf_counter()
        with _heartbeat(resources, work) as heartbeat:
            output = STAGE_BODIES[stage](resources, work, heartbeat.should_stop)
        milliseconds = _milliseconds_since(started)
        ended = resources.leases.end_stage(ref, stage, owner=work.owner, milliseconds=milliseconds, output=output)
        logger.info("stage done", extra={"milliseconds": milliseconds, "kept": ended})
        has_batches = isinstance(output, ImagesOutput) and output.batch_count > 0
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
        milliseconds = _milliseconds_since(started)
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
        milliseconds = _milliseconds_since(started)
        ended = resources.leases.end_batch(
            ref,
            batch,
            owner=work.owner,
            milliseconds=milliseconds,
            chunks=embedded.chunks,
            reused=embedded.reused,
        )
        logger.info("batch done", extra={"batch": batch, "milliseconds": milliseconds, "kept": ended})


def run_store(resources: Resources, app: Celery, ref: RunRef) -> None:
    """Make a document's chunks visible and end it."""
    with _claimed(resources, app, ref, Stage.STORE) as work:
        if work is None:
            return
        started = time.perf_counter()
        with _heartbeat(resources, work, also=lambda: prolong_commit(resources, work)):
            stored = store_document(resources, work)
        milliseconds = _milliseconds_since(started)
        completed = resources.runs.complete(ref, owner=work.owner, store_ms=milliseconds, chunks=len(stored.chunks))
        logger.info("document completed", extra={"milliseconds": milliseconds, "kept": completed})
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
    lease = str(stage) if batch is None else batch_lease(batch, stage)
    with logs.bound(
        request_id=run.request_id,
        task_id=ref.task_id,
        document_id=ref.document_id,
        attempt=ref.attempt,
        stage=str(stage),
    ):
        claim = _Claim(ref=ref, stage=stage, lease=lease, owner=owner, run=run, started=time.perf_counter())
        try:
            yield _work(resources, claim)
        except KbSyncError as error:
            _settle(resources, app, claim, error)
        except SoftTimeLimitExceeded:
            _settle(resources, app, claim, TimeLimitExceeded())
        except Exception as error:
            logger.exception("stage crashed")
            _settle(resources, app, claim, UnexpectedStageError(repr(error)))


def _claim(resources: Resources, ref: RunRef, stage: Stage, batch: int | None, *, owner: str) -> DocumentRun | None:
    try:
        if batch is None:
            return resources.leases.claim_stage(ref, stage, owner=owner)
        return resources.leases.claim_batch(ref, batch, owner=owner, stage=stage)
    except KbSyncError as error:  # as if the message had been lost: it is sent again
        logger.warning("claim not possible", extra={"task_id": ref.task_id, "reason": str(error)})
        return None


@dataclass(frozen=True)
class _Claim:
    ref: RunRef
    stage: Stage
    lease: str
    owner: str
    run: DocumentRun
    started: float


def _work(resources: Resources, claim: _Claim) -> Work:
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


def _settle(resources: Resources, app: Celery, claim: _Claim, error: KbSyncError) -> None:
    """Record what came out of the work; what cannot be recorded now is found when the lease runs out."""
    try:
        if isinstance(error, LostRace):
            handed_back = drain.must_hand_back()
            logger.info("work given up", extra={"reason": error.message("en"), "handed_back": handed_back})
            at_once = handed_back or isinstance(error, WorkRemains)
            wake_at = clock.seconds_from_now(0 if at_once else resources.settings.queue_wait_seconds)
            resources.leases.release(claim.ref, claim.lease, owner=claim.owner, wake_at=wake_at)
        else:
            _settle_error(resources, app, claim, error)
    except KbSyncError as unrecorded:
        logger.warning("outcome not recorded", extra={"reason": str(unrecorded)})


def _settle_error(resources: Resources, app: Celery, claim: _Claim, error: KbSyncError) -> None:
    """Decide what an error means: an artifact to make again, a rest and another try, or the end of the document."""
    artifact_gone = isinstance(error, ObjectNotFound) and claim.stage not in (Stage.DOWNLOAD, Stage.CONVERT)
    if artifact_gone and claim.run.crashes + 1 < resources.settings.max_attempts:
        logger.warning("artifact gone, starting over", extra={"reason": error.reason})
        resources.leases.forget_outputs(
            claim.ref,
            owner=claim.owner,
            lease=claim.lease,
            stages_done=len(claim.run.stages_done),
            wake_at=clock.now(),
        )
    elif error.retryable and claim.run.failures < MAX_FAILURES:
        logger.warning("stage failed, trying again", extra={"code": error.code, "reason": str(error)})
        wake_at = clock.seconds_from_now(RETRY_SECONDS)
        resources.leases.rest(claim.ref, claim.lease, owner=claim.owner, wake_at=wake_at)
    elif isinstance(error, StageError | DocumentNotFound):
        _fail(resources, app, claim, error)
    else:
        _fail(resources, app, claim, UnexpectedStageError(str(error)))


def _fail(resources: Resources, app: Celery, claim: _Claim, error: KbSyncError) -> None:
    fail_document(
        resources,
        app,
        claim.ref,
        stage=claim.stage,
        error=error,
        milliseconds=_milliseconds_since(claim.started),
        lease=claim.lease,
        owner=claim.owner,
    )


def _milliseconds_since(started: float) -> int:
    return int((time.perf_counter() - started) * 1000)
