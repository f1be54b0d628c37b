"""What answers of HTTP services say between the lines."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_TOO_LONG = re.compile(
    r"too many (input )?tokens|maximum context length|too long|max(imum)? (input )?(tokens|length)|maxlength"
    r"|exceeds? (the )?(max|limit|context)|context_length_exceeded",
    re.IGNORECASE,
)
"""Services have no code of their own for it; these are the words of Bedrock, OpenAI, vLLM, TEI and Ollama."""


def says_too_long(message: str) -> bool:
    """Tell whether a refusal means that a text is longer than the model reads."""
    return _TOO_LONG.search(message) is not None


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`, in seconds or as a date, and the `retry-after-ms` of some services; None without either."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _number(lowered.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = lowered.get("retry-after")
    if given is None:
        return None
    seconds = _number(given)
    return seconds if seconds is not None else _until(given)


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        return None
    return float(text)


def _until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
