from datetime import timedelta

import pytest

from shared import clock
from shared.models import DocumentRun, RunCounts, SyncTask
from shared.progress import document_step, failure_message, percent_done, task_progress
from shared.states import DocumentStatus, RunStatus, Stage, TaskStatus, TaskType

NOW = clock.now()


def a_run(**fields: object) -> DocumentRun:
    base: dict[str, object] = {
        "_id": "task-1/doc-1",
        "task_id": "task-1",
        "kb_id": "kb-1",
        "document_id": "doc-1",
        "fence": 1,
        "ordinal": 1,
        "filename": "PRD_v1.0.pdf",
        "status": RunStatus.PROCESSING,
        "previous_status": DocumentStatus.UPLOADED,
        "created_at": NOW,
    }
    return DocumentRun.model_validate(base | fields)


def a_task(status: TaskStatus, *, total: int = 10, seconds_ago: float | None = None) -> SyncTask:
    return SyncTask(
        id="task-1",
        kb_id="kb-1",
        task_type=TaskType.FULL_SYNC,
        status=status,
        fence=1,
        total_documents=total,
        created_at=NOW,
        started_at=None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago),
    )


@pytest.mark.parametrize(
    ("stage", "wording"),
    [
        (Stage.DOWNLOAD, "正在下载文档 PRD_v1.0.pdf (1/10)"),
        (Stage.CONVERT, "正在转换PDF PRD_v1.0.pdf (1/10)"),
        (Stage.IMAGES, "正在处理图片 3/8"),
        (Stage.CHUNK, "正在分块 PRD_v1.0.pdf (1/10)"),
        (Stage.EMBED, "正在向量化 PRD_v1.0.pdf (1/10)"),
        (Stage.STORE, "正在存储向量数据 (1/10)"),
    ],
)
def test_a_document_in_work_is_worded_as_the_api_document_words_it(stage: Stage, wording: str) -> None:
    run = a_run(stage=stage, images_read={"0": 2, "1": 1}, images_total=8)
    assert document_step(run, 10) == wording
    shown = task_progress(a_task(TaskStatus.RUNNING), RunCounts(processing=1, pending=9), run, at=NOW)
    assert shown.current_step == wording


@pytest.mark.parametrize(
    ("status", "wording"),
    [
        (TaskStatus.COMPLETED, "完成"),
        (TaskStatus.PARTIAL_SUCCESS, "完成（部分失败）"),
        (TaskStatus.FAILED, "失败"),
        (TaskStatus.CANCELLED, "已取消"),
    ],
)
def test_an_ended_task_is_worded_by_its_status(status: TaskStatus, wording: str) -> None:
    assert task_progress(a_task(status), RunCounts(completed=10), None, at=NOW).current_step == wording


def test_a_task_that_has_not_started_waits_even_with_a_document_next_in_line() -> None:
    waiting = a_run(status=RunStatus.PENDING)
    shown = task_progress(a_task(TaskStatus.PENDING), RunCounts(pending=10), waiting, at=NOW)
    assert (shown.current_step, shown.percent, shown.eta_seconds) == ("等待执行", 0, None)


def test_a_running_task_between_two_documents_names_the_next_one() -> None:
    next_in_line = a_run(status=RunStatus.PENDING, ordinal=4, filename="d.pdf")
    shown = task_progress(a_task(TaskStatus.RUNNING), RunCounts(completed=3, pending=7), next_in_line, at=NOW)
    assert shown.current_step == "正在下载文档 d.pdf (4/10)"


def test_a_document_without_pictures_is_still_said_to_be_converted() -> None:
    assert document_step(a_run(stage=Stage.IMAGES), 10) == "正在转换PDF PRD_v1.0.pdf (1/10)"


