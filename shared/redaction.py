"""Keeps secrets out of logs: keys, Authorization headers, passwords and tickets in URLs, secrets of the settings."""

import json
import os
import re
from collections.abc import Collection

from shared.access.keys import KEY_PATTERN, PREFIX

HIDDEN = "***"
SECRET_VARIABLE = re.compile(r"SECRET|PASSWORD|TOKEN|API_?KEY|ACCESS_KEY|CREDENTIAL", re.IGNORECASE)
SHORTEST_SECRET = 8
"""A shorter value would stand in too many lines by chance."""

PATTERNS = (
    (KEY_PATTERN, rf"{PREFIX}_\1_{HIDDEN}"),
    (
        re.compile(r"""(authorization\W{1,8}(?:b["'])?(?:bearer\s+|basic\s+)?)[^\s"'\\,)]+""", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(\bbearer\s+)[\w.~+/=-]{16,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"""([?&](?:ticket|access_token|token|api_?key|key)=)[^\s&"'\\]+""", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"""([a-z][a-z0-9+.-]*://[^\s:/@"'\\]*):[^\s/@"'\\]+@""", re.IGNORECASE), rf"\1:{HIDDEN}@"),
)


class Redactor:
    """Hides secrets in text: what looks like one, and those that this process knows."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        as_json = {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in known}
        # The longest first: one may be a part of another.
        self._known = sorted(known | as_json, key=len, reverse=True)

    def redact(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def secrets_of_environment() -> list[str]:
    """Return the values of variables that are named like secrets, those of cloud SDKs among them."""
    return [value for name, value in os.environ.items() if SECRET_VARIABLE.search(name) and value]
