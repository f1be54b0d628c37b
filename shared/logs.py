"""Structured logs: one JSON object a line, with the ids that one can follow."""

import json
import logging
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared import clock
from shared.redaction import Redactor, secrets_of_environment

_bound: ContextVar[dict[str, str | int]] = ContextVar("bound_log_fields")

STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}


@contextmanager
def bound(**fields: str | int | None) -> Iterator[None]:
    """Put these fields on every line that is logged inside."""
    known = _bound.get({})
    token = _bound.set({**known, **{name: value for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(token)


def bound_value(name: str) -> str | None:
    """Return a field that was bound around this call."""
    value = _bound.get({}).get(name)
    return str(value) if value is not None else None


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message, the bound fields and those of `extra`, without any secret."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": clock.iso_z(clock.now()),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_bound.get({}),
        }
        extra = {name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS}
        line |= extra
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self._redactor.redact(json.dumps(line, ensure_ascii=False, default=str))


def configure(level: str, *, secrets: Collection[str] = ()) -> None:
    """Send every log line of this process to standard error as JSON; `secrets` and those of the environment in none."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(Redactor([*secrets, *secrets_of_environment()])))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("pymongo", "kombu", "amqp", "botocore", "urllib3", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
