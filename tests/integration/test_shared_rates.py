"""The account of a service's limits, in a real Redis."""

import time
from collections.abc import Iterator

import pytest

from shared import redis_client
from shared.counters import Counter, Counters
from shared.embedded.ports import free_port
from shared.redis_client import RedisClient
from shared.throttling.rate_scripts import LEAST_RATE
from shared.throttling.rates import BURST_SECONDS, CAREFUL_SECONDS, RateLimits, SharedRates

NAME = "test/model"
KEY = f"kbsync:rate:{NAME}"


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    opened = redis_client.connect(redis_url, timeout_seconds=10.0)
    yield opened
    opened.close()


def rates(client: RedisClient, *, requests: float = 0.0, tokens: float = 0.0) -> SharedRates:
    return SharedRates(client, name=NAME, limits=RateLimits(requests_per_minute=requests, tokens_per_minute=tokens))


def waits(account: SharedRates, count: int, *, tokens: int = 1) -> list[float]:
    """Take as many places, all of them near, and return how far away each is."""
    slots = [account.reserve(tokens=tokens, longest_wait_seconds=1000.0) for _ in range(count)]
    assert all(slot.granted for slot in slots)
    return [slot.wait_seconds for slot in slots]


def field(client: RedisClient, name: str) -> float:
    return float(client.hget(KEY, name) or 0)


def learned(client: RedisClient) -> float:
    return field(client, "learned")


def clock_ms(client: RedisClient) -> float:
    seconds, microseconds = client.time()
    return seconds * 1000 + microseconds / 1000


def test_without_limits_nothing_waits(client: RedisClient) -> None:
    assert set(waits(rates(client), 200)) == {0.0}


def test_two_processes_share_one_limit(client: RedisClient) -> None:
    mine, other = rates(client, requests=6000), rates(client, requests=6000)
    before = clock_ms(client)
    for _ in range(50):
        waits(mine, 1)
        waits(other, 1)
    free_at = field(client, "next_request")
    assert free_at >= before + 1000 - 1000 * BURST_SECONDS - 1, "a hundred requests at a hundred a second"
    assert free_at <= max(before + 1000, clock_ms(client) + 10)


def test_tokens_are_paid_for_by_those_who_come_later(client: RedisClient) -> None:
    account, before = rates(client, tokens=6000), clock_ms(client)
    assert waits(account, 1, tokens=500) == [0.0]
    assert field(client, "next_token") == pytest.approx(before + 5000, abs=1000)
    later = account.reserve(tokens=1, longest_wait_seconds=60.0)
    assert not later.granted
    assert 2 < later.wait_seconds < 5


def test_a_place_some_seconds_away_is_asked_for_again(client: RedisClient) -> None:
    account = rates(client, requests=6)
    assert waits(account, 1) == [0.0]
    for _ in range(3):
        later = account.reserve(tokens=1, longest_wait_seconds=60.0)
        assert (later.granted, later.too_far) == (False, False)
        assert 5 < later.wait_seconds < 10, "whoever only asks takes no place"


def test_a_place_too_far_away_is_not_taken(client: RedisClient) -> None:
    account = rates(client, requests=6)
    waits(account, 1)
    refused = account.reserve(tokens=1, longest_wait_seconds=3.0)
    assert (refused.granted, refused.too_far) == (False, True)
    assert 5 < refused.wait_seconds < 10


def test_somebody_who_searches_goes_at_once_and_the_others_pay_for_it(client: RedisClient) -> None:
    account = rates(client, requests=6)
    waits(account, 1)
    urgent = account.reserve(tokens=1, longest_wait_seconds=5.0, urgent=True)
    assert (urgent.granted, urgent.wait_seconds) == (True, 0.0)
    assert 15 < account.reserve(tokens=1, longest_wait_seconds=60.0).wait_seconds < 20


def test_the_pause_that_a_service_asks_for_holds_everybody(client: RedisClient) -> None:
    mine, other = rates(client), rates(client)
    mine.note_throttled(30.0)
    assert 20 < other.pause_seconds() <= 30
    refused = other.reserve(tokens=1, longest_wait_seconds=5.0)
    assert refused.too_far
    assert 20 < refused.wait_seconds <= 30
    assert not other.reserve(tokens=1, longest_wait_seconds=5.0, urgent=True).granted
    mine.note_throttled(1.0)
    assert other.pause_seconds() > 15, "a shorter pause does not end a longer one"


def test_what_the_service_took_is_learned_when_it_throttles(client: RedisClient) -> None:
    account = rates(client)
    began = time.monotonic()
    while time.monotonic() - began < 2.0:  # ten a second, of which every other one is throttled
        for _ in range(2):
            account.reserve(tokens=1, longest_wait_seconds=60.0)
        account.note_throttled(None)
        time.sleep(0.2)
    assert LEAST_RATE <= learned(client) < 9
    assert Counters(client).read()[Counter.EMBEDDING_THROTTLES] >= 8
    client.hset(KEY, "next_request", "0")
    before = clock_ms(client)
    account.reserve(tokens=1, longest_wait_seconds=60.0)
    apart = field(client, "next_request") - before + 1000 * BURST_SECONDS
    assert apart > 1000 / learned(client), "below what was learned, at first"


def test_one_burst_of_throttles_cuts_the_rate_once(client: RedisClient) -> None:
    account = rates(client)
    waits(account, 100)
    account.note_throttled(None)
    first = learned(client)
    assert first > 5
    client.hset(KEY, "learned_at", str(clock_ms(client) + 60_000))  # so that a slow machine is in time
    for _ in range(90):
        account.note_throttled(None)
    assert first / 5 < learned(client) < first / 2


def test_little_demand_is_not_taken_for_a_low_limit(client: RedisClient) -> None:
    account = rates(client)
    waits(account, 100)
    account.note_throttled(None)
    first = learned(client)
    for name in ("learned_at", "done_at", "began"):
        client.hset(KEY, name, str(field(client, name) - 8000))
    account.note_throttled(None)
    assert learned(client) == pytest.approx(first / 2, rel=0.05)


def test_a_rate_that_was_learned_long_ago_is_forgotten(client: RedisClient) -> None:
    account = rates(client)
    account.note_throttled(None)
    waits(account, 1)
    assert account.reserve(tokens=1, longest_wait_seconds=60.0).wait_seconds > 1
    long_ago = field(client, "learned_at") - 300_000
    client.hset(KEY, mapping={"learned_at": str(long_ago), "next_request": "0"})
    assert set(waits(account, 50)) == {0.0}


def test_the_account_of_a_model_nobody_uses_goes_away(client: RedisClient) -> None:
    waits(rates(client), 1)
    assert 0 < int(client.pttl(KEY)) <= 600_000


def test_without_redis_a_process_goes_on_with_care() -> None:
    gone = redis_client.connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1.0)
    account = SharedRates(gone, name=NAME, limits=RateLimits(requests_per_minute=6000))
    began = time.monotonic()
    found = waits(account, 8)
    assert found[0] == 0.0
    assert time.monotonic() - began + found[-1] >= 7 * CAREFUL_SECONDS
    assert account.reserve(tokens=1, longest_wait_seconds=1.0).too_far
    account.note_throttled(5.0)
    assert account.pause_seconds() == 0.0
    gone.close()
