"""Health in answers."""

from collections.abc import Mapping
from typing import Literal, Self

from api.schemas.base import UtcTime, View
from shared.queue import QueueName
from shared.services.health import Health, PartHealth

HealthStatus = Literal["healthy", "unhealthy"]


def _status(healthy: bool) -> HealthStatus:
    return "healthy" if healthy else "unhealthy"


class PartView(View):
    status: HealthStatus
    response_time_ms: float
    reason: str | None = None

    @classmethod
    def of(cls, part: PartHealth) -> Self:
        return cls(status=_status(part.healthy), response_time_ms=part.response_time_ms, reason=part.reason)


class QueueView(View):
    status: HealthStatus
    depth: int
    consumers: int


class WorkersView(View):
    status: HealthStatus
    queues: Mapping[QueueName, QueueView]


class ServicesView(View):
    mongodb: PartView
    redis: PartView
    object_store: PartView
    vector_store: PartView
    workers: WorkersView


class HealthView(View):
    """How every part is; 503 where one is unhealthy."""

    status: HealthStatus
    timestamp: UtcTime
    version: str
    services: ServicesView

    @classmethod
    def of(cls, health: Health, version: str) -> Self:
        queues = {
            name: QueueView(status=_status(queue.healthy), depth=queue.depth, consumers=queue.consumers)
            for name, queue in health.queues.items()
        }
        services = ServicesView(
            **{name: PartView.of(part) for name, part in health.parts.items()},
            workers=WorkersView(status=_status(health.workers_healthy), queues=queues),
        )
        return cls(status=_status(health.healthy), timestamp=health.at, version=version, services=services)


class LivenessView(View):
    status: Literal["alive"] = "alive"
