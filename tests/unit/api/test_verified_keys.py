"""How long a key is taken for good."""

import asyncio
from collections.abc import Callable

import pytest

from api.verified_keys import FRESH_SECONDS, STALE_SECONDS, VerifiedKeys
from shared import clock
from shared.access.keys import ApiKey, Role, hash_secret, new_key
from shared.errors import ServiceUnavailable, Unauthorized

PRESENTED = new_key()
KEY = ApiKey(
    id=PRESENTED.token_id,
    user_id="alice",
    role=Role.READER,
    secret_hash=hash_secret(PRESENTED.secret),
    created_at=clock.now(),
)


class Store:
    """Stands for MongoDB, and for the time."""

    def __init__(self) -> None:
        self.asked = 0
        self.seconds = 0.0
        self.failure: Exception | None = None

    def verify(self, _: object) -> ApiKey:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return KEY


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def check(store: Store) -> Callable[[], ApiKey]:
    keys = VerifiedKeys(verify=store.verify, get_active=store.verify, clock=lambda: store.seconds)
    return lambda: asyncio.run(keys.check(PRESENTED))


def test_a_good_key_is_not_asked_for_again_for_some_seconds(store: Store, check: Callable[[], ApiKey]) -> None:
    assert [check(), check()] == [KEY, KEY]
    assert store.asked == 1
    store.seconds = FRESH_SECONDS
    check()
    assert store.asked == 2


def test_a_key_that_was_revoked_is_refused_at_the_next_question(store: Store, check: Callable[[], ApiKey]) -> None:
    check()
    store.failure, store.seconds = Unauthorized(), FRESH_SECONDS
    with pytest.raises(Unauthorized):
        check()
    store.failure = ServiceUnavailable("mongodb")
    with pytest.raises(ServiceUnavailable):  # it is no key that was good a moment ago
        check()


def test_a_key_that_was_good_stays_so_while_mongodb_is_away(store: Store, check: Callable[[], ApiKey]) -> None:
    check()
    store.failure, store.seconds = ServiceUnavailable("mongodb"), STALE_SECONDS - 1
    assert check() == KEY
    store.seconds = STALE_SECONDS
    with pytest.raises(ServiceUnavailable):
        check()


def test_an_unknown_key_is_no_key_while_mongodb_is_away(store: Store, check: Callable[[], ApiKey]) -> None:
    store.failure = ServiceUnavailable("mongodb")
    with pytest.raises(ServiceUnavailable):
        check()
