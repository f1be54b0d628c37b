"""Human-in-the-loop tasks and their sync logs: taking them in, showing and removing them."""

from dataclasses import dataclass

from shared import clock
from shared.errors import HumanTaskNotFound, InvalidRequest
from shared.human_tasks import HumanTask, HumanTaskChanges, NewSyncLog, SyncLog
from shared.resources import Resources

NEEDED_TO_CREATE = ("conversations", "metadata", "timestamp")

SYNCED = "SUCCESS"


@dataclass(frozen=True)
class SavedTask:
    """What became of a task that was sent."""

    id: str
    task_id: str
    updated: bool


def save(resources: Resources, changes: HumanTaskChanges) -> SavedTask:
    """Create a task, or replace those fields of a known one that were sent.

    Two clients that create the same task at once make one: the slower one updates it. Raises `InvalidRequest` where a
    new task lacks conversations, metadata or timestamp.
    """
    while True:
        updated = resources.human_tasks.update(changes)
        if updated is not None:
            return SavedTask(id=updated, task_id=changes.task_id, updated=True)
        _check_complete(changes)
        inserted = resources.human_tasks.insert(changes)
        if inserted is not None:
            return SavedTask(id=inserted, task_id=changes.task_id, updated=False)


def _check_complete(changes: HumanTaskChanges) -> None:
    missing = [field for field in NEEDED_TO_CREATE if field not in changes.model_fields_set]
    if missing:
        reasons = [{"field": field, "reason": "is required"} for field in missing]
        raise InvalidRequest(missing[0], "is required", details={"errors": reasons})


def sync(resources: Resources, changes: HumanTaskChanges) -> SavedTask:
    """Save a whole task that a client syncs, and write the log of that."""
    saved = save(resources, changes)
    resources.human_sync_logs.insert(
        NewSyncLog(
            task_id=changes.task_id,
            user_id=changes.user_id,
            token_id=changes.token_id,
            sync_status=SYNCED,
            synced_at=clock.now(),
        )
    )
    return saved


def add_log(resources: Resources, log: NewSyncLog) -> str:
    """Write a log that a client sends, and return its id; its task need not be known."""
    return resources.human_sync_logs.insert(log)


def get(resources: Resources, task_id: str) -> HumanTask:
    """Raises `HumanTaskNotFound`."""
    found = resources.human_tasks.find(task_id)
    if found is None:
        raise HumanTaskNotFound(task_id)
    return found


def list_tasks(
    resources: Resources,
    *,
    task_id: str | None,
    user_id: str | None,
    token_id: str | None,
    skip: int,
    limit: int,
) -> list[HumanTask]:
    """Return the tasks that have all given values, newest first."""
    filters = _given(task_id=task_id, user_id=user_id, token_id=token_id)
    return resources.human_tasks.list_newest(filters, skip=skip, limit=limit)


def list_logs(
    resources: Resources,
    *,
    task_id: str | None,
    user_id: str | None,
    sync_status: str | None,
    skip: int,
    limit: int,
) -> list[SyncLog]:
    """Return the logs that have all given values, newest first."""
    filters = _given(task_id=task_id, user_id=user_id, sync_status=sync_status)
    return resources.human_sync_logs.list_newest(filters, skip=skip, limit=limit)


def delete(resources: Resources, task_id: str) -> None:
    """Remove a task; its logs stay. Raises `HumanTaskNotFound`."""
    if not resources.human_tasks.delete(task_id):
        raise HumanTaskNotFound(task_id)


def _given(**filters: str | None) -> dict[str, str]:
    return {field: value for field, value in filters.items() if value is not None}
