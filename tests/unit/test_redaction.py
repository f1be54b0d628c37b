import io
import json
import logging

import pytest

from shared.access.keys import new_key
from shared.logs import JsonFormatter
from shared.redaction import Redactor, secrets_of_environment

KEY = new_key()


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        (f"got {KEY.text}", KEY.secret, KEY.token_id.removeprefix("key-")),
        ("Authorization: Bearer abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuv", "Bearer"),
        ("{'authorization': 'Basic b3BzOnNlY3JldA=='}", "b3BzOnNlY3JldA==", "Basic"),
        ("(b'authorization', b'opaque-credential')", "opaque-credential", "authorization"),
        ("sent bearer abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuv", "bearer"),
        (
            "cannot reach mongodb://user:pa%2Fss@db-1:27017,db-2/?x=1",
            "pa%2Fss",
            "mongodb://user:***@db-1:27017,db-2/?x=1",
        ),
        ("redis://:secret@cache:6379/0 is away", ":secret@", "redis://:***@cache:6379/0 is away"),
        ('"WebSocket /ws?a=1&ticket=Vb4Wq2mJt0&b=2" [accepted]', "Vb4Wq2mJt0", "a=1&ticket=***&b=2"),
        ("the known one is correct horse", "correct horse", "the known one is ***"),
    ],
)
def test_secret_is_hidden_and_the_rest_stays(text: str, hidden: str, kept: str) -> None:
    redacted = Redactor(["correct horse"]).redact(text)
    assert hidden not in redacted
    assert kept in redacted


@pytest.mark.parametrize(
    "text",
    ["http://localhost:8000/api/v1 answered", "the bearer of bad news", "a@b.c wrote to http://x/y:z@", "kbs_short"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor(["short"]).redact(text) == text


def test_a_secret_is_hidden_wherever_in_a_log_line_it_stands() -> None:
    secret = 'quote " and \\ backslash'
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter(Redactor([secret])))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"refused: {secret} {KEY.text}")
    except ValueError:
        logger.exception("failed with %s", secret, extra={"url": "redis://u:password@h", "given": [KEY.text]})
    line = output.getvalue()
    for hidden in (secret, json.dumps(secret)[1:-1], KEY.secret, "password"):
        assert hidden not in line
    assert json.loads(line)["url"] == "redis://u:***@h"


def test_secrets_of_cloud_sdks_are_known_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "cloud-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "embed-secret")
    assert {"cloud-secret", "embed-secret"} <= set(secrets_of_environment())
