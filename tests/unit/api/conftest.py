"""The real application without any server behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from shared.settings import Settings


def settings_without_servers(data_dir: Path) -> Settings:
    """Port 1 of the loopback refuses every connection."""
    return Settings(
        mongodb_url="mongodb://127.0.0.1:1/?replicaSet=rs0",
        redis_url="redis://127.0.0.1:1/0",
        service_timeout_seconds=0.2,
        max_body_bytes=1000,
        data_dir=data_dir,
    )


@pytest.fixture(scope="session")
def serverless_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = settings_without_servers(tmp_path_factory.mktemp("serverless"))
    with TestClient(create_app(settings), raise_server_exceptions=True) as client:
        yield client
