import pytest

from shared.models import RunCounts
from shared.states import TaskStatus
from worker.finisher import terminal_status


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        (RunCounts(completed=3), TaskStatus.COMPLETED),
        (RunCounts(completed=3, unchanged=3), TaskStatus.COMPLETED),
        (RunCounts(completed=1, failed=9), TaskStatus.PARTIAL_SUCCESS),
        (RunCounts(completed=9, failed=1), TaskStatus.PARTIAL_SUCCESS),
        (RunCounts(failed=3), TaskStatus.FAILED),
    ],
)
def test_a_sync_ends_as_its_documents_did(counts: RunCounts, status: TaskStatus) -> None:
    assert terminal_status(counts) is status
