"""So many requests a minute for each key, or for each address where keys are not asked."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from shared.access.keys import Role
from shared.rate_limit import RateLimit
from shared.resources import Resources
from shared.services import api_keys
from shared.settings import Settings

API = "/api/v1"
LIMIT = 5


@pytest.fixture(params=[True, False], ids=["keys", "addresses"])
def limited(request: pytest.FixtureRequest, api_settings: Settings, resources: Resources) -> Iterator[TestClient]:
    update = {"api_keys_required": request.param, "rate_limit_per_minute": LIMIT}
    with TestClient(create_app(api_settings.model_copy(update=update))) as client:
        yield client


def key(resources: Resources, user_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_keys.create(resources, user_id=user_id, role=Role.WRITER)[1]}"}


def test_more_than_the_limit_is_1007_with_the_time_to_wait(limited: TestClient, resources: Resources) -> None:
    header = key(resources, "alice")
    answers = [limited.get(f"{API}/knowledge-bases", headers=header) for _ in range(LIMIT + 1)]
    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429]
    error = answers[-1].json()["error"]
    assert (error["code"], error["details"]) == ("1007", {"limit_per_minute": LIMIT})
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60 / LIMIT
    assert limited.get("/livez").status_code == 200


def test_each_key_has_its_own_requests(api_settings: Settings, resources: Resources) -> None:
    update = {"api_keys_required": True, "rate_limit_per_minute": LIMIT}
    with TestClient(create_app(api_settings.model_copy(update=update))) as client:
        first, second = key(resources, "alice"), key(resources, "bob")
        for _ in range(LIMIT + 1):
            last = client.get(f"{API}/knowledge-bases", headers=first)
        assert last.status_code == 429
        assert client.get(f"{API}/knowledge-bases", headers=second).status_code == 200
        assert client.get(f"{API}/knowledge-bases").status_code == 401


def test_a_bucket_refills_evenly_and_holds_no_more_than_a_minute(resources: Resources) -> None:
    limit = RateLimit(resources.redis, per_minute=600)  # one in 100 ms
    waits = [limit.take("somebody") for _ in range(700)]
    assert waits[:600] == [0.0] * 600
    refused = [wait for wait in waits if wait]
    assert refused
    assert all(0 < wait <= 0.1 for wait in refused)
    assert 0 < resources.redis.pttl("kbsync:rate:somebody") <= 61_000


def test_without_redis_everybody_passes(api_settings: Settings, resources: Resources) -> None:
    update = {"redis_url": "redis://127.0.0.1:1/0", "rate_limit_per_minute": 1, "service_timeout_seconds": 2.0}
    with TestClient(create_app(api_settings.model_copy(update=update))) as client:
        assert [client.get(f"{API}/knowledge-bases").status_code for _ in range(3)] == [200] * 3
