"""Totals over everything, or over one knowledge base."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.resources import Resources
from shared.services.knowledge_bases import Totals


@dataclass(frozen=True)
class Stats:
    knowledge_bases: int
    totals: Totals
    sync_tasks: Mapping[str, int]
    """How many tasks have each status."""


def collect(resources: Resources, *, kb_id: str | None = None) -> Stats:
    """Raises `KnowledgeBaseNotFound`."""
    if kb_id is not None:
        resources.knowledge_bases.get(kb_id)
    sums = resources.documents.totals([kb_id] if kb_id is not None else None)
    merged: dict[str, int] = {}
    for each in sums.values():
        for name, value in each.items():
            merged[name] = merged.get(name, 0) + value
    return Stats(
        knowledge_bases=1 if kb_id is not None else resources.knowledge_bases.count(),
        totals=Totals.of(merged),
        sync_tasks=resources.sync_tasks.counts_by_status(kb_id),
    )
