"""What each watcher of a task has still to be sent."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from api.progress_events import Batch, EventId
from api.progress_feed import RESUME_MARGIN, Snapshot, TaskFeed
from shared import clock
from shared.models import DocumentRun, RunCounts, SyncTask, run_id
from shared.services.sync_progress import Observation
from shared.states import DocumentStatus, RunStatus, Stage, TaskStatus, TaskType

TASK_ID = "task-1"
STARTED = clock.to_milliseconds(datetime(2026, 11, 25, 12, 0))  # noqa: DTZ001  # it is taken as UTC


def at(seconds: float) -> datetime:
    return STARTED + timedelta(seconds=seconds)


def run(name: str, *, seconds: float | None = None, **more: Any) -> DocumentRun:
    fields: dict[str, Any] = {
        "id": run_id(TASK_ID, name),
        "task_id": TASK_ID,
        "kb_id": "kb-1",
        "document_id": name,
        "fence": 1,
        "ordinal": 1,
        "filename": f"{name}.pdf",
        "previous_status": DocumentStatus.UPLOADED,
        "created_at": STARTED,
        "updated_at": None if seconds is None else at(seconds),
    }
    return DocumentRun.model_validate(fields | more)


def reading(
    *runs: DocumentRun, seconds: float = 1.0, status: TaskStatus = TaskStatus.RUNNING, completed: int = 0
) -> Snapshot:
    """Read a task of four documents at a moment."""
    task = SyncTask(
        id=TASK_ID,
        kb_id="kb-1",
        task_type=TaskType.FULL_SYNC,
        status=status,
        active=status is TaskStatus.RUNNING,
        fence=1,
        total_documents=4,
        created_at=STARTED,
        started_at=STARTED,
    )
    counts = RunCounts(completed=completed, pending=4 - completed)
    observation = Observation(task=task, counts=counts, in_work=None, documents=runs, is_whole=False)
    return Snapshot.of(observation, read_at=at(seconds))


def documents(batch: Batch) -> Sequence[tuple[str, str]]:
    found = [json.loads(event.data) for event in batch.events if event.name == "document"]
    return [(document["document_id"], document["status"]) for document in found]


PROCESSING, COMPLETED = RunStatus.PROCESSING, RunStatus.COMPLETED


def test_who_comes_first_is_sent_the_task_alone() -> None:
    feed = TaskFeed(reading(run("a"), run("b", seconds=1)))
    [event] = feed.since_event(None, "zh").events
    assert event.name == "task"
    assert json.loads(event.data)["total_documents"] == 4


def test_task_is_sent_as_in_its_detail_without_documents_and_absent_values() -> None:
    [event] = TaskFeed(reading(run("a"))).since_event(None, "zh").events
    task = json.loads(event.data)
    assert list(task)[:9] == [
        *("id", "kb_id", "task_type", "status", "progress", "current_step"),
        *("total_documents", "processed_documents", "failed_documents"),
    ]
    assert "documents" not in task
    assert None not in task.values()


def test_changed_document_is_sent_once_to_who_has_not_seen_it() -> None:
    feed = TaskFeed(reading(run("a"), run("b")))
    assert feed.take(reading(run("a", seconds=2, status=PROCESSING)))
    assert documents(feed.since_version(0, "zh")) == [("a", "processing")]
    assert documents(feed.since_version(1, "zh")) == []


def test_who_is_slow_is_sent_the_newest_state_of_each_document() -> None:
    feed = TaskFeed(reading(run("a"), run("b"), run("c")))
    feed.take(reading(run("a", seconds=2, status=PROCESSING)))
    feed.take(reading(run("b", seconds=3, status=PROCESSING)))
    feed.take(reading(run("a", seconds=4, status=COMPLETED), completed=1))
    assert documents(feed.since_version(0, "zh")) == [("b", "processing"), ("a", "completed")]
    assert documents(feed.since_version(2, "zh")) == [("a", "completed")]


def test_nothing_grows_with_the_number_of_changes() -> None:
    feed = TaskFeed(reading(run("a")))
    for number in range(1000):
        feed.take(reading(run("a", seconds=number, status=PROCESSING, chunks_created=number)))
        feed.since_version(feed.version - 1, "zh")
    assert len(feed.since_version(0, "zh").events) == 2
    assert len(feed._batches) <= 2  # of the newest version only


def test_reading_without_a_visible_change_is_none() -> None:
    feed = TaskFeed(reading(run("a", seconds=1, status=PROCESSING), seconds=10, completed=1))
    again = run("a", seconds=5, status=PROCESSING, stage=Stage.CONVERT)
    later = reading(again, seconds=60, completed=1)
    assert not feed.take(later)
    assert feed.version == 0


def test_change_of_the_task_alone_is_a_change() -> None:
    feed = TaskFeed(reading(run("a")))
    assert feed.take(reading(completed=1))
    [event] = feed.since_version(0, "zh").events
    assert json.loads(event.data)["processed_documents"] == 1


def test_only_the_last_event_of_a_batch_has_an_id() -> None:
    """Who is cut off in the middle of a batch comes back with the id of the one before it."""
    feed = TaskFeed(reading(run("a"), run("b")))
    feed.take(reading(run("a", seconds=2, status=PROCESSING), run("b", seconds=2, status=PROCESSING), seconds=3))
    batch = feed.since_version(0, "zh")
    assert [event.name for event in batch.events] == ["document", "document", "task"]
    assert [event.id for event in batch.events] == [None, None, EventId.at(at(3))]


def test_who_comes_back_is_sent_what_changed_since_with_a_margin() -> None:
    margin = RESUME_MARGIN.total_seconds()
    feed = TaskFeed(reading(run("old", seconds=1), run("edge", seconds=101 - margin), run("new", seconds=200)))
    resumed = feed.since_event(EventId.at(at(100)), "zh")
    assert [name for name, _ in documents(resumed)] == ["edge", "new"]
    everything = feed.since_event(EventId(0), "zh")
    assert [name for name, _ in documents(everything)] == ["old", "edge", "new"]


def test_record_that_comes_late_is_sent_all_the_same() -> None:
    """A host whose clock is behind writes times that are past when they are seen."""
    feed = TaskFeed(reading(run("a"), run("b"), seconds=100))
    feed.take(reading(run("a", seconds=101, status=PROCESSING), seconds=102))
    feed.take(reading(run("b", seconds=50, status=PROCESSING), seconds=103))
    assert documents(feed.since_version(1, "zh")) == [("b", "processing")]


def test_end_is_the_last_batch_and_says_so_in_its_id() -> None:
    feed = TaskFeed(reading(run("a")))
    feed.take(reading(run("a", seconds=5, status=COMPLETED), seconds=6, status=TaskStatus.COMPLETED, completed=4))
    batch = feed.since_version(0, "zh")
    assert batch.is_last
    assert documents(batch) == [("a", "completed")]
    assert str(batch.events[-1].id).endswith("-end")
    assert json.loads(batch.events[-1].data)["status"] == "completed"
    assert feed.since_event(None, "zh").is_last


def test_each_watcher_reads_its_own_language() -> None:
    failed = run(
        "a",
        seconds=2,
        status=RunStatus.FAILED,
        error_message="PDF转换失败: 文件损坏",
        error_message_en="PDF conversion failed: The file is damaged",
    )
    feed = TaskFeed(reading(run("a")))
    feed.take(reading(failed))
    shown = {language: json.loads(feed.since_version(0, language).events[0].data) for language in ("zh", "en")}
    assert shown["zh"]["error_message"] == "PDF转换失败: 文件损坏"
    assert shown["en"]["error_message"] == "PDF conversion failed: The file is damaged"


def test_watchers_at_the_same_place_are_sent_the_same_batch() -> None:
    feed = TaskFeed(reading(run("a")))
    feed.take(reading(run("a", seconds=2, status=PROCESSING)))
    assert feed.since_version(0, "zh") is feed.since_version(0, "zh")
    assert feed.since_version(0, "en") is not feed.since_version(0, "zh")


def test_name_with_line_breaks_stays_on_its_line() -> None:
    feed = TaskFeed(reading(run("a")))
    feed.take(reading(run("a", seconds=2, status=PROCESSING, filename="a\r\nevent: task\n\n\u2028.pdf")))
    [first, *_] = feed.since_version(0, "zh").sse.decode().split("\n\n")
    name, data = first.split("\n")
    assert name == "event: document"
    assert json.loads(data.removeprefix("data: "))["filename"] == "a\r\nevent: task\n\n\u2028.pdf"
