"""The wording and the arithmetic of progress."""

from dataclasses import dataclass
from datetime import datetime

from shared.models import DocumentRun, RunCounts, SyncTask
from shared.states import ACTIVE_TASK_STATUSES, STAGES, Stage, TaskStatus

ENDED_STEPS: dict[TaskStatus, tuple[str, str]] = {
    TaskStatus.COMPLETED: ("完成", "Completed"),
    TaskStatus.PARTIAL_SUCCESS: ("完成（部分失败）", "Completed (some failed)"),
    TaskStatus.FAILED: ("失败", "Failed"),
    TaskStatus.CANCELLED: ("已取消", "Cancelled"),
}

STAGE_STEPS: dict[Stage, tuple[str, str]] = {
    Stage.DOWNLOAD: ("正在下载文档 {filename} ({ordinal}/{total})", "Downloading {filename} ({ordinal}/{total})"),
    Stage.CONVERT: ("正在转换PDF {filename} ({ordinal}/{total})", "Converting PDF {filename} ({ordinal}/{total})"),
    Stage.IMAGES: ("正在处理图片 {images_done}/{images_total}", "Processing image {images_done}/{images_total}"),
    Stage.CHUNK: ("正在分块 {filename} ({ordinal}/{total})", "Chunking {filename} ({ordinal}/{total})"),
    Stage.EMBED: ("正在向量化 {filename} ({ordinal}/{total})", "Embedding {filename} ({ordinal}/{total})"),
    Stage.STORE: ("正在存储向量数据 ({ordinal}/{total})", "Storing vectors ({ordinal}/{total})"),
}

FAILED_PREFIXES: dict[Stage, tuple[str, str]] = {
    Stage.DOWNLOAD: ("下载失败", "Download failed"),
    Stage.CONVERT: ("PDF转换失败", "PDF conversion failed"),
    Stage.IMAGES: ("图片处理失败", "Image processing failed"),
    Stage.CHUNK: ("分块失败", "Chunking failed"),
    Stage.EMBED: ("向量化失败", "Embedding failed"),
    Stage.STORE: ("存储失败", "Storing failed"),
}

_PDF = "application/pdf"
_OTHER_THAN_PDF: dict[tuple[str, str], tuple[str, str]] = {
    STAGE_STEPS[Stage.CONVERT]: (
        "正在转换文档 {filename} ({ordinal}/{total})",
        "Converting {filename} ({ordinal}/{total})",
    ),
    FAILED_PREFIXES[Stage.CONVERT]: ("文档转换失败", "Conversion failed"),
}
"""The two published wordings that speak of PDF, and what is said of any other document."""


@dataclass(frozen=True)
class Progress:
    """What a client is told of a task in words and numbers."""

    percent: int
    current_step: str
    eta_seconds: int | None = None


def _worded(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language == "en" else pair[0]


def _fitting(pair: tuple[str, str], content_type: str) -> tuple[str, str]:
    return pair if content_type == _PDF else _OTHER_THAN_PDF.get(pair, pair)


def failure_message(stage: Stage, reason: str, language: str = "zh", *, content_type: str = _PDF) -> str:
    """Say which stage failed and why: `PDF转换失败: 文件损坏`; `文档转换失败: ...` of a document that is no PDF."""
    return f"{_worded(_fitting(FAILED_PREFIXES[stage], content_type), language)}: {reason}"


def percent_done(counts: RunCounts, total: int) -> int:
    """Credit ended documents whole, others by their finished stages; never 100 before the end.

    A cancelled document keeps the credit that it had, so that the figure does not fall when a sync is cancelled.
    """
    if total <= 0:
        return 0
    credit = counts.completed + counts.failed + counts.stages_done / len(STAGES)
    return min(99, int(credit * 100 / total))


def document_step(run: DocumentRun, total: int, language: str = "zh") -> str:
    """Word the stage in which a document is."""
    stage = run.stage or Stage.DOWNLOAD
    if stage is Stage.IMAGES and run.images_total == 0:
        stage = Stage.CONVERT
    return _worded(_fitting(STAGE_STEPS[stage], run.content_type), language).format(
        filename=run.filename,
        ordinal=run.ordinal,
        total=total,
        images_done=run.images_done,
        images_total=run.images_total,
    )


def task_progress(
    task: SyncTask, counts: RunCounts, in_work: DocumentRun | None, *, at: datetime, language: str = "zh"
) -> Progress:
    """Describe a task; `in_work` is the document whose stage began last, or the next in line."""
    if task.status not in ACTIVE_TASK_STATUSES:
        percent = percent_done(counts, task.total_documents) if task.status is TaskStatus.CANCELLED else 100
        return Progress(percent=percent, current_step=_worded(ENDED_STEPS[task.status], language))
    percent = percent_done(counts, task.total_documents)
    step = _active_step(task, in_work, language)
    return Progress(percent=percent, current_step=step, eta_seconds=_eta_seconds(task, percent, at))


def _active_step(task: SyncTask, in_work: DocumentRun | None, language: str) -> str:
    if task.status is TaskStatus.PENDING:
        return _worded(("等待执行", "Waiting to start"), language)
    if in_work is None:  # the last document has ended and the task is about to
        last = {"ordinal": task.total_documents, "total": task.total_documents}
        return _worded(STAGE_STEPS[Stage.STORE], language).format(**last)
    return document_step(in_work, task.total_documents, language)


def _eta_seconds(task: SyncTask, percent: int, at: datetime) -> int | None:
    if task.started_at is None or percent == 0:
        return None
    elapsed = (at - task.started_at).total_seconds()
    return max(1, round(elapsed * (100 - percent) / percent))
