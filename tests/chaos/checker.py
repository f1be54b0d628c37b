"""Looks into the stores themselves: all the time for what must never be, and at rest for what must be then."""

import contextlib
from collections import Counter
from collections.abc import Sequence

from pymongo.errors import PyMongoError

from shared.errors import KbSyncError
from shared.models import DocumentRun, RunRef, SyncTask
from shared.queue import QueueName
from shared.repositories.database import Record
from shared.states import RunStatus, Stage, TaskStatus
from tests.chaos.expected import judge
from tests.chaos.journal import Claim, EmbedCall, FaultMet, Journal
from tests.chaos.samples import SampleKind
from tests.chaos.scene import Scene
from tests.chaos.tenant import Tenant

LOOK_SECONDS = 0.3
ACTIVE = (TaskStatus.PENDING, TaskStatus.RUNNING)


class Checker:
    """The invariants of one run."""

    def __init__(self, scene: Scene, tenants: list[Tenant], journal: Journal) -> None:
        self._scene = scene
        self._tenants = tenants
        self._journal = journal
        self._ended: dict[str, SyncTask] = {}

    def run(self) -> None:
        """Look until the run ends."""
        while not self._scene.stopped.wait(LOOK_SECONDS):
            with contextlib.suppress(KbSyncError, PyMongoError):
                self._look()

    def _look(self) -> None:
        self._scene.ledger.count("looks")
        tasks = self._tasks({})
        active = Counter(task.kb_id for task in tasks if task.status in ACTIVE)
        for kb_id, count in active.items():
            if count > 1:
                running = [task for task in tasks if task.kb_id == kb_id and task.status in ACTIVE]
                self._scene.ledger.violation("1: one sync at a time", f"{kb_id} has {count}", records=running)
        for task in tasks:
            if task.status not in ACTIVE:
                self._look_at_ended(task)

    def _tasks(self, query: Record) -> list[SyncTask]:
        return [SyncTask.model_validate(found) for found in self._scene.resources.database["sync_tasks"].find(query)]

    def _look_at_ended(self, task: SyncTask) -> None:
        known = self._ended.get(task.id)
        if known is None:
            self._ended[task.id] = task
            if task.status is not TaskStatus.CANCELLED and self._scene.resources.runs.any_active(task.id):
                runs = [run for run in self._scene.resources.runs.of_task(task.id) if run.finished_at is None]
                what = f"{task.id} ended before its documents"
                self._scene.ledger.violation("3: every document has ended", what, records=runs)
        elif (known.status, known.completed_at, known.cancelled_at) != (
            task.status,
            task.completed_at,
            task.cancelled_at,
        ):
            what = f"{task.id} was {known.status}, is {task.status}"
            self._scene.ledger.violation("5: one terminal transition", what, records=(known, task))

    # At rest

    def active_tasks(self) -> list[SyncTask]:
        return self._scene.resources.sync_tasks.all_active()

    def problems_at_rest(self) -> list[str]:
        """Say what is not as it must be when every sync has ended; what needs a round of repair may come and go."""
        problems: list[str] = []
        for task in self._tasks({}):
            problems += self._problems_of_task(task)
        locks = self._scene.resources.kb_lock.held_knowledge_bases()
        problems += [f"3: the lock of {kb_id} is held" for kb_id in locks]
        for tenant in self._tenants:
            problems += self._problems_of_documents(tenant)
        return problems

    def _problems_of_task(self, task: SyncTask) -> list[str]:
        if task.status in ACTIVE:
            return [f"2: {task.id} is {task.status}"]
        runs = self._scene.resources.runs.of_task(task.id)
        open_runs = [run.document_id for run in runs if run.finished_at is None or run.leases or run.wake_at]
        if open_runs:
            return [f"3: {task.id} is {task.status}, not ended: {open_runs}"]
        if len(runs) != task.total_documents:
            return [f"3: {task.id} counts {len(runs)} of {task.total_documents}"]
        return []

    def _problems_of_documents(self, tenant: Tenant) -> list[str]:
        if tenant.kb_id is None:
            return []
        resources, problems = self._scene.resources, []
        knowledge_base = resources.knowledge_bases.get(tenant.kb_id)
        documents = resources.documents.get_many(tenant.kb_id, resources.documents.all_ids(tenant.kb_id))
        missing = set(tenant.samples) - set(documents)
        problems += [f"5: {document_id} is gone" for document_id in missing]
        for document in documents.values():
            sample = tenant.samples.get(document.id)
            if sample is None:
                continue
            if document.status == "processing":
                problems.append(f"3: {document.id} says processing")
            rows, _ = resources.vector_store.list_chunks(
                resources.table(knowledge_base), document.id, chunk_type=None, offset=0, limit=10_000
            )
            if document.revision is None and not rows and document.id not in tenant.visible:
                continue
            variants = self._scene.expectations.variants(document.id, knowledge_base)
            old = [row.chunk_id for row in rows if row.revision != document.revision]
            if old:
                problems.append(f"5: {document.id} has {len(old)} rows of another revision")
            shown = [row.chunk_id for row in rows if row.revision == document.revision]
            wrong = judge(shown, variants, sample)
            if wrong is not None:
                problems.append(f"5: {document.id}: {wrong}")
            if len(shown) != document.chunk_count:
                problems.append(f"5: {document.id} says {document.chunk_count} chunks, has {len(shown)}")
        return problems

    def undrained(self) -> list[str]:
        """Say which queues still hold messages, and how many were never acknowledged."""
        depths = self._scene.resources.queue.depths()
        held = [f"10: {depths[queue]} messages in {queue}" for queue in QueueName if depths[queue]]
        redis = self._scene.resources.redis
        unacked = [str(tag) for tag in redis.hkeys("unacked")]
        ages = [f"{tag} since {redis.zscore('unacked_index', tag)}" for tag in unacked[:5]]
        return held + ([f"10: {len(unacked)} messages not acknowledged: {ages}"] if unacked else [])

    # At the end

    def check_at_end(self, faults: int) -> None:
        """Check what the workers wrote down (starts after a cancel, starts of poison, calls of the model) and why
        documents failed."""
        self._check_failures()
        entries = self._journal.read()
        claims = [entry for entry in entries if isinstance(entry, Claim)]
        self._check_cancels(claims)
        self._check_poison(claims)
        self._check_calls(entries, faults)
        work = Counter((each.task_id, each.document_id, each.stage, each.batch) for each in claims)
        self._scene.ledger.count("stages and batches started", len(claims))
        self._scene.ledger.count("of these started more than once", sum(count - 1 for count in work.values()))

    def _check_failures(self) -> None:
        samples = {name: sample for tenant in self._tenants for name, sample in tenant.samples.items()}
        for found in self._scene.resources.database["document_runs"].find({}):
            run = DocumentRun.model_validate(found)
            self._scene.ledger.count(f"documents synced: {run.status}")
            if run.status is not RunStatus.FAILED:
                continue
            self._scene.ledger.count(f"failed: {run.error_message_en}")
            sample = samples.get(run.document_id)
            blamed = (run.error_code or "").startswith("30")
            if sample is not None and sample.kind is SampleKind.HEALTHY and blamed:
                what = f"{run.document_id} is blamed: {run.error_message_en}"
                self._scene.ledger.violation("6: fails alone", what, records=run)

    def _check_cancels(self, claims: list[Claim]) -> None:
        for claim in claims:
            answered = self._scene.cancelled_at.get(claim.task_id)
            if answered is not None and claim.at > answered:
                what = f"{claim.stage} of {claim.task_id} began {claim.at - answered:.3f} s after the cancel"
                self._scene.ledger.violation("7: nothing after a cancel", what, records=claim)

    def _check_poison(self, claims: list[Claim]) -> None:
        poison = {
            document_id
            for tenant in self._tenants
            for document_id, sample in tenant.samples.items()
            if sample.kind is SampleKind.POISON
        }
        starts = Counter(
            (claim.task_id, claim.document_id)
            for claim in claims
            if claim.document_id in poison and claim.stage == Stage.CONVERT
        )
        most = self._scene.resources.settings.max_attempts
        for (task_id, document_id), count in starts.items():
            self._scene.ledger.count("starts of documents that kill their worker", count)
            if count > most:
                run = self._run(task_id, document_id)
                self._scene.ledger.violation("6: at most 4 starts", f"{document_id} started {count} times", records=run)
        for task_id, document_id in starts:
            run = self._run(task_id, document_id)
            if run is not None and run.status is RunStatus.COMPLETED:
                self._scene.ledger.violation("6: poison fails", f"{document_id} completed", records=run)

    def _run(self, task_id: str, document_id: str) -> DocumentRun | None:
        return self._scene.resources.runs.get(RunRef(task_id=task_id, document_id=document_id, attempt=1).run_id)

    def _check_calls(self, entries: Sequence[Claim | EmbedCall | FaultMet], faults: int) -> None:
        calls = Counter(
            (entry.task_id, entry.document_id, entry.batch) for entry in entries if isinstance(entry, EmbedCall)
        )
        self._scene.ledger.count("embedding calls", calls.total())
        self._scene.ledger.count("batches embedded", len(calls))
        for batch, count in calls.items():
            if count > 1 + faults:
                self._scene.ledger.violation("8: calls", f"{count} calls for {batch} with {faults} faults")
