"""Making the chunks of a document visible, and mending a commit that was cut off or that came too late.

The vector store replaces a document's rows in one commit, and MongoDB says which revision of them counts. Between the
two lies a moment in which a worker may die, or be stopped for longer than its locks last. So the document's record
announces the new revision before the commit (`storing`) and takes it over after; what is left in between is settled by
looking at what the vector store holds.
"""

import logging
import time
import uuid

from shared import clock
from shared.counters import Counter
from shared.errors import Cancelled, LostRace, ObjectNotFound
from shared.models import Document, KnowledgeBase, StoreFacts
from shared.resources import Resources
from shared.services.sync_tasks import COMMIT_SECONDS
from shared.states import Stage
from worker.optimizer import note_commit
from worker.stage_bodies import prepare_rows, store_facts
from worker.stages.store import PreparedRows, commit, prepare
from worker.work import Work

logger = logging.getLogger(__name__)


def store_document(resources: Resources, work: Work) -> PreparedRows:
    """Commit a document's chunks under its store lock and note what it holds now.

    The fence of the sync and the record's lease are checked right before the commit. Raises `LostRace` where either
    has been overtaken.
    """
    started = time.perf_counter()
    rows = prepare_rows(resources, work)
    task = resources.sync_tasks.find(work.ref.task_id)
    if task is None or not task.active:
        raise Cancelled
    facts = store_facts(resources, work, rows)
    _announce(resources, work, facts)
    commit(resources.vector_store, work.document, table=resources.table(work.knowledge_base), rows=rows)
    noted = _timed(facts, milliseconds=int((time.perf_counter() - started) * 1000))
    if not resources.documents.commit_store(work.document.id, owner=work.owner, facts=noted):
        logger.warning("committed without the store lock", extra={"revision": rows.revision})
        settle_store(resources, work.document.id)
        raise LostRace
    resources.counters.add({Counter.DOCUMENTS_STORED: 1})
    note_commit(resources, work.document.kb_id, documents=task.total_documents)
    return rows


def _timed(facts: StoreFacts, *, milliseconds: int) -> StoreFacts:
    """Add what this stage took, which is known only now."""
    return facts.model_copy(update={"processing_info": {**facts.processing_info, Stage.STORE: milliseconds}})


def _announce(resources: Resources, work: Work, facts: StoreFacts) -> None:
    until = clock.seconds_from_now(COMMIT_SECONDS)
    if not resources.leases.begin_commit(work.ref, owner=work.owner, until=until):
        raise LostRace
    if not resources.documents.begin_store(
        work.document.id, fence=work.run.fence, facts=facts, owner=work.owner, until=until
    ):
        raise LostRace


def prolong_commit(resources: Resources, work: Work) -> None:
    """Keep a commit that takes long from being taken for a dead one."""
    until = clock.seconds_from_now(COMMIT_SECONDS)
    resources.leases.prolong_commit(work.ref, owner=work.owner, until=until)
    resources.documents.prolong_store(work.document.id, owner=work.owner, until=until)


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
