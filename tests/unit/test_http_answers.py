from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.http_answers import retry_after_seconds, says_too_long


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    ],
)
def test_the_wait_that_a_service_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_a_date_is_the_time_until_then() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after_seconds({"Retry-After": date}) == pytest.approx(60, abs=5)


@pytest.mark.parametrize(
    "message",
    [
        "Too many input tokens. Max input tokens: 8192, request input token count: 9001",
        "This model's maximum context length is 8192 tokens, however you requested 9001",
        "expected maxLength: 2048, actual: 3000",
        "the input length exceeds the context length",
    ],
)
def test_refusals_of_long_texts_are_told_from_others(message: str) -> None:
    assert says_too_long(message)


@pytest.mark.parametrize("message", ["The provided model identifier is invalid.", "Unknown parameter: 'foo'."])
def test_other_refusals_are_no_long_texts(message: str) -> None:
    assert not says_too_long(message)
