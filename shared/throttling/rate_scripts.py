"""What Redis does for `shared/throttling/rates.py`, in one step each and by its own clock.

A hash holds, for one service and model:

    next_request, next_token   when the next request may go, and when the tokens spent so far are paid for (ms)
    paused_until               nothing goes before (ms): what the service asked for with `Retry-After`
    learned, learned_at        requests/s that the service took when it last throttled, and when that was
    burst                      the learned rate when the newest burst of throttles began
    done, done_at, began       requests let go, less those that were throttled, fading with `FADE_SECONDS`

The learned rate is cut to `CUT` of itself when the service throttles, is back after `REGAIN_SECONDS`, and then grows
ever faster, as a window of TCP CUBIC does (https://www.rfc-editor.org/rfc/rfc9438). It needs no reports of success,
holds close under the limit for most of the time, and finds a limit that was raised within a minute.
"""

CUT = 0.85
REGAIN_SECONDS = 5
FORGET_SECONDS = 60
FADE_SECONDS = 5
MOST_LOST = 0.5
"""What was let go lately may be little because little was asked for: the learned rate is halved at most."""
MOST_LOST_IN_BURST = 0.25
"""While a burst is throttled, request by request, it shows ever better how much of it was taken."""
PLACE_AHEAD_MS = 2000
"""Nobody takes a place further ahead: when the rate changes, those who wait notice it."""
LEAST_RATE = 0.5
"""Requests/s: a service that takes less throttles for good, and says so with `Retry-After`."""
SAME_BURST_MS = 1000
"""Requests that were throttled within this time of each other met the same limit, and cut the rate once."""
KEEP_MS = 600_000

_SHARED = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local found = redis.call('HMGET', KEYS[1], 'next_request', 'next_token', 'paused_until', 'learned', 'learned_at',
    'done', 'done_at', 'began', 'burst')
for at = 1, 9 do found[at] = tonumber(found[at]) or 0 end
local next_request, next_token, paused_until = found[1], found[2], found[3]
local learned, learned_at, done, done_at, began, burst_rate = found[4], found[5], found[6], found[7], found[8], found[9]

local function learned_rate()
    local seconds = (now - learned_at) / 1000
    if learned == 0 or seconds > {FORGET_SECONDS} then return nil end
    return learned * (1 + {1 - CUT} * ((seconds - {REGAIN_SECONDS}) / {REGAIN_SECONDS}) ^ 3)
end

local function count(amount)
    if now - done_at > {5 * FADE_SECONDS * 1000} then done, began = 0, now end
    done = math.max(0, done * math.exp((done_at - now) / {FADE_SECONDS * 1000}) + amount)
    done_at = now
end

local function save()
    local function text(number) return string.format('%.3f', number) end
    redis.call('HSET', KEYS[1], 'next_request', text(next_request), 'next_token', text(next_token),
        'paused_until', text(paused_until), 'learned', text(learned), 'learned_at', text(learned_at),
        'done', text(done), 'done_at', text(done_at), 'began', text(began),
        'burst', text(burst_rate))
    redis.call('PEXPIRE', KEYS[1], {KEEP_MS} + math.max(0, math.ceil(paused_until - now)))
end
"""

RESERVE = (
    _SHARED
    + """
local rate, token_rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tokens, longest_wait, urgent = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local known = learned_rate()
if known and (rate == 0 or known < rate) then rate = known end
local wait = math.max(0, paused_until - now)
if not urgent then wait = math.max(wait, next_request - now, next_token - now) end
if wait > longest_wait then return {0, math.ceil(wait)} end
if wait > """
    + str(PLACE_AHEAD_MS)
    + """ then return {2, math.ceil(wait)} end
local go = now + wait
if rate > 0 then next_request = math.max(next_request, go - burst) + 1000 / rate end
if token_rate > 0 then next_token = math.max(next_token, go - burst) + tokens * 1000 / token_rate end
count(1)
save()
return {1, math.ceil(wait)}
"""
)
"""ARGV: requests/s and tokens/s (0: no limit), burst in ms, tokens, longest wait in ms, urgent.

Returns 1 and the ms after which the request goes: it has its place. Else 0 where that is too far away, or 2 where it is
worth asking again, and the ms that are left. An urgent one takes the next place, and the others pay for it.
"""

NOTE_THROTTLED = (
    _SHARED
    + f"""
count(-1)
local age = math.max(0.2, (now - began) / 1000)
local taken = done / ({FADE_SECONDS} * (1 - math.exp(-age / {FADE_SECONDS})))
local known = learned_rate()
if known and now - learned_at < {SAME_BURST_MS} then
    learned = math.max({LEAST_RATE}, burst_rate * {MOST_LOST_IN_BURST}, math.min(learned, taken))
else
    learned = math.max({LEAST_RATE}, math.min(known or taken, math.max(taken, learned * {MOST_LOST})))
    learned_at, burst_rate = now, learned
end
paused_until = math.max(paused_until, now + tonumber(ARGV[1]))
save()
return 1
"""
)
"""ARGV: ms that the service asked to wait, or 0."""

PAUSE = (
    _SHARED
    + """
return math.ceil(math.max(0, paused_until - now))
"""
)
"""Returns the ms for which nothing may go."""
