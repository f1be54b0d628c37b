"""Totals in answers."""

from collections.abc import Mapping
from typing import Self

from api.schemas.base import View
from shared.services.stats import Stats
from shared.states import DocumentStatus, TaskStatus


class StatsView(View):
    knowledge_bases: int
    documents: int
    documents_by_status: Mapping[DocumentStatus, int]
    chunks: int
    text_chunks: int
    image_chunks: int
    total_tokens: int
    total_pages: int
    total_bytes: int
    sync_tasks: int
    sync_tasks_by_status: Mapping[TaskStatus, int]

    @classmethod
    def of(cls, stats: Stats) -> Self:
        totals = stats.totals
        by_status = {status: stats.sync_tasks.get(status, 0) for status in TaskStatus}
        return cls(
            knowledge_bases=stats.knowledge_bases,
            documents=totals.documents,
            documents_by_status=totals.by_status or {},
            chunks=totals.chunks,
            text_chunks=totals.text_chunks,
            image_chunks=totals.image_chunks,
            total_tokens=totals.tokens,
            total_pages=totals.pages,
            total_bytes=totals.bytes,
            sync_tasks=sum(by_status.values()),
            sync_tasks_by_status=by_status,
        )
