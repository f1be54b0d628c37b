"""Repair: whatever a crash, a lost message or a wiped Redis left undone is set going again from MongoDB.

Runs every few seconds on any control worker, one at a time. Each step is safe to run at any moment and to be cut off.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from celery import Celery

from shared import clock, logs
from shared.counters import Counter
from shared.errors import AttemptsExhausted
from shared.kb_lock import LockHolder
from shared.models import DocumentRun, RunRef, SyncTask, run_id
from shared.queue import TaskName
from shared.redis_client import translated_errors
from shared.resources import Resources
from shared.services.knowledge_bases import finish_deletion
from shared.services.sync_tasks import settle_cancelled
from shared.states import DocumentStatus, RunStatus, Stage, TaskStatus
from worker.committer import settle_now_or_later
from worker.dispatcher import dispatch, send
from worker.finisher import fail_document, finish, mark_document_failed

logger = logging.getLogger(__name__)

LOCK_KEY = "kbsync:reconciler"
LOCK_ROUNDS = 2
"""For so many rounds a killed one keeps the next one waiting; two at once, where one takes longer, do no harm."""
EPOCH_KEY = "kbsync:epoch"
"""Present as long as Redis has not been wiped."""

BATCH = 500
"""Records mended in one round at most; the next round takes the rest."""

REST = timedelta(seconds=60)
"""What is younger may still be in the hands of who made it."""

LONGEST_WAIT_SECONDS = 600.0


def reconcile(resources: Resources, app: Celery) -> None:
    """Run one round, unless another worker is at it."""
    owner = uuid.uuid4().hex
    with translated_errors():
        lock_ms = int(LOCK_ROUNDS * resources.settings.reconcile_seconds * 1000)
        if not resources.redis.set(LOCK_KEY, owner, nx=True, px=lock_ms):
            return
    try:
        _round(resources, app)
    finally:
        with translated_errors():
            if resources.redis.get(LOCK_KEY) == owner:
                resources.redis.delete(LOCK_KEY)


def _round(resources: Resources, app: Celery) -> None:
    steps: list[Callable[[], None]] = [
        lambda: _resend_after_wipe(resources, app),
        lambda: _mend_due(resources, app),
        lambda: _mend_tasks(resources, app),
        lambda: _clear_stale_locks(resources),
        lambda: _settle_orphans(resources),
        lambda: _settle_stores(resources),
        lambda: _finish_deletions(resources),
    ]
    for step in steps:
        try:
            step()
        except Exception:  # the other steps do not wait for this one
            logger.exception("repair step failed")


def _resend_after_wipe(resources: Resources, app: Celery) -> None:
    """Send every waiting document again when Redis has lost its memory."""
    with translated_errors():
        wiped = bool(resources.redis.set(EPOCH_KEY, uuid.uuid4().hex, nx=True))
    if not wiped:
        return
    waiting = resources.leases.waiting()
    if waiting:
        logger.warning("Redis was wiped, sending again", extra={"documents": len(waiting)})
    for run in waiting:
        _resend(resources, app, run)


def _mend_due(resources: Resources, app: Celery) -> None:
    """Look at every record at which nothing has happened for too long.

    A lease that ran out while nobody could renew it, or look, is left alone for as long as a lease lasts: its owner may
    be alive, and then it will have renewed it.
    """
    lease = timedelta(seconds=resources.settings.lease_seconds)
    # Whoever is alive renews three times in a lease: only a gap of two thirds can have made one run out.
    pause = max(lease * 2 / 3, timedelta(seconds=resources.settings.reconcile_seconds) * 5 / 4)
    lookout = resources.reconciler_rounds.begin(longest_pause=pause)
    for run in resources.leases.due(limit=BATCH):
        ran_out = [held.until for held in run.leases.values() if held.until < clock.now()]
        if ran_out and all(lookout.may_be_alive(until, respite=lease) for until in ran_out):
            continue
        with logs.bound(request_id=run.request_id, task_id=run.task_id, document_id=run.document_id):
            _mend_run(resources, app, run)


def _mend_run(resources: Resources, app: Celery, run: DocumentRun) -> None:
    if any(lease.until < clock.now() for lease in run.leases.values()):
        _begin_attempt(resources, app, run)
    elif run.crashes >= resources.settings.max_attempts:  # whoever began the last attempt died before ending it
        _give_up(resources, app, run)
    elif not run.leases:
        _resend(resources, app, run)


def _begin_attempt(resources: Resources, app: Celery, run: DocumentRun) -> None:
    """Give a document whose worker died a new attempt, or end it after too many."""
    renewed = resources.leases.begin_attempt(run, wake_at=_next_wake(resources, run))
    if renewed is None:
        return
    resources.counters.add({Counter.LEASES_EXPIRED: 1})
    if renewed.crashes >= resources.settings.max_attempts:
        _give_up(resources, app, renewed)
        return
    logger.warning("lease ran out, new attempt", extra={"attempt": renewed.attempt, "stage": run.stage})
    send(app, renewed)


def _give_up(resources: Resources, app: Celery, run: DocumentRun) -> None:
    logger.error("attempts exhausted", extra={"crashes": run.crashes})
    ref = RunRef(task_id=run.task_id, document_id=run.document_id, attempt=run.attempt)
    fail_document(resources, app, ref, stage=run.stage or Stage.DOWNLOAD, error=AttemptsExhausted())


def _resend(resources: Resources, app: Celery, run: DocumentRun) -> None:
    """Send the message of a document again that nobody took, each time after a longer wait."""
    again = resources.leases.note_redelivery(run, wake_at=_next_wake(resources, run))
    if again is not None:
        resources.counters.add({Counter.MESSAGES_RESENT: 1})
        logger.info("message sent again", extra={"attempt": again.attempt, "redeliveries": again.redeliveries})
        send(app, again)


def _next_wake(resources: Resources, run: DocumentRun) -> datetime:
    seconds = resources.settings.queue_wait_seconds * 2 ** min(run.redeliveries, 8)
    return clock.seconds_from_now(min(seconds, LONGEST_WAIT_SECONDS))


def _mend_tasks(resources: Resources, app: Celery) -> None:
    for task in resources.sync_tasks.all_active():
        with logs.bound(request_id=task.request_id, task_id=task.id):
            _renew_lock(resources, task)
            if task.status is TaskStatus.PENDING and clock.now() - task.created_at > timedelta(
                seconds=resources.settings.reconcile_seconds
            ):
                resources.queue.send(TaskName.START_SYNC, task.id, request_id=task.request_id)
            elif task.status is TaskStatus.RUNNING:
                dispatch(resources, app, task.id)
                finish(resources, task.id)


def _renew_lock(resources: Resources, task: SyncTask) -> None:
    holder = LockHolder(task.id, task.fence)
    held_before = resources.kb_lock.holder(task.kb_id)
    if held_before == holder:
        resources.kb_lock.renew(task.kb_id, holder)
        return
    stale = held_before or holder
    if resources.sync_tasks.is_active(task.id) and resources.kb_lock.take_over(task.kb_id, stale=stale, holder=holder):
        resources.counters.add({Counter.LOCKS_REPAIRED: 1})
        logger.warning("lock taken again", extra={"kb_id": task.kb_id})


def _clear_stale_locks(resources: Resources) -> None:
    """Release locks whose sync has ended; one whose sync is not there yet runs out by itself."""
    for kb_id in resources.kb_lock.held_knowledge_bases():
        holder = resources.kb_lock.holder(kb_id)
        task = resources.sync_tasks.find(holder.task_id) if holder else None
        if holder is not None and task is not None and not task.active:
            resources.kb_lock.release(kb_id, holder)
            resources.counters.add({Counter.LOCKS_REPAIRED: 1})


def _settle_orphans(resources: Resources) -> None:
    """End the records of syncs that were cancelled or never came to be."""
    known = [task.id for task in resources.sync_tasks.all_active()]
    for task_id in resources.runs.orphaned_task_ids(known=known, created_before=clock.now() - REST):
        task = resources.sync_tasks.find(task_id)
        if task is None:
            resources.runs.delete_of_task(task_id)
        elif not task.active:
            settle_cancelled(resources, task)
    for task_id in resources.documents.tasks_left_processing(known=known, updated_before=clock.now() - REST):
        _settle_documents(resources, task_id)


def _settle_documents(resources: Resources, task_id: str) -> None:
    """Give documents that an ended sync left `processing` the status in which it left them."""
    for document_id in resources.documents.left_processing(task_id):
        run = resources.runs.get(run_id(task_id, document_id))
        if run is None:
            resources.documents.restore_status(task_id, [(document_id, DocumentStatus.UPLOADED)])
        elif run.status is RunStatus.FAILED:
            mark_document_failed(resources, run)
        elif run.status is RunStatus.COMPLETED:
            resources.documents.restore_status(task_id, [(document_id, DocumentStatus.COMPLETED)])
        else:
            resources.documents.restore_status(task_id, [(document_id, run.previous_status)])


def _settle_stores(resources: Resources) -> None:
    """Settle commits that were cut off, of documents that no sync is about to store again."""
    for document_id in resources.documents.left_storing(locked_before=clock.now()):
        if not resources.runs.active_documents([document_id]):
            settle_now_or_later(resources, document_id)


def _finish_deletions(resources: Resources) -> None:
    for knowledge_base in resources.knowledge_bases.deleting():
        if clock.now() - knowledge_base.updated_at > REST:
            finish_deletion(resources, knowledge_base)
