import threading
import time

import pytest

from shared.throttling.concurrency import SAME_OVERLOAD_SECONDS, AdaptiveConcurrency


def nothing() -> None:
    """Asked while waiting."""


def test_it_grows_to_the_most_and_not_beyond() -> None:
    adaptive = AdaptiveConcurrency(5)
    assert adaptive.limit == 2
    for _ in range(20):
        adaptive.note_success()
    assert adaptive.limit == 5


def test_an_overload_halves_it_once_and_then_it_grows_slowly() -> None:
    adaptive = AdaptiveConcurrency(8)
    for _ in range(20):
        adaptive.note_success()
    for _ in range(8):  # all calls in flight meet the same overload
        adaptive.note_overload()
    assert adaptive.limit == 4
    for _ in range(3):
        adaptive.note_success()
    assert adaptive.limit == 4
    for _ in range(3):
        adaptive.note_success()
    assert adaptive.limit == 5


def test_it_never_falls_below_one() -> None:
    adaptive = AdaptiveConcurrency(1)
    adaptive.note_overload()
    time.sleep(SAME_OVERLOAD_SECONDS)
    adaptive.note_overload()
    assert adaptive.limit == 1


def test_no_more_than_the_limit_are_in_flight() -> None:
    adaptive = AdaptiveConcurrency(1)
    first, release = threading.Event(), threading.Event()

    def hold() -> None:
        with adaptive.place(check=nothing):
            first.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    first.wait(10)
    waited = threading.Event()

    def check() -> None:
        waited.set()
        release.set()

    with adaptive.place(check=check):
        assert waited.is_set()
    holder.join(10)


def test_whoever_waits_can_be_called_away() -> None:
    class CalledAway(Exception):
        """The work is to stop"""

    def check() -> None:
        raise CalledAway

    adaptive = AdaptiveConcurrency(1)
    with adaptive.place(check=nothing), pytest.raises(CalledAway), adaptive.place(check=check):
        raise AssertionError("there was no place")
    with adaptive.place(check=nothing):
        pass
