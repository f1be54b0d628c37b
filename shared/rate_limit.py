"""How many requests a caller may make: a token bucket for each, shared by all API processes."""

from shared.redis_client import RedisClient, translated_errors

TAKE = """
local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local size, refill_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, since = tonumber(held[1]) or size, tonumber(held[2]) or at
tokens = math.min(size, tokens + math.max(0, at - since) / refill_ms)
local wait_ms = 0
if tokens >= 1 then tokens = tokens - 1 else wait_ms = math.ceil((1 - tokens) * refill_ms) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', at)
redis.call('PEXPIRE', KEYS[1], math.ceil(size * refill_ms) + 1000)
return wait_ms
"""
"""Refills by the clock of Redis, so that the clocks of the hosts do not matter."""


class RateLimit:
    """The buckets, at `kbsync:rate:<caller>`: each holds as many requests as a minute allows, and refills evenly."""

    def __init__(self, client: RedisClient, *, per_minute: int) -> None:
        self.per_minute = per_minute
        self._take = client.register_script(TAKE)

    def take(self, caller: str) -> float:
        """Take one request; return 0, or how many seconds to wait where there is none. Raises `ServiceUnavailable`."""
        with translated_errors():
            wait_ms = self._take(keys=[f"kbsync:rate:{caller}"], args=[self.per_minute, 60_000 / self.per_minute])
        return int(wait_ms) / 1000
