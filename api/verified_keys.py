"""The API keys that this process has found good, for a few seconds each."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from shared.access.keys import ApiKey, PresentedKey
from shared.errors import ServiceUnavailable, Unauthorized

FRESH_SECONDS = 3.0
"""How long a key is taken without asking MongoDB again: so long a revoked key may still be good."""
STALE_SECONDS = 300.0
"""How long a key that was good is taken while MongoDB is away, so that `/health` can tell an operator so."""
MOST_KEYS = 10_000


@dataclass(frozen=True)
class _Verified:
    key: ApiKey
    at: float


class VerifiedKeys:
    """Checks keys against MongoDB and remembers the good ones, by a hash of their text."""

    def __init__(
        self,
        *,
        verify: Callable[[PresentedKey], ApiKey],
        get_active: Callable[[str], ApiKey],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`verify` and `get_active` ask MongoDB, as those of `shared/services/api_keys.py` do; they run in a thread."""
        self._verify = verify
        self._get_active = get_active
        self._clock = clock
        self._known: dict[bytes, _Verified] = {}

    async def check(self, presented: PresentedKey) -> ApiKey:
        """Return the key. Raises `Unauthorized`, or `ServiceUnavailable` where that cannot be told."""
        name = hashlib.sha256(presented.text.encode()).digest()
        known = self._known.get(name)
        if known is not None and self._clock() - known.at < FRESH_SECONDS:
            return known.key
        try:
            key = await run_in_threadpool(self._verify, presented)
        except Unauthorized:
            self._known.pop(name, None)
            raise
        except ServiceUnavailable:
            if known is not None and self._clock() - known.at < STALE_SECONDS:
                return known.key
            raise
        self._remember(name, key)
        return key

    async def check_again(self, token_id: str) -> ApiKey:
        """Return a key as it is now, without its text. Raises as `check` does."""
        return await run_in_threadpool(self._get_active, token_id)

    def _remember(self, name: bytes, key: ApiKey) -> None:
        if len(self._known) >= MOST_KEYS:
            self._known.clear()
        self._known[name] = _Verified(key, self._clock())