def test_english_is_english_throughout() -> None:
    run = a_run(stage=Stage.IMAGES, images_read={"0": 2, "1": 1}, images_total=8)
    assert document_step(run, 10, "en") == "Processing image 3/8"
    ended = task_progress(a_task(TaskStatus.PARTIAL_SUCCESS), RunCounts(completed=1), None, at=NOW, language="en")
    assert ended.current_step == "Completed (some failed)"
    assert failure_message(Stage.CONVERT, "The file is damaged", "en") == "PDF conversion failed: The file is damaged"


def test_a_document_that_is_no_pdf_is_not_called_one() -> None:
    word = a_run(stage=Stage.CONVERT, filename="a.docx", content_type="text/plain")
    assert document_step(word, 3) == "正在转换文档 a.docx (1/3)"
    assert document_step(word, 3, "en") == "Converting a.docx (1/3)"
    assert failure_message(Stage.CONVERT, "文件损坏", content_type="text/plain") == "文档转换失败: 文件损坏"
    assert failure_message(Stage.CHUNK, "文件损坏", content_type="text/plain") == "分块失败: 文件损坏"


def test_failures_say_the_stage_and_the_reason() -> None:
    assert failure_message(Stage.CONVERT, "文件损坏") == "PDF转换失败: 文件损坏"
    assert failure_message(Stage.EMBED, "Bedrock限流") == "向量化失败: Bedrock限流"


def test_a_name_that_looks_like_a_placeholder_is_shown_as_it_is() -> None:
    assert document_step(a_run(stage=Stage.CHUNK, filename="{total}{0}.pdf"), 2) == "正在分块 {total}{0}.pdf (1/2)"


def test_progress_never_falls_while_documents_go_through_their_stages() -> None:
    total = 7
    seen: list[int] = []
    for ended in range(total):
        on_the_way = [RunCounts(completed=ended, processing=1, stages_done=stages) for stages in range(len(Stage) + 1)]
        seen.extend(percent_done(counts, total) for counts in on_the_way)
        seen.append(percent_done(RunCounts(completed=ended, failed=1), total))
    assert seen == sorted(seen)
    assert seen[0] == 0


def test_only_an_ended_task_is_at_100() -> None:
    everything = RunCounts(completed=9, failed=1)
    assert task_progress(a_task(TaskStatus.RUNNING), everything, None, at=NOW).percent == 99
    assert task_progress(a_task(TaskStatus.PARTIAL_SUCCESS), everything, None, at=NOW).percent == 100
    assert task_progress(a_task(TaskStatus.FAILED), RunCounts(failed=10), None, at=NOW).percent == 100


def test_a_cancelled_task_stays_at_the_progress_it_had() -> None:
    running = RunCounts(completed=3, processing=2, pending=5, stages_done=6)
    cancelled = RunCounts(completed=3, cancelled=7, stages_done=6)
    before = task_progress(a_task(TaskStatus.RUNNING), running, None, at=NOW).percent
    after = task_progress(a_task(TaskStatus.CANCELLED), cancelled, None, at=NOW).percent
    assert before == after == 40


def test_failed_documents_count_as_done() -> None:
    assert percent_done(RunCounts(completed=1, failed=1, pending=2), 4) == 50


def test_time_left_is_what_the_pace_so_far_promises() -> None:
    counts = RunCounts(completed=2, pending=6)
    shown = task_progress(a_task(TaskStatus.RUNNING, total=8, seconds_ago=30), counts, None, at=NOW)
    assert (shown.percent, shown.eta_seconds) == (25, 90)


def test_time_left_is_not_guessed_before_anything_is_done() -> None:
    shown = task_progress(a_task(TaskStatus.RUNNING, seconds_ago=30), RunCounts(pending=10), None, at=NOW)
    assert shown.eta_seconds is None


def test_an_ended_task_has_no_time_left() -> None:
    shown = task_progress(a_task(TaskStatus.COMPLETED, seconds_ago=30), RunCounts(completed=10), None, at=NOW)
    assert shown.eta_seconds is None
