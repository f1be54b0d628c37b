"""What the application answers by itself, with MongoDB and Redis away."""

import logging
import re

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

API = "/api/v1"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def code_of(response: Response) -> str:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details", "request_id"}
    assert body["error"]["request_id"] == response.headers["X-Request-ID"]
    return str(body["error"]["code"])


def test_unknown_route_is_1003(serverless_client: TestClient) -> None:
    response = serverless_client.get(f"{API}/nothing-here")
    assert (response.status_code, code_of(response)) == (404, "1003")
    assert response.json()["error"]["message"] == "接口不存在"


def test_wrong_method_is_1004_and_names_every_method_of_the_path(serverless_client: TestClient) -> None:
    response = serverless_client.put(f"{API}/knowledge-bases")
    assert (response.status_code, code_of(response)) == (405, "1004")
    assert response.headers["Allow"] == "GET, POST"


def test_missing_mongodb_is_1001(serverless_client: TestClient) -> None:
    response = serverless_client.get(f"{API}/knowledge-bases")
    assert (response.status_code, code_of(response)) == (503, "1001")
    assert response.json()["error"]["details"] == {"service": "mongodb"}
    assert int(response.headers["Retry-After"]) > 0


def test_messages_are_english_on_request(serverless_client: TestClient) -> None:
    response = serverless_client.get(f"{API}/knowledge-bases", headers={"Accept-Language": "en"})
    assert response.json()["error"]["message"] == "A backing service is unavailable"


def test_reasons_are_in_the_clients_language(serverless_client: TestClient) -> None:
    path = f"{API}/knowledge-bases?page=0"
    chinese = serverless_client.get(path).json()["error"]["details"]["errors"]
    english = serverless_client.get(path, headers={"Accept-Language": "en"}).json()["error"]["details"]["errors"]
    assert chinese == [{"field": "page", "reason": "不能小于1"}]
    assert english == [{"field": "page", "reason": "must be at least 1"}]


def test_health_says_what_is_away(serverless_client: TestClient) -> None:
    response = serverless_client.get("/health")
    body = response.json()
    assert response.status_code == 503
    assert body["status"] == "unhealthy"
    assert {name: part["status"] for name, part in body["services"].items()} == {
        "mongodb": "unhealthy",
        "redis": "unhealthy",
        "object_store": "healthy",
        "vector_store": "healthy",
        "workers": "unhealthy",
    }


def test_liveness_needs_no_server(serverless_client: TestClient) -> None:
    response = serverless_client.get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_metrics_without_redis_say_so(serverless_client: TestClient) -> None:
    serverless_client.get("/livez")
    text = serverless_client.get("/metrics").text
    assert "kbsync_redis_up 0.0" in text
    assert 'kbsync_api_request_seconds_count{method="GET",route="get_liveness",status="200"}' in text


@pytest.mark.parametrize("path", ["/livez/", f"{API}/knowledge-bases/", f"{API}/nothing/"])
def test_trailing_slash_is_no_redirect(serverless_client: TestClient, path: str) -> None:
    with_slash = serverless_client.get(path, follow_redirects=False)
    without = serverless_client.get(path.removesuffix("/"))
    assert with_slash.status_code == without.status_code


def test_sane_request_id_is_kept(serverless_client: TestClient) -> None:
    response = serverless_client.get("/livez", headers={"X-Request-ID": "trace 42/~"})
    assert response.headers["X-Request-ID"] == "trace 42/~"


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"tab\tinside", "中文".encode()])
def test_unfit_request_id_is_replaced(serverless_client: TestClient, given: bytes) -> None:
    response = serverless_client.get("/livez", headers={b"X-Request-ID": given})
    assert UUID.fullmatch(response.headers["X-Request-ID"])


