"""An error that nobody foresaw: the client learns nothing of it, the log everything."""

import logging

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from shared.settings import Settings


def test_unforeseen_error_is_1000_without_a_trace_and_is_logged_with_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = create_app(Settings())

    @app.get("/explode")
    def explode() -> None:
        raise RuntimeError("the secret of the house")

    response = TestClient(app).get("/explode", headers={"X-Request-ID": "boom-1"})
    assert response.status_code == 500
    assert response.json() == {"error": {"code": "1000", "message": "内部错误", "details": {}, "request_id": "boom-1"}}
    assert response.headers["X-Request-ID"] == "boom-1"
    [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert "the secret of the house" in str(record.exc_info[1])
