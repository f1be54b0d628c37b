"""What clients see of sync tasks while they run and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared import clock
from shared.models import DocumentRun, RunCounts, SyncTask
from shared.progress import Progress, task_progress
from shared.resources import Resources
from shared.states import RunStatus, TaskStatus


@dataclass(frozen=True)
class TaskView:
    """A task with everything that is derived from its documents' records."""

    task: SyncTask
    counts: RunCounts
    progress: Progress


@dataclass(frozen=True)
class Observation:
    """A task as it was read at one moment, with documents of it that had changed."""

    task: SyncTask
    counts: RunCounts
    in_work: DocumentRun | None
    documents: tuple[DocumentRun, ...]
    is_whole: bool
    """Whether these are all documents of the task."""

    @property
    def is_settled(self) -> bool:
        """Whether the task has ended and so has every document of it: nothing changes any more."""
        return not self.task.active and self.counts.active == 0

    def view(self, language: str) -> TaskView:
        progress = task_progress(self.task, self.counts, self.in_work, at=clock.now(), language=language)
        return TaskView(task=self.task, counts=self.counts, progress=progress)


def observe(resources: Resources, task_id: str, *, changed_since: datetime | None) -> Observation:
    """Read a task and the documents that changed since, or all of them where no moment is given or it has ended.

    The task is read first: what is read of its documents after its end is their last state. Raises `SyncTaskNotFound`.
    """
    task = resources.sync_tasks.get(task_id)
    since = changed_since if task.active else None
    return Observation(
        task=task,
        counts=resources.runs.counts([task_id])[task_id],
        in_work=resources.runs.newest_in_work(task_id) if task.active else None,
        documents=tuple(resources.runs.changed_since(task_id, since)),
        is_whole=since is None,
    )


def list_tasks(
    resources: Resources, kb_id: str, *, status: TaskStatus | None, limit: int, language: str
) -> list[TaskView]:
    """Return the newest tasks of a knowledge base. Raises `KnowledgeBaseNotFound`."""
    resources.knowledge_bases.get(kb_id)
    tasks = resources.sync_tasks.list_newest(kb_id, status=status, limit=limit)
    return _views(resources, tasks, language=language)


def get_task(resources: Resources, task_id: str, *, language: str) -> TaskView:
    """Raises `SyncTaskNotFound`."""
    return _views(resources, [resources.sync_tasks.get(task_id)], language=language)[0]


def task_documents(resources: Resources, task_id: str) -> list[DocumentRun]:
    """Return every document of a task, by its place in it."""
    return resources.runs.of_task(task_id)


def page_documents(
    resources: Resources, task_id: str, *, status: RunStatus | None, number: int, size: int
) -> tuple[list[DocumentRun], int]:
    """Return page `number` (from 1) of a task's documents, and how many there are. Raises `SyncTaskNotFound`."""
    resources.sync_tasks.get(task_id)
    return resources.runs.page(task_id, status=status, skip=(number - 1) * size, limit=size)


def _views(resources: Resources, tasks: Sequence[SyncTask], *, language: str) -> list[TaskView]:
    counts = resources.runs.counts([task.id for task in tasks])
    return [_view(resources, task, counts[task.id], language=language) for task in tasks]


def _view(resources: Resources, task: SyncTask, counts: RunCounts, *, language: str) -> TaskView:
    in_work = resources.runs.newest_in_work(task.id) if task.active else None
    progress = task_progress(task, counts, in_work, at=clock.now(), language=language)
    return TaskView(task=task, counts=counts, progress=progress)
