"""The account of a service's limits, in a real Redis."""

import itertools
import time
from collections.abc import Iterator

import pytest

from shared import redis_client
from shared.counters import Counter, Counters
from shared.embedded.ports import free_port
from shared.redis_client import RedisClient
from shared.throttling.rate_scripts import CUT, LEAST_RATE
from shared.throttling.rates import CAREFUL_SECONDS, RateLimits, SharedRates

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
    slots = [account.reserve(tokens=tokens, longest_wait_seconds=1000.0) for _ in range(count)]
    assert all(slot.granted for slot in slots)
    return [slot.wait_seconds for slot in slots]


def learned(client: RedisClient) -> float:
    return float(client.hget(KEY, "learned") or 0)


def test_without_limits_nothing_waits(client: RedisClient) -> None:
    assert set(waits(rates(client), 200)) == {0.0}


def test_two_processes_share_one_limit(client: RedisClient) -> None:
    mine, other = rates(client, requests=600), rates(client, requests=600)
    found = [wait for _ in range(50) for wait in (*waits(mine, 1), *waits(other, 1))]
    assert found == sorted(found), "who asks first goes first"
    assert 9 < found[-1] < 10, "the hundredth request at ten a second"
    assert found.count(0.0) <= 3, "a limit lets few go at once"


def test_tokens_are_paid_for_by_those_who_come_later(client: RedisClient) -> None:
    found = waits(rates(client, tokens=6000), 4, tokens=500)
    assert found[0] == 0.0
    assert found[1:] == pytest.approx([4.75, 9.75, 14.75], abs=0.3)


def test_a_place_too_far_away_is_not_taken(client: RedisClient) -> None:
    account = rates(client, requests=60)
    waits(account, 10)
    refused = account.reserve(tokens=1, longest_wait_seconds=3.0)
    assert not refused.granted
    assert 7 < refused.wait_seconds < 10
    assert waits(account, 1)[0] == pytest.approx(refused.wait_seconds, abs=0.5)


def test_somebody_who_searches_goes_at_once_and_the_others_pay_for_it(client: RedisClient) -> None:
    account = rates(client, requests=60)
    [*_, last] = waits(account, 5)
    urgent = account.reserve(tokens=1, longest_wait_seconds=5.0, urgent=True)
    assert (urgent.granted, urgent.wait_seconds) == (True, 0.0)
    assert waits(account, 1)[0] == pytest.approx(last + 2, abs=0.5)


def test_the_pause_that_a_service_asks_for_holds_everybody(client: RedisClient) -> None:
    mine, other = rates(client), rates(client)
    mine.note_throttled(30.0)
    assert other.pause_seconds() == pytest.approx(30, abs=1)
    refused = other.reserve(tokens=1, longest_wait_seconds=5.0)
    assert not refused.granted
    assert refused.wait_seconds == pytest.approx(30, abs=1)
    assert not other.reserve(tokens=1, longest_wait_seconds=5.0, urgent=True).granted
    mine.note_throttled(1.0)
    assert other.pause_seconds() > 25, "a shorter pause does not end a longer one"


def test_what_the_service_took_is_learned_when_it_throttles(client: RedisClient) -> None:
    account = rates(client)
    began = time.monotonic()
    while time.monotonic() - began < 2.0:  # ten a second, of which every other one is throttled
        waits(account, 2)
        account.note_throttled(None)
        time.sleep(0.2)
    assert LEAST_RATE < learned(client) < 9
    assert Counters(client).read()[Counter.EMBEDDING_THROTTLES] >= 8
    found = waits(account, 10)
    pauses = [after - before for before, after in itertools.pairwise(found[4:])]
    assert min(pauses) > 1 / learned(client), "cut below what was learned, until the service has caught up"
    assert max(pauses) < 1 / (CUT * 0.8 * learned(client))


def test_one_burst_of_throttles_cuts_the_rate_once(client: RedisClient) -> None:
    account = rates(client)
    waits(account, 100)
    for _ in range(20):
        account.note_throttled(None)
    first = learned(client)
    assert first > 20 * LEAST_RATE


def test_a_rate_that_was_learned_long_ago_is_forgotten(client: RedisClient) -> None:
    account = rates(client)
    account.note_throttled(None)
    assert waits(account, 5)[-1] > 1
    long_ago = float(client.hget(KEY, "learned_at") or 0) - 300_000
    client.hset(KEY, mapping={"learned_at": str(long_ago), "next_request": "0"})
    assert set(waits(account, 50)) == {0.0}


def test_the_account_of_a_model_nobody_uses_goes_away(client: RedisClient) -> None:
    waits(rates(client), 1)
    assert 0 < int(client.pttl(KEY)) <= 600_000


def test_without_redis_a_process_goes_on_with_care() -> None:
    gone = redis_client.connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1.0)
    account = SharedRates(gone, name=NAME, limits=RateLimits(requests_per_minute=6000))
    found = waits(account, 4)
    assert found == pytest.approx([0.0, CAREFUL_SECONDS, 2 * CAREFUL_SECONDS, 3 * CAREFUL_SECONDS], abs=0.5)
    assert not account.reserve(tokens=1, longest_wait_seconds=1.0).granted
    account.note_throttled(5.0)
    assert account.pause_seconds() == 0.0
    gone.close()
