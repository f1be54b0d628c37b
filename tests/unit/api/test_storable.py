"""Whatever the API takes in for a free value or a time comes back from BSON as it was."""

import math
from datetime import UTC, datetime

import bson
import pytest
from bson.codec_options import CodecOptions
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from api.schemas.storable import MAX_DEPTH, StorableTime, storable
from shared import clock

AWARE: CodecOptions[dict[str, object]] = CodecOptions(tz_aware=True)
MOMENT: TypeAdapter[datetime] = TypeAdapter(StorableTime)

texts = st.text(st.characters(), max_size=5) | st.sampled_from(["$set", "a.b", "", "\0", "\ud800", "_id"])
leaves = st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | texts
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


def nested(depth: int) -> JsonValue:
    """Lists within lists, with a number in the innermost."""
    value: JsonValue = [1]
    for _ in range(depth - 1):
        value = [value]
    return value


def from_bson(value: object) -> object:
    return bson.decode(bson.encode({"value": value}), codec_options=AWARE)["value"]


@given(values)
@example(2**63 - 1)
@example(-(2**63))
@example(-(2**63) - 1)
@example({"$": 1})
@example("\ud83d\ude00")
def test_value_that_is_taken_survives_bson(value: JsonValue) -> None:
    try:
        taken = storable(value)
    except PydanticCustomError:
        return
    assert from_bson(taken) == value


@pytest.mark.parametrize("value", [2**63 - 1, {"a.b": [0.1, None, True, "名"]}, {"": ""}, nested(MAX_DEPTH - 1)])
def test_plain_values_are_taken(value: JsonValue) -> None:
    assert storable(value) == value


@pytest.mark.parametrize("value", [2**63, math.inf, math.nan, {"$x": 1}, [{"a": {"$x": 1}}], "\0", nested(MAX_DEPTH)])
def test_other_values_are_refused(value: JsonValue) -> None:
    with pytest.raises(PydanticCustomError):
        storable(value)


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_time_that_is_taken_survives_bson_and_is_the_same_moment(moment: datetime) -> None:
    try:
        taken = MOMENT.validate_python(moment.isoformat())
    except ValidationError:
        return
    assert from_bson(taken) == taken
    assert taken.utcoffset() == datetime.now(UTC).utcoffset()
    assert taken == clock.to_milliseconds(datetime.fromisoformat(moment.isoformat()))