def test_access_log_has_a_line_for_each_request(
    serverless_client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="api.access"):
        serverless_client.get("/livez/")
    [line] = [vars(record) for record in caplog.records if record.name == "api.access"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/livez/", 200)
    assert line["duration_ms"] > 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b"null", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 900, "body"),
        (b"{}", "name"),
        (b'{"name": 1}', "name"),
        (b'{"name": "x"}', "name"),
        (b'{"name": "  x  "}', "name"),
        (b'{"name": "' + b"n" * 51 + b'"}', "name"),
        (b'{"name": "a\\u0000b"}', "name"),
        (b'{"name": "a\\ud800b"}', "name"),
        (b'{"name": "ab", "description": "' + b"d" * 501 + b'"}', "description"),
        (b'{"name": "ab", "s3_prefix": "docs"}', "s3_prefix"),
        (b'{"name": "ab", "s3_prefix": ""}', "s3_prefix"),
        (b'{"name": "ab", "chunking": {"max_tokens": 1}}', "chunking.max_tokens"),
        (b'{"name": "ab", "chunking": {"max_tokens": true}}', "chunking.max_tokens"),
        (b'{"name": "ab", "chunking": []}', "chunking"),
        (b'{"name": "ab", "embedding": {"provider": "local"}}', "embedding.model"),
        (b'{"name": "ab", "embedding": {"provider": "no", "model": "no"}}', "embedding"),
        (b'{"name": "ab", "chunking": {"max_tokens": 64, "overlap_tokens": 60}}', "chunking.overlap_tokens"),
    ],
)
def test_invalid_knowledge_base_is_1002(serverless_client: TestClient, body: bytes, field: str) -> None:
    response = serverless_client.post(
        f"{API}/knowledge-bases", content=body, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, code_of(response)) == (400, "1002")
    assert response.json()["error"]["details"]["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"query": ""}, "query"),
        ({"query": " \n"}, "query"),
        ({"query": "x", "top_k": 0}, "top_k"),
        ({"query": "x", "top_k": 51}, "top_k"),
        ({"query": "x", "top_k": 1.5}, "top_k"),
        ({"query": "x", "mode": "fuzzy"}, "mode"),
        ({"query": "x", "document_ids": "doc"}, "document_ids"),
        ({"query": "x", "document_ids": [1]}, "document_ids[0]"),
        ({"query": "x", "chunk_types": "text"}, "chunk_types"),
        ({"query": "x", "chunk_types": ["text", "table"]}, "chunk_types[1]"),
        ({"query": "x", "chunk_types": ["text"] * 11}, "chunk_types"),
        ({"query": "x", "page_start": 0}, "page_start"),
        ({"query": "x", "page_start": "1"}, "page_start"),
        ({"query": "x", "page_end": 1.5}, "page_end"),
        ({"query": "x", "page_end": 2**31}, "page_end"),
        ({"query": "x", "page_start": 3, "page_end": 2}, "page_end"),
    ],
)
def test_invalid_search_is_1002(serverless_client: TestClient, body: dict[str, object], field: str) -> None:
    response = serverless_client.post(f"{API}/knowledge-bases/kb-1/search", json=body)
    assert (response.status_code, code_of(response)) == (400, "1002")
    assert response.json()["error"]["details"]["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=99999999999999999999", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("status=gone", "status"),
    ],
)
def test_invalid_paging_is_1002(serverless_client: TestClient, query: str, field: str) -> None:
    response = serverless_client.get(f"{API}/knowledge-bases/kb-1/documents?{query}")
    assert (response.status_code, code_of(response)) == (400, "1002")
    assert response.json()["error"]["details"]["errors"][0]["field"] == field


@pytest.mark.parametrize("document_ids", [[], ["doc-1"] * 101, [None], "doc-1"])
def test_invalid_deletion_is_1002(serverless_client: TestClient, document_ids: object) -> None:
    response = serverless_client.request(
        "DELETE", f"{API}/knowledge-bases/kb-1/documents", json={"document_ids": document_ids}
    )
    assert (response.status_code, code_of(response)) == (400, "1002")


def test_patch_refuses_what_cannot_be_changed(serverless_client: TestClient) -> None:
    response = serverless_client.patch(f"{API}/knowledge-bases/kb-1", json={"chunking": {}})
    assert response.json()["error"]["details"]["errors"] == [{"field": "chunking", "reason": "未知字段"}]


def test_body_above_the_limit_is_1002(serverless_client: TestClient) -> None:
    body = {"name": "ab", "description": "d" * 1000}
    response = serverless_client.post(f"{API}/knowledge-bases", json=body)
    assert (response.status_code, code_of(response)) == (400, "1002")
    assert response.json()["error"]["details"]["errors"] == [{"field": "body", "reason": "请求体过大"}]


def test_chunked_body_above_the_limit_is_1002(serverless_client: TestClient) -> None:
    response = serverless_client.post(
        f"{API}/knowledge-bases",
        content=(b" " * 100 for _ in range(11)),
        headers={"Content-Type": "application/json"},
    )
    assert response.json()["error"]["details"]["errors"] == [{"field": "body", "reason": "请求体过大"}]


def test_json_without_its_content_type_is_1002(serverless_client: TestClient) -> None:
    response = serverless_client.post(
        f"{API}/knowledge-bases", content=b'{"name": "ab"}', headers={"Content-Type": "text/plain"}
    )
    assert (response.status_code, code_of(response)) == (400, "1002")
