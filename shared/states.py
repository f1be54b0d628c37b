"""Statuses, and which may follow which. The tables are the truth: repositories build their conditions from them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)


class TaskType(StrEnum):
    FULL_SYNC = "full_sync"
    INCREMENTAL = "incremental"


class TaskStatus(StrEnum):
    """A sync task as a whole."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL_SUCCESS = "partial_success"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunStatus(StrEnum):
    """One document inside one sync task."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DocumentStatus(StrEnum):
    """A document of a knowledge base, whichever sync touched it last."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class KnowledgeBaseStatus(StrEnum):
    ACTIVE = "active"
    DELETING = "deleting"


class Stage(StrEnum):
    """The stages of a document, in the order in which they run."""

    DOWNLOAD = "download"
    CONVERT = "convert"
    IMAGES = "images"
    CHUNK = "chunk"
    EMBED = "embed"
    STORE = "store"


STAGES: tuple[Stage, ...] = tuple(Stage)

TASK_TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED, TaskStatus.FAILED}),
    TaskStatus.RUNNING: frozenset(
        {TaskStatus.COMPLETED, TaskStatus.PARTIAL_SUCCESS, TaskStatus.FAILED, TaskStatus.CANCELLED}
    ),
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.PARTIAL_SUCCESS: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
}

RUN_TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.PENDING: frozenset({RunStatus.PROCESSING, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.PROCESSING: frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.COMPLETED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}


def sources_of(transitions: Mapping[S, frozenset[S]], target: S) -> list[S]:
    """Return the statuses from which `target` may be reached: the condition of an update that moves there."""
    return [source for source, targets in transitions.items() if target in targets]


ACTIVE_TASK_STATUSES = (TaskStatus.PENDING, TaskStatus.RUNNING)
ACTIVE_RUN_STATUSES = (RunStatus.PENDING, RunStatus.PROCESSING)
