"""Totals."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import examples
from api.dependencies import OpenResources
from api.operations import operation
from api.schemas.base import Data
from api.schemas.stats import StatsView
from shared.errors import KnowledgeBaseNotFound
from shared.services import stats

router = APIRouter(prefix="/stats", tags=["statistics"])


@router.get(
    "",
    **operation(
        "get_stats",
        summary="获取统计信息",
        description="Totals over everything, or over one knowledge base.",
        examples={200: {"totals": examples.STATS}},
        fails=[KnowledgeBaseNotFound],
    ),
)
def get_stats(
    resources: OpenResources,
    kb_id: Annotated[str | None, Query(description="Only this knowledge base.")] = None,
) -> Data[StatsView]:
    return Data(data=StatsView.of(stats.collect(resources, kb_id=kb_id)))
