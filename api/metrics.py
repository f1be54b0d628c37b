"""What Prometheus reads: this process's requests, and the queues and counters of the whole service."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from shared.errors import ServiceUnavailable
from shared.resources import Resources

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Seconds; 2.5 is where a request gives up on a backing service."""


class RequestMetrics:
    """Counts and times the requests of this process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "kbsync_api_request_seconds",
            "Time to answer a request.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )

        self._streams = Gauge("kbsync_api_progress_streams", "Open streams of live progress.", registry=self.registry)

    def count_streams(self, count: Callable[[], int]) -> None:
        """Ask for the number of open streams whenever somebody reads the metrics."""
        self._streams.set_function(count)

    def observe(self, scope: Scope, *, method: str, status: int, seconds: float) -> None:
        """Note a request that was answered, under the name of its route so that ids do not multiply the series."""
        route = getattr(scope.get("route"), "name", "none")
        known = method if route != "none" else "other"
        self._seconds.labels(method=known, route=route, status=str(status)).observe(seconds)

    def render(self) -> bytes:
        return generate_latest(self.registry)


class ServiceCollector(Collector):
    """Reads queues, workers and counters from Redis when it is asked; without Redis only says so."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def describe(self) -> list[Metric]:
        """Name nothing ahead, so that registering does not ask Redis."""
        return []

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("kbsync_redis_up", "1 while Redis answers.")
        try:
            families = list(self._families())
        except ServiceUnavailable:
            families = []
        up.add_metric([], 1 if families else 0)
        yield up
        yield from families

    def _families(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily("kbsync_queue_depth", "Messages that wait.", labels=["queue"])
        for queue, waiting in self._resources.queue.depths().items():
            depth.add_metric([queue], waiting)
        yield depth
        consumers = GaugeMetricFamily("kbsync_queue_consumers", "Live workers that listen.", labels=["queue"])
        for queue, listening in self._resources.presence.consumers().items():
            consumers.add_metric([queue], listening)
        yield consumers
        for counter, value in self._resources.counters.read().items():
            name = f"kbsync_{counter}"
            yield CounterMetricFamily(name, f"Total of {counter.replace('_', ' ')}.", value=value)
