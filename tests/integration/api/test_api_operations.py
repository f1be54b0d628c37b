"""Health and metrics on real servers, and what happens when one of them goes away."""

import re

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from shared.counters import Counter
from shared.queue import QueueName
from shared.resources import Resources
from shared.settings import Settings

API = "/api/v1"


@pytest.mark.parametrize("path", ["/health", f"{API}/health", "/health/"])
def test_healthy_while_every_queue_has_a_consumer(api_client: TestClient, resources: Resources, path: str) -> None:
    resources.presence.announce("worker@test", [str(name) for name in QueueName])
    response = api_client.get(path)
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["status", "timestamp", "version", "services"]
    assert body["status"] == "healthy"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", body["timestamp"])
    assert list(body["services"]) == ["mongodb", "redis", "object_store", "vector_store", "workers"]
    assert list(body["services"]["mongodb"]) == ["status", "response_time_ms"]
    assert body["services"]["workers"] == {
        "status": "healthy",
        "queues": {str(name): {"status": "healthy", "depth": 0, "consumers": 1} for name in QueueName},
    }


def test_queue_that_nobody_listens_to_is_unhealthy(api_client: TestClient, resources: Resources) -> None:
    resources.presence.announce("worker@test", [str(name) for name in QueueName if name is not QueueName.EMBED])
    response = api_client.get("/health")
    assert response.status_code == 503
    workers = response.json()["services"]["workers"]
    assert workers["status"] == "unhealthy"
    unhealthy = [name for name, queue in workers["queues"].items() if queue["status"] == "unhealthy"]
    assert unhealthy == ["embed"]


def test_metrics_show_counters_and_queues(api_client: TestClient, resources: Resources) -> None:
    resources.counters.add({Counter.PAGES_CONVERTED: 7})
    response = api_client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "kbsync_pages_converted_total 7.0" in response.text
    assert 'kbsync_queue_depth{queue="embed"} 0.0' in response.text
    assert "kbsync_redis_up 1.0" in response.text


def test_without_redis_a_sync_is_1001_and_reading_goes_on(
    api_client: TestClient, api_settings: Settings, knowledge_base_id: str, upload: object
) -> None:
    assert callable(upload)
    upload("a.pdf")
    settings = api_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    with TestClient(create_app(settings)) as client:
        base = f"{API}/knowledge-bases/{knowledge_base_id}"
        assert client.get(base).status_code == 200
        response = client.post(f"{base}/sync", json={"task_type": "full_sync"})
        assert client.get(f"{base}/sync-tasks").json() == {"data": []}
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["details"]) == (503, "1001", {"service": "redis"})
    assert response.headers["Retry-After"]
    assert api_client.post(f"{base}/sync", json={"task_type": "full_sync"}).status_code == 201


def test_search_that_fails_is_8002(api_client: TestClient, resources: Resources, knowledge_base_id: str) -> None:
    """A directory where the store wants to read is the failure of a disk that is not there."""
    record = {"provider": "hashing", "model": "words-64"}
    assert resources.knowledge_bases.get(knowledge_base_id).embedding.model_dump() == record
    settings = resources.settings.model_copy(update={"vector_store_uri": "/dev/null/vectors"})
    with TestClient(create_app(settings)) as client:
        response = client.post(f"{API}/knowledge-bases/{knowledge_base_id}/search", json={"query": "x"})
    assert (response.status_code, response.json()["error"]["code"]) == (500, "8002")
