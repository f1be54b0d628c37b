import time

import pytest

from shared.errors import Cancelled, EmbeddingThrottled
from shared.throttling.turn import CAP_SECONDS, Turn, TurnEnded, full_jitter


def test_pauses_are_random_and_bounded() -> None:
    for failures, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (20, CAP_SECONDS)):
        pauses = [full_jitter(failures) for _ in range(300)]
        assert 0 <= min(pauses) < bound / 10
        assert bound * 0.9 < max(pauses) <= bound


def test_a_turn_does_not_wait_longer_than_its_patience() -> None:
    turn = Turn(patience_seconds=5.0, should_stop=lambda: False)
    with pytest.raises(EmbeddingThrottled) as given_up:
        turn.sleep_or_give_up(6.0, EmbeddingThrottled("busy", retry_after_seconds=2.0))
    assert given_up.value.retry_after_seconds == 6.0


def test_a_gain_renews_its_patience() -> None:
    turn = Turn(patience_seconds=0.3, should_stop=lambda: False)
    time.sleep(0.2)
    assert turn.left_seconds < 0.2
    turn.note_gain()
    assert turn.left_seconds > 0.2


def test_a_sleeping_turn_notices_a_cancel() -> None:
    began = time.monotonic()
    turn = Turn(patience_seconds=60.0, should_stop=lambda: time.monotonic() - began > 0.1)
    with pytest.raises(Cancelled):
        turn.sleep(30.0)
    assert time.monotonic() - began < 10


def test_what_is_left_of_an_ended_turn_stops() -> None:
    turn = Turn(patience_seconds=60.0, should_stop=lambda: False)
    turn.end()
    with pytest.raises(TurnEnded):
        turn.sleep(30.0)
