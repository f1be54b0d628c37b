"""What browsers are told, and the documentation page that needs no other host."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.main import create_app
from shared.settings import Settings
from tests.unit.api.conftest import settings_without_servers

API = "/api/v1"
ORIGIN = "https://app.example.com"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = settings_without_servers(tmp_path_factory.mktemp("headers"))
    update = {"cors_origins": f"{ORIGIN}, http://localhost:3000", "hsts_seconds": 3600}
    with TestClient(create_app(settings.model_copy(update=update))) as client:
        yield client


@pytest.mark.parametrize("path", ["/livez", "/docs", "/nothing", f"{API}/knowledge-bases", "/metrics"])
def test_every_answer_tells_browsers_to_be_careful(serverless_client: TestClient, path: str) -> None:
    headers = serverless_client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ("sandbox" in headers["Content-Security-Policy"]) == (path != "/docs")
    assert "Strict-Transport-Security" not in headers
    assert len(headers.get_list("Content-Security-Policy")) == 1


def test_https_only_is_told_by_setting(client: TestClient) -> None:
    assert client.get("/livez").headers["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"


def test_documentation_needs_no_other_host_and_no_inline_script(serverless_client: TestClient) -> None:
    page = serverless_client.get("/docs")
    assert "https://" not in page.text
    assert not re.search(r"<script(?![^>]*\ssrc=)", page.text)
    places = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(places) == 4
    for place in places:
        assert place.startswith("/docs/")
        answer = serverless_client.get(place)
        assert (answer.status_code, len(answer.content) > 100) == (200, True)
    description = serverless_client.get("/docs/openapi.json").json()
    assert description["paths"] == serverless_client.get("/openapi.json").json()["paths"]
    assert serverless_client.get("/docs/nothing.js").status_code == 404


def test_description_asks_for_a_key_only_where_one_is_needed(tmp_path: Path) -> None:
    assert "security" not in create_app(Settings()).openapi()
    guarded = create_app(Settings(api_keys_required=True)).openapi()
    assert guarded["security"] == [{"ApiKey": []}]
    assert guarded["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_pages_of_a_named_origin_may_call(client: TestClient) -> None:
    answer = client.get("/livez", headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer.headers
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }
    preflight = client.options(f"{API}/knowledge-bases", headers=asked)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)


def test_pages_of_other_origins_may_not(client: TestClient, serverless_client: TestClient) -> None:
    for each in (client, serverless_client):
        answer = each.get("/livez", headers={"Origin": "https://evil.example.com"})
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" not in serverless_client.get("/livez", headers={"Origin": ORIGIN}).headers


@pytest.mark.parametrize("origins", ["app.example.com", "https://app.example.com/path", "https://a b", "null"])
def test_what_is_no_origin_stops_the_start(origins: str) -> None:
    with pytest.raises(ValidationError, match="not an origin"):
        Settings(cors_origins=origins)


@pytest.mark.parametrize("value", ["ops", "ops:", ":secret"])
def test_what_is_no_name_and_password_stops_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="name:password") as error:
        Settings.model_validate({"flower_basic_auth": value})
    assert "secret" not in str(error.value)


def test_secrets_of_the_settings_are_not_shown() -> None:
    settings = Settings.model_validate({"flower_basic_auth": "ops:very secret"})
    assert "very secret" not in repr(settings)
    assert settings.secrets == ["ops:very secret"]
