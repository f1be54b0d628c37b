"""Ids and forms of the events of a stream."""

import json
from datetime import UTC, datetime

import pytest

from api.progress_events import HEARTBEAT, Batch, Event, EventId, opening
from shared.errors import InvalidRequest

MOMENT = datetime(2026, 11, 25, 0, 0, 14, 529000, tzinfo=UTC)


@pytest.mark.parametrize("event_id", [EventId.at(MOMENT), EventId.at(MOMENT, is_end=True), EventId(0)])
def test_id_is_read_as_it_was_written(event_id: EventId) -> None:
    assert EventId.parse(str(event_id), field="last_event_id") == event_id


def test_id_is_the_moment_in_milliseconds() -> None:
    assert str(EventId.at(MOMENT)) == "1795564814529"
    assert str(EventId.at(MOMENT, is_end=True)) == "1795564814529-end"


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", " 1", "1\n", "1-END", "1-end-end", "٣", "9" * 15])
def test_id_of_somebody_else_is_an_invalid_request(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Last-Event-ID"):
        EventId.parse(text, field="Last-Event-ID")


def test_event_has_the_form_of_the_standard() -> None:
    assert Event("document", '{"a":1}').as_sse() == 'event: document\ndata: {"a":1}\n\n'
    assert Event("task", "{}", EventId(7)).as_sse() == "id: 7\nevent: task\ndata: {}\n\n"


def test_comment_and_retry_are_blocks_of_their_own() -> None:
    assert HEARTBEAT.startswith(b":")
    assert HEARTBEAT.endswith(b"\n\n")
    assert opening(1234) == b"retry: 1234\n\n"


def test_message_is_one_json_object() -> None:
    document, task = (Event("document", '{"名": "一"}'), Event("task", "{}", EventId(7, is_end=True)))
    assert json.loads(document.as_message()) == {"event": "document", "data": {"名": "一"}}
    assert json.loads(task.as_message()) == {"event": "task", "id": "7-end", "data": {}}


def test_batch_is_written_once_for_all_who_are_sent_it() -> None:
    batch = Batch((Event("document", '"一"'), Event("task", "{}", EventId(7))))
    assert batch.sse is batch.sse
    assert batch.messages is batch.messages
    assert batch.sse.decode() == "".join(event.as_sse() for event in batch.events)
    assert [json.loads(message)["event"] for message in batch.messages] == ["document", "task"]
