"""Human-in-the-loop tasks and their sync logs: taking them in, showing and removing them."""

from dataclasses import dataclass

from shared import clock
from shared.errors import Forbidden, HumanTaskNotFound, InvalidRequest
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
    new task lacks conversations, metadata or timestamp, `Forbidden` where it names another owner than the caller.
    """
    owner = _owner(resources, user_id=changes.user_id, token_id=changes.token_id)
    new, known = changes, changes
    if owner is not None:
        token_id = changes.token_id or resources.scope.token_id
        new = changes.model_copy(update={"user_id": owner, "token_id": token_id})
        known = _without_empty_owner_ids(changes).model_copy(update={"user_id": owner})
    while True:
        updated = resources.human_tasks.update(known, owner=owner)
        if updated is not None:
            return SavedTask(id=updated, task_id=changes.task_id, updated=True)
        _check_complete(changes)
        inserted = resources.human_tasks.insert(new, owner=owner)
        if inserted is not None:
            return SavedTask(id=inserted, task_id=changes.task_id, updated=False)


def _owner(resources: Resources, *, user_id: str | None, token_id: str | None) -> str | None:
    """Return whose record is written: the user that the body names, else the caller; None where access is off.

    Raises `Forbidden` for the user, or the key of a user, for whom the caller may not act.
    """
    scope = resources.scope
    if scope.user_id is None:
        return None
    if not scope.may_act_for(user_id):
        raise Forbidden(details={"field": "user_id"})
    if token_id is not None and not scope.sees_everything:
        named = resources.api_keys.find(token_id)
        if named is not None and not scope.may_act_for(named.user_id):
            raise Forbidden(details={"field": "token_id"})
    return user_id or scope.user_id


def _without_empty_owner_ids(changes: HumanTaskChanges) -> HumanTaskChanges:
    """Let owner ids that are null count as not sent: a task keeps its owner."""
    sent = changes.model_dump(exclude_unset=True)
    return HumanTaskChanges(**{name: value for name, value in sent.items() if value is not None or name == "task_id"})


def _check_complete(changes: HumanTaskChanges) -> None:
    missing = [field for field in NEEDED_TO_CREATE if field not in changes.model_fields_set]
    if missing:
        reasons = [{"field": field, "reason": "is required"} for field in missing]
        raise InvalidRequest(missing[0], "is required", details={"errors": reasons})


def sync(resources: Resources, changes: HumanTaskChanges) -> SavedTask:
    """Save a whole task that a client syncs, and write the log of that."""
    saved = save(resources, changes)
    add_log(
        resources,
        NewSyncLog(
            task_id=changes.task_id,
            user_id=changes.user_id,
            token_id=changes.token_id,
            sync_status=SYNCED,
            synced_at=clock.now(),
        ),
    )
    return saved


def add_log(resources: Resources, log: NewSyncLog) -> str:
    """Write a log that a client sends, and return its id; its task need not be known.

    Owner ids that it lacks are the caller's. Raises `Forbidden` where it names another owner.
    """
    owner = _owner(resources, user_id=log.user_id, token_id=log.token_id)
    if owner is not None:
        log = log.model_copy(update={"user_id": owner, "token_id": log.token_id or resources.scope.token_id})
    return resources.human_sync_logs.insert(log)


def get(resources: Resources, task_id: str, *, user_id: str | None = None) -> HumanTask:
    """Return a task, of `user_id` where that is given. Raises `HumanTaskNotFound`."""
    found = resources.human_tasks.find(task_id, user_id=user_id)
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


def delete(resources: Resources, task_id: str, *, user_id: str | None = None) -> None:
    """Remove a task, of `user_id` where that is given; its logs stay. Raises `HumanTaskNotFound`."""
    if not resources.human_tasks.delete(task_id, user_id=user_id):
        raise HumanTaskNotFound(task_id)


def _given(**filters: str | None) -> dict[str, str]:
    return {field: value for field, value in filters.items() if value is not None}
