"""Whether the service works, and how much it does."""

from fastapi import APIRouter, Request, Response

from api import examples, metrics
from api.dependencies import OpenResources
from api.operations import operation
from api.schemas.health import HealthView, LivenessView
from shared.services import health

router = APIRouter(tags=["operations"])
health_router = APIRouter(tags=["operations"])
"""Stands at the root and under the base path."""


@health_router.get(
    "/health",
    **operation(
        "get_health",
        summary="健康检查",
        description="Ask every part. Workers are unhealthy while some queue has no live consumer.",
        examples={200: {"healthy": examples.HEALTH}, 503: {"unhealthy": examples.UNHEALTHY}},
        other_answers={503: HealthView},
    ),
)
def get_health(request: Request, response: Response, resources: OpenResources) -> HealthView:
    checked = health.check(resources)
    response.status_code = 200 if checked.healthy else 503
    return HealthView.of(checked, request.app.version)


@router.get(
    "/livez",
    operation_id="get_liveness",
    summary="存活检查",
    description="Answers 200 while the process lives, whatever happens to the parts behind it.",
)
async def get_liveness() -> LivenessView:
    return LivenessView()


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Prometheus指标",
    description="Requests of this process, and queues and counters of the whole service, as Prometheus text.",
    response_class=Response,
)
def get_metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.render(), media_type=metrics.CONTENT_TYPE)
