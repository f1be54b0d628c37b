import pytest

from shared.states import (
    ACTIVE_RUN_STATUSES,
    ACTIVE_TASK_STATUSES,
    RUN_TRANSITIONS,
    STAGES,
    TASK_TRANSITIONS,
    RunStatus,
    Stage,
    TaskStatus,
    sources_of,
)


def test_every_status_has_its_row() -> None:
    assert set(TASK_TRANSITIONS) == set(TaskStatus)
    assert set(RUN_TRANSITIONS) == set(RunStatus)


def test_exactly_the_statuses_that_lead_nowhere_are_ends() -> None:
    assert {status for status, targets in TASK_TRANSITIONS.items() if targets} == set(ACTIVE_TASK_STATUSES)
    assert {status for status, targets in RUN_TRANSITIONS.items() if targets} == set(ACTIVE_RUN_STATUSES)


@pytest.mark.parametrize("status", [status for status in TaskStatus if status is not TaskStatus.PENDING])
def test_every_task_status_can_be_reached_and_only_from_active_ones(status: TaskStatus) -> None:
    sources = sources_of(TASK_TRANSITIONS, status)
    assert sources
    assert set(sources) <= set(ACTIVE_TASK_STATUSES)


def test_nothing_returns_to_pending() -> None:
    assert sources_of(TASK_TRANSITIONS, TaskStatus.PENDING) == []
    assert sources_of(RUN_TRANSITIONS, RunStatus.PENDING) == []


def test_cancel_reaches_pending_and_running_tasks() -> None:
    assert sources_of(TASK_TRANSITIONS, TaskStatus.CANCELLED) == [TaskStatus.PENDING, TaskStatus.RUNNING]


def test_stages_stand_in_the_order_in_which_they_run() -> None:
    assert STAGES == (Stage.DOWNLOAD, Stage.CONVERT, Stage.IMAGES, Stage.CHUNK, Stage.EMBED, Stage.STORE)
