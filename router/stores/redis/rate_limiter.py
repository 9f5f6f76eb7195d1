"""Limits per minute in Redis: token buckets that every process draws on.

Redis's own clock fills them, so that the processes' clocks need not agree. If it was set back, as by a step or by a
replica that has taken over, a bucket begins anew: else it would be empty until the clock is there again.
"""

from collections.abc import Callable, Sequence

from router.domain.budget import RateLimit
from router.ports import Exceeded
from router.stores.memory.rate_limiter import MemoryRateLimiter
from router.stores.redis.keys import bucket
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_TAKE = """
local time = redis.call('TIME')
local now, lefts = tonumber(time[1]) + tonumber(time[2]) / 1e6, {}
for i, key in ipairs(KEYS) do
  local most, amount = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local held = redis.call('HMGET', key, 'left', 'at_s')
  local left = most
  if held[1] and tonumber(held[2]) < now + 1 then
    left = math.min(most, tonumber(held[1]) + (now - tonumber(held[2])) * most / 60)
  end
  local lacking = math.min(amount, most) - left
  if lacking > 0 then return {i, string.format('%.6f', lacking * 60 / most)} end
  lefts[i] = left - amount
end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'left', string.format('%.6f', lefts[i]), 'at_s', string.format('%.6f', now))
  local most = tonumber(ARGV[2 * i - 1])
  redis.call('EXPIRE', key, 60 + math.ceil((most - lefts[i]) * 60 / most))
end
"""


class RedisRateLimiter:
    """Implements `router.ports.RateLimiter` on a Redis; while that is away, in this process."""

    def __init__(self, link: RedisLink, monotonic_s: Callable[[], float]) -> None:
        self._local = MemoryRateLimiter(monotonic_s)
        self._take = Script(link, _TAKE)

    async def take(self, limits: Sequence[RateLimit], tokens: int) -> Exceeded | None:
        """Count a request of `tokens` against all limits; or against none, and return the first that is reached."""
        bounds = [bound for limit in limits for bound in _bounds(limit, tokens)]
        keys = [key for _, key, _, _ in bounds]
        told = [number for _, _, most, amount in bounds for number in (most, amount)]
        try:
            answer = await self._take(keys, told)
        except RedisAway:
            return await self._local.take(limits, tokens)
        if answer is None:
            return None
        place, wait_s = answer
        return Exceeded(bounds[int(place) - 1][0], float(wait_s))


def _bounds(limit: RateLimit, tokens: int) -> list[tuple[RateLimit, str, int, int]]:
    """For each bound of a limit: the limit, the bound's key, its size, and what is taken from it.

    Its size is part of the key: a scope may have two limits, one of its own and that of each, and both hold.
    """
    bounds = {
        "requests": (limit.requests_per_minute, 1),
        "tokens": (limit.tokens_per_minute, tokens),
    }
    return [
        (limit, bucket(limit.scope.kind, limit.scope.name, what, str(most)), most, amount)
        for what, (most, amount) in bounds.items()
        if most is not None
    ]
