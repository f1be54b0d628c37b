"""Making the chunks of a document visible, and mending a commit that was cut off or that came too late.

The vector store replaces a document's rows in one commit, and MongoDB says which revision of them counts. Between the
two lies a moment in which a worker may die, or be stopped for longer than its locks last. So the document's record
announces the new revision before the commit (`storing`) and takes it over after; what is left in between is settled by
looking at what the vector store holds.
"""

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared import clock
from shared.counters import Counter
from shared.errors import Cancelled, KbSyncError, LostRace, ObjectNotFound
from shared.models import Document, KnowledgeBase, RunRef, StoreFacts
from shared.resources import Resources
from shared.services.sync_tasks import COMMIT_SECONDS
from shared.states import Stage
from shared.vector_stores.base import DocumentRows
from worker.optimizer import note_commit
from worker.stage_bodies import prepare_rows, store_facts
from worker.stages.store import PreparedRows, commit, prepare
from worker.work import Work

logger = logging.getLogger(__name__)

COMMIT_MARGIN = timedelta(seconds=COMMIT_SECONDS / 2)
"""What must be left of the announced time when a commit begins."""


@dataclass
class Stores:
    """What came of storing several documents: each is among the stored ones or has its error."""

    rows: dict[RunRef, PreparedRows] = field(default_factory=dict)
    errors: dict[RunRef, KbSyncError] = field(default_factory=dict)


def store_documents(resources: Resources, works: Sequence[Work]) -> Stores:
    """Commit the chunks of documents of one sync, all in one commit, each under its store lock.

    The fence of the sync and the records' leases are checked right before the commit; a document whose own has been
    overtaken has `LostRace` for its error and the others go on. Raises `Cancelled`, `VectorStoreFailed` for all.
    """
    started = time.perf_counter()
    first = works[0]
    stores = Stores()
    prepared = _prepare_all(resources, works, stores)
    task = resources.sync_tasks.find(first.ref.task_id)
    if task is None or not task.active:
        raise Cancelled
    facts = {work.ref: store_facts(resources, work, stores.rows[work.ref]) for work in prepared}
    until = clock.seconds_from_now(COMMIT_SECONDS)
    wanted = _announce(resources, prepared, facts, stores, until=until)
    if not wanted:
        return stores
    if clock.now() > until - COMMIT_MARGIN:  # it was stopped meanwhile, and what it announced may be taken back
        raise LostRace
    batches = [
        DocumentRows(work.document.id, stores.rows[work.ref].chunks, stores.rows[work.ref].vectors) for work in wanted
    ]
    resources.vector_store.replace_documents(resources.table(first.knowledge_base), batches)
    milliseconds = int((time.perf_counter() - started) * 1000) // len(wanted)
    _note_stored(resources, wanted, {ref: _timed(of, milliseconds=milliseconds) for ref, of in facts.items()}, stores)
    resources.counters.add({Counter.DOCUMENTS_STORED: len(stores.rows)})
    note_commit(resources, first.document.kb_id, documents=task.total_documents)
    return stores


def _prepare_all(resources: Resources, works: Sequence[Work], stores: Stores) -> list[Work]:
    """Bring together what each document's commit needs, and return those for which it is there."""
    for work in works:
        try:
            stores.rows[work.ref] = prepare_rows(resources, work)
        except KbSyncError as error:
            stores.errors[work.ref] = error
    return [work for work in works if work.ref in stores.rows]


def _announce(
    resources: Resources, works: Sequence[Work], facts: Mapping[RunRef, StoreFacts], stores: Stores, *, until: datetime
) -> list[Work]:
    """Say of each document that new chunks are about to count, and return those of which that is still wanted."""
    if not works:
        return []
    first = works[0]
    begun = resources.bundle_leases.begin_commits([work.ref for work in works], owner=first.owner, until=until)
    locked = resources.documents.begin_stores(
        {work.document.id: facts[work.ref] for work in works if work.ref in begun},
        fence=first.run.fence,
        owner=first.owner,
        until=until,
    )
    wanted = [work for work in works if work.document.id in locked]
    _lose(works, wanted, stores)
    return wanted


