"""What follows from an error in a stage: the work is handed back, made again, tried again, or the document ends."""

import logging
import time
from dataclasses import dataclass

from celery import Celery

from shared import clock
from shared.counters import Counter
from shared.errors import (
    DocumentNotFound,
    KbSyncError,
    LostRace,
    ObjectNotFound,
    Parked,
    StageError,
    UnexpectedStageError,
    WorkRemains,
)
from shared.models import DocumentRun, RunRef
from shared.resources import Resources
from shared.states import Stage
from worker import drain
from worker.finisher import fail_document

logger = logging.getLogger(__name__)

MAX_FAILURES = 3
"""How often a retryable error is met before the document fails."""

RETRY_SECONDS = 30.0
"""After a retryable error the document rests this long."""


@dataclass(frozen=True)
class Claim:
    """A stage or a batch of a document that this process holds."""

    ref: RunRef
    stage: Stage
    lease: str
    owner: str
    run: DocumentRun
    started: float
    """By `time.perf_counter`."""


def settle(resources: Resources, app: Celery, claim: Claim, error: KbSyncError) -> None:
    """Record what came out of the work; what cannot be recorded now is found when the lease runs out."""
    try:
        if isinstance(error, Parked):
            _park(resources, app, claim, error)
        elif isinstance(error, LostRace):
            handed_back = drain.must_hand_back()
            logger.info("work given up", extra={"reason": error.message("en"), "handed_back": handed_back})
            at_once = handed_back or isinstance(error, WorkRemains)
            wake_at = clock.seconds_from_now(0 if at_once else resources.settings.queue_wait_seconds)
            resources.leases.release(claim.ref, claim.lease, owner=claim.owner, wake_at=wake_at)
        else:
            _settle_error(resources, app, claim, error)
    except KbSyncError as unrecorded:
        logger.warning("outcome not recorded", extra={"reason": str(unrecorded)})


def _park(resources: Resources, app: Celery, claim: Claim, parked: Parked) -> None:
    """Let the document rest without an attempt, or fail it where it has gained nothing for too long."""
    began = clock.seconds_from_now(claim.started - time.perf_counter())
    run = resources.parked_runs.park(
        claim.ref,
        claim.lease,
        owner=claim.owner,
        until=clock.seconds_from_now(parked.seconds),
        since=began,
        progressed=parked.progressed,
    )
    if run is None or run.throttled_since is None:
        return
    resources.counters.add({Counter.DOCUMENTS_PARKED: 1})
    seconds = (clock.now() - run.throttled_since).total_seconds()
    logger.info("document parked", extra={"reason": str(parked.cause), "gained_nothing_seconds": round(seconds)})
    if seconds >= resources.settings.embedding_throttle_timeout_seconds:
        fail_document(resources, app, claim.ref, stage=claim.stage, error=parked.cause)


def _settle_error(resources: Resources, app: Celery, claim: Claim, error: KbSyncError) -> None:
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


def _fail(resources: Resources, app: Celery, claim: Claim, error: KbSyncError) -> None:
    fail_document(
        resources,
        app,
        claim.ref,
        stage=claim.stage,
        error=error,
        milliseconds=milliseconds_since(claim.started),
        lease=claim.lease,
        owner=claim.owner,
    )


def milliseconds_since(started: float) -> int:
    """Return the time since a moment of `time.perf_counter`."""
    return int((time.perf_counter() - started) * 1000)
