"""The scripts that look at budgets in Redis and take from them in one step.

KEYS are the accounts, then the holds of each. A hold is `<token>:<nano-dollars>`, by when it lapses: a Unix time by
Redis's own clock, so that the processes' clocks need not agree. One that begins with `~` stands in for a cost that was
settled while the account was lost: whoever opens the account soon after may ask the ledger before that has the row.
When it lapses the ledger has it, and so does the account: whoever settled it has compared the two. A hold may be of
nothing, for a free model or a call whose cost nobody knows beforehand: it fits even into a budget that is overdrawn.
`-0` is no number for Redis.
"""

from asyncio import Task
from dataclasses import dataclass, field

from msgspec import Struct

from router.ports import Reservation
from router.stores.redis.accounts import BudgetPeriod

_NOW = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local function after(seconds) return string.format('%.3f', now + tonumber(seconds)) end
"""

_LAPSED = (
    _NOW
    + """
local function lapsed(account, holds)
  for _, hold in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', now)) do
    local amount = string.match(hold, ':(%d+)$')
    if amount ~= '0' then
      redis.call('HINCRBY', account, 'reserved', '-' .. amount)
      if string.sub(hold, 1, 1) ~= '~' then redis.call('HINCRBY', account, 'spent', amount) end
    end
    redis.call('ZREM', holds, hold)
  end
end
"""
)

LOOK = (
    _LAPSED
    + """
local n, found = #KEYS / 2, {}
for i = 1, n do
  if redis.call('EXISTS', KEYS[i]) == 1 then lapsed(KEYS[i], KEYS[n + i]) end
  local held = redis.call('HMGET', KEYS[i], 'spent', 'reserved')
  found[2 * i - 1], found[2 * i] = held[1], held[2]
end
return found
"""
)

RESERVE = (
    _LAPSED
    + """
local n, for_s, amount, token = #KEYS / 2, ARGV[1], ARGV[2], ARGV[3]
for i = 1, n do
  if redis.call('EXISTS', KEYS[i]) == 0 then return 'unknown' end
  lapsed(KEYS[i], KEYS[n + i])
end
for i = 1, n do
  local held = redis.call('HMGET', KEYS[i], 'spent', 'reserved')
  local taken = tonumber(held[1]) + tonumber(held[2])
  if amount ~= '0' and taken + tonumber(amount) > tonumber(ARGV[3 + i]) then
    return {i, held[1], held[2]}
  end
end
for i = 1, n do
  redis.call('HINCRBY', KEYS[i], 'reserved', amount)
  redis.call('ZADD', KEYS[n + i], after(for_s), token .. ':' .. amount)
  local lives_ms = redis.call('PTTL', KEYS[i])
  if lives_ms > 0 and redis.call('ZCARD', KEYS[n + i]) == 1 then
    redis.call('PEXPIRE', KEYS[n + i], lives_ms)
  end
end
return 'taken'
"""
)

SETTLE = (
    _NOW
    + """
local n, token, amount, cost, is_due, for_s = #KEYS / 2, ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local lost = 0
for i = 1, n do
  local account, holds = KEYS[i], KEYS[n + i]
  local is_held = redis.call('ZREM', holds, token .. ':' .. amount) == 1
  local counts = is_held or is_due == '1' or amount == '0'
  if redis.call('EXISTS', account) == 0 then
    lost = lost + 1
    if counts and tonumber(for_s) > 0 and tonumber(cost) > 0 then
      redis.call('ZADD', holds, after(for_s), '~' .. token .. ':' .. cost)
      if tonumber(ARGV[5 + i]) > 0 then redis.call('EXPIRE', holds, ARGV[5 + i]) end
    end
  else
    if is_held and amount ~= '0' then redis.call('HINCRBY', account, 'reserved', '-' .. amount) end
    if counts then redis.call('HINCRBY', account, 'spent', cost) end
  end
end
return lost
"""
)
"""How many accounts were lost. What is not held and has not lapsed was lost, too, or never came here: its cost is
missing all the same. So is that of a hold of nothing, whenever it comes: if it lapsed, nothing was spent. Where the
account is lost, the cost stands in for its hold for `for_s` seconds."""

KEEP = """
local n, amount, token, cost = #KEYS / 2, ARGV[1], ARGV[2], ARGV[3]
for i = 1, n do
  local account, holds, held = KEYS[i], KEYS[n + i], token .. ':' .. amount
  local lapses = redis.call('ZSCORE', holds, held)
  if amount ~= cost and lapses then
    redis.call('ZADD', holds, lapses, token .. ':' .. cost)
    redis.call('ZREM', holds, held)
    if redis.call('EXISTS', account) == 1 then
      redis.call('HINCRBY', account, 'reserved', string.format('%.0f', tonumber(cost) - tonumber(amount)))
    end
  end
end
"""
"""What is not held any more has lapsed or was lost, and its cost is missing when it is settled."""

OPEN = (
    _NOW
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return end
local reserved, holds = 0, redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #holds, 2 do
  if string.sub(holds[i], 1, 1) == '~' and tonumber(holds[i + 1]) <= now then
    redis.call('ZREM', KEYS[2], holds[i])
  else
    reserved = reserved + tonumber(string.match(holds[i], ':(%d+)$'))
  end
end
redis.call('HSET', KEYS[1], 'spent', ARGV[1], 'reserved', string.format('%.0f', reserved))
if tonumber(ARGV[2]) > 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
"""
)
"""The ledger has had the time to write what stands in for a hold no more."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What was set aside, by Redis's name for it; by our own clock it lapses at `lapses_s` (Unix time).

    Before `after` Redis may not have it.
    """

    accounts: tuple[BudgetPeriod, ...]
    token: str
    amount_nano: int
    lapses_s: float
    after: Task[None] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What the scripts call it."""
        return f"{self.token}:{self.amount_nano}"


class Apart(Struct, frozen=True):
    """What was set aside in this process. If Redis `was_asked` it may have done so, too: its reply was late."""

    here: Reservation
    hold: Hold
    was_asked: bool
