"""Which language a client reads: Chinese unless `Accept-Language` prefers English."""

from typing import Literal

from starlette.datastructures import Headers
from starlette.types import Scope

Language = Literal["zh", "en"]


def language_of(scope: Scope) -> Language:
    """Return the language of a request."""
    return preferred_language(Headers(scope=scope).get("accept-language", ""))


def preferred_language(header: str) -> Language:
    """Weigh an `Accept-Language` header (RFC 9110, 12.5.4); of two equal weights the first wins."""
    best: Language = "zh"
    best_weight = 0.0
    for entry in header.split(","):
        tag, _, parameters = entry.strip().lower().partition(";")
        primary = tag.strip().partition("-")[0]
        weight = _weight(parameters)
        if primary in ("zh", "en") and weight > best_weight:
            best, best_weight = "en" if primary == "en" else "zh", weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
