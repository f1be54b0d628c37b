"""Values of any JSON form that MongoDB can keep as plain data, and times as they are stored."""

import math
import re
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, JsonValue, WithJsonSchema

from api.validation import problem
from shared import clock

MAX_DEPTH = 32
"""MongoDB keeps 100 levels; what a person or an agent means has few."""

WRITTEN_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
"""Pydantic alone would take "1700000000" for a time too."""

Value = TypeVar("Value", bound=JsonValue)


def storable(value: Value) -> Value:
    """Return the value; raises where it is too deep, has a number or text that cannot be kept, or a key like `$set`."""
    _check(value, depth=1)
    return value


def _check(value: JsonValue, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise problem("depth")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key.startswith("$"):
                raise problem("operator")
            _check_text(key)
            _check(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth=depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise problem("number")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise problem("number")


def _check_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise problem("characters")


def _as_written(value: object) -> str:
    if not isinstance(value, str) or not WRITTEN_TIME.fullmatch(value):
        raise problem("time")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return clock.to_milliseconds(moment)
    except OverflowError as error:  # its offset leads out of the years 1 to 9999
        raise problem("time") from error


StorableJson = Annotated[JsonValue, AfterValidator(storable), WithJsonSchema({})]
StorableObject = Annotated[dict[str, JsonValue], AfterValidator(storable), WithJsonSchema({"type": "object"})]

StorableTime = Annotated[
    datetime,
    BeforeValidator(_as_written),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""ISO 8601; without an offset it is UTC."""
