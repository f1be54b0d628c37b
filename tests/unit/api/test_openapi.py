"""The OpenAPI document: every operation is described, with examples and its errors."""

from typing import Any

import pytest

from api.main import create_app
from shared.settings import Settings

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
OPERATIONS = {operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()}
BINARY = {"get_markdown", "get_file", "get_chunk_image", "get_metrics", "get_liveness", "watch_sync_task"}


def test_operation_ids_are_the_functions_names() -> None:
    assert len(OPERATIONS) == sum(len(path) for path in DOCUMENT["paths"].values())
    assert {"create_sync_task", "upload_documents", "search_knowledge_base", "get_health"} <= set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operation_is_described(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert "422" not in operation["responses"]


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - BINARY))
def test_success_has_an_example(name: str) -> None:
    responses = OPERATIONS[name]["responses"]
    success = next(response for status, response in responses.items() if status in ("200", "201"))
    assert success["content"]["application/json"]["examples"]


def test_errors_have_examples_under_their_codes() -> None:
    responses = OPERATIONS["create_sync_task"]["responses"]
    codes = {
        example["value"]["error"]["code"]
        for status in ("400", "404", "409", "500", "503")
        for example in responses[status]["content"]["application/json"]["examples"].values()
    }
    assert codes == {"1000", "1001", "1002", "1008", "2001", "3001", "7002", "7004"}


def test_upload_is_documented_as_a_form_with_files() -> None:
    content = OPERATIONS["upload_documents"]["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"]["properties"]["file"]["items"]["format"] == "binary"


def test_sync_body_is_documented() -> None:
    schema = OPERATIONS["create_sync_task"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["task_type"]
    assert schema["properties"]["task_type"]["enum"] == ["full_sync", "incremental"]


def test_stream_is_documented_as_events() -> None:
    operation = OPERATIONS["watch_sync_task"]
    assert operation["responses"]["200"]["content"]["text/event-stream"]["example"].startswith("retry: ")
    assert [parameter["name"] for parameter in operation["parameters"]] == ["task_id", "last_event_id"]
