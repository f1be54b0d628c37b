import pytest

from shared.queue import SMALL_SYNC_DOCUMENTS, QueueName, TaskName, priority_of, queue_lists

LARGE = SMALL_SYNC_DOCUMENTS + 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((TaskName.CHUNK, 1), (TaskName.CONVERT, 1)),
        ((TaskName.STORE, LARGE), (TaskName.DOWNLOAD, LARGE)),
        ((TaskName.CONVERT, 1), (TaskName.CHUNK, LARGE)),
        ((TaskName.EMBED, SMALL_SYNC_DOCUMENTS), (TaskName.EMBED, LARGE)),
        ((TaskName.CHUNK, LARGE), (TaskName.PREPARE_BUNDLE, LARGE)),
    ],
)
def test_finishing_goes_before_beginning_and_small_syncs_before_large_ones(
    first: tuple[TaskName, int], second: tuple[TaskName, int]
) -> None:
    (name, documents), (other, other_documents) = first, second
    assert priority_of(name, sync_documents=documents) < priority_of(other, sync_documents=other_documents)


def test_the_lists_of_a_queue_are_those_of_the_transport() -> None:
    from kombu.transport.redis import Channel

    channel = Channel.__new__(Channel)
    channel.priority_steps = [0, 3, 6, 9]
    assert queue_lists(QueueName.CPU) == [channel._q_for_pri("cpu", priority) for priority in (0, 3, 6, 9)]