def _note_stored(
    resources: Resources, works: Sequence[Work], facts: Mapping[RunRef, StoreFacts], stores: Stores
) -> None:
    """Let the documents' records say what the vector store holds now."""
    noted = resources.documents.commit_stores(
        {work.document.id: facts[work.ref] for work in works}, owner=works[0].owner
    )
    for work in works:
        if work.document.id not in noted:
            logger.warning("committed without the store lock", extra={"revision": facts[work.ref].revision})
            settle_now_or_later(resources, work.document.id)
    _lose(works, [work for work in works if work.document.id in noted], stores)


def settle_now_or_later(resources: Resources, document_id: str) -> None:
    """Settle a store; where that is not possible now, have the reconciler do it."""
    try:
        settle_store(resources, document_id)
    except KbSyncError as error:
        logger.warning("store not settled yet", extra={"document_id": document_id, "reason": str(error)})
        resources.documents.leave_to_settle(document_id)


def _lose(works: Sequence[Work], kept: Sequence[Work], stores: Stores) -> None:
    """Count those that are not kept as overtaken."""
    lost = {work.ref for work in works} - {work.ref for work in kept}
    for ref in lost:
        del stores.rows[ref]
        stores.errors[ref] = LostRace()


def _timed(facts: StoreFacts, *, milliseconds: int) -> StoreFacts:
    """Add what this stage took, which is known only now."""
    return facts.model_copy(update={"processing_info": {**facts.processing_info, Stage.STORE: milliseconds}})


def prolong_commits(resources: Resources, works: Sequence[Work]) -> None:
    """Keep a commit that takes long from being taken for a dead one."""
    until, owner = clock.seconds_from_now(COMMIT_SECONDS), works[0].owner
    resources.bundle_leases.prolong_commits([work.ref for work in works], owner=owner, until=until)
    resources.documents.prolong_stores([work.document.id for work in works], owner=owner, until=until)


def settle_store(resources: Resources, document_id: str) -> None:
    """Bring a document's record and its rows together, where a commit was cut off or came too late.

    Rows of the announced revision count from now on, since readers have seen them. Rows of no revision that counts are
    replaced by those that do.
    """
    document = resources.documents.find(document_id)
    if document is None:
        return
    knowledge_base = resources.knowledge_bases.get(document.kb_id)
    held = resources.vector_store.document_chunks(resources.table(knowledge_base), [document_id]).get(document_id)
    found = held.revision if held is not None else None
    if document.storing is not None and found == document.storing.revision:
        resources.documents.adopt_stored(document)
        outcome = "new chunks kept"
    elif found == document.revision:
        resources.documents.forget_storing(document)
        outcome = "old chunks kept"
    else:
        outcome = _restore(resources, document, knowledge_base)
    logger.warning("store settled", extra={"document_id": document_id, "outcome": outcome})


def _restore(resources: Resources, document: Document, knowledge_base: KnowledgeBase) -> str:
    """Store the chunks that count once more, from their artifacts; without those, the next sync does it."""
    facts = document.stored
    names = resources.artifact_names(document, knowledge_base)
    try:
        if facts is None:
            raise ObjectNotFound
        rows = prepare(
            resources.object_store,
            document,
            names=names,
            chunks_key=facts.chunks_key,
            batch_chunks=facts.batch_chunks,
        )
    except ObjectNotFound:
        resources.documents.mark_torn(document)
        return "to be synced again"
    owner, until = uuid.uuid4().hex, clock.seconds_from_now(COMMIT_SECONDS)
    if not resources.documents.begin_store(document.id, fence=document.fence, facts=facts, owner=owner, until=until):
        return "left to a newer store"
    commit(resources.vector_store, document, table=resources.table(knowledge_base), rows=rows)
    resources.documents.commit_store(document.id, owner=owner, facts=facts)
    return "chunks that count stored again"
