"""Reasons that the services give are worded for the client like those of the API itself."""

import pytest

from api.errors import error_body
from api.validation import BadField
from shared.errors import InvalidRequest


@pytest.mark.parametrize(
    ("error", "chinese"),
    [
        (InvalidRequest("document_ids", "must be empty for full_sync"), "full_sync时必须为空"),
        (InvalidRequest("chunking.overlap_tokens", "must be at most half of max_tokens"), "不能超过max_tokens的一半"),
        (InvalidRequest("body", "is too large to be kept"), "过大，无法保存"),
        (InvalidRequest("metadata", "is required"), "必填"),
        (BadField("body", "json_invalid"), "不是有效的JSON"),
        (InvalidRequest("embedding", "unknown provider 'x'"), "unknown provider 'x'"),
    ],
)
def test_reason_is_chinese_where_it_is_listed_and_english_on_request(error: InvalidRequest, chinese: str) -> None:
    english = error.details["errors"]
    assert error_body(error, "en", None)["error"] == {
        "code": "1002",
        "message": "Invalid request",
        "details": {"errors": english},
    }
    assert isinstance(english, list)
    worded = [{**english[0], "reason": chinese}]
    assert error_body(error, "zh", None)["error"] == {
        "code": "1002",
        "message": "请求参数无效",
        "details": {"errors": worded},
    }
