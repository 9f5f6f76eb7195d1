"""Budgets in Redis, one wall for every process that uses the same server.

Scripts look and take in one step. An account that is
not there is first asked of the ledger; of two who ask at once the first one's answer stays.

A process that dies cannot settle: what it had set aside lapses after a while, and counts as spent
from then on, since it may have been. Amounts are rounded up to a nano-dollar, with which Lua's
numbers are exact up to nine million dollars.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from router.domain.budget import Balance, Budget, Period
from router.domain.money import Money
from router.ports import Reservation
from router.stores.memory.purse import (
    ASK_AGAIN_S,
    MOST_ACCOUNTS,
    MemoryPurse,
    Spent,
    SpentUnknown,
)
from router.stores.redis import keys
from router.stores.redis.link import RedisAway, RedisLink

_LOG = logging.getLogger(__name__)
_PICO_PER_NANO = 1000
_LAPSE_S = 1800.0
"""Longer than any request may take; then a hold is given up on."""
_KEPT_S = 86_400
"""How long an account outlives its period."""

_T = TypeVar("_T")
_LOOKED_AT = 100
"""At once: while Redis looks nobody else is answered."""

_ASKED_AT_ONCE = 8
"""Of the accounts that the ledger could not tell of; it may be ill still."""

_UNKNOWN = b"unknown"

_LAPSED = """
local function lapsed(account, holds, now)
  for _, hold in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', now)) do
    local amount = string.match(hold, ':(%d+)$')
    redis.call('HINCRBY', account, 'reserved', '-' .. amount)
    redis.call('HINCRBY', account, 'spent', amount)
    redis.call('ZREM', holds, hold)
  end
end
"""

_LOOK = (
    _LAPSED
    + """
local n, found = #KEYS / 2, {}
for i = 1, n do
  if redis.call('EXISTS', KEYS[i]) == 1 then lapsed(KEYS[i], KEYS[n + i], ARGV[1]) end
  local held = redis.call('HMGET', KEYS[i], 'spent', 'reserved')
  found[2 * i - 1], found[2 * i] = held[1], held[2]
end
return found
"""
)

_RESERVE = (
    _LAPSED
    + """
local n, now, lapses, amount, token = #KEYS / 2, ARGV[1], ARGV[2], ARGV[3], ARGV[4]
for i = 1, n do
  if redis.call('EXISTS', KEYS[i]) == 0 then return 'unknown' end
  lapsed(KEYS[i], KEYS[n + i], now)
end
for i = 1, n do
  local held = redis.call('HMGET', KEYS[i], 'spent', 'reserved')
  if tonumber(held[1]) + tonumber(held[2]) + tonumber(amount) > tonumber(ARGV[4 + i]) then
    return {i, held[1], held[2]}
  end
end
for i = 1, n do
  redis.call('HINCRBY', KEYS[i], 'reserved', amount)
  redis.call('ZADD', KEYS[n + i], lapses, token .. ':' .. amount)
end
return 'taken'
"""
)

_SETTLE = """
local n, hold, amount, cost = #KEYS / 2, ARGV[1], ARGV[2], ARGV[3]
for i = 1, n do
  if redis.call('ZREM', KEYS[n + i], hold) == 1 then
    redis.call('HINCRBY', KEYS[i], 'reserved', '-' .. amount)
    redis.call('HINCRBY', KEYS[i], 'spent', cost)
  end
end
"""

_OPEN = """
if redis.call('EXISTS', KEYS[1]) == 1 then return end
local reserved = 0
for _, hold in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  reserved = reserved + tonumber(string.match(hold, ':(%d+)$'))
end
redis.call('HSET', KEYS[1], 'spent', ARGV[1], 'reserved', string.format('%.0f', reserved))
if tonumber(ARGV[2]) > 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
"""


@dataclass(frozen=True, slots=True)
class _Account:
    """A budget in one period, and where Redis keeps it."""

    budget: Budget
    period: Period

    @property
    def key(self) -> str:
        scope = self.budget.scope
        named = (scope.kind, scope.name, self.budget.window, self.budget.timezone)
        return keys.account(*named, repr(self.period.start_s))

    def balance(self, spent_nano: int, reserved_nano: int) -> Balance:
        spent, reserved = Money(spent_nano * _PICO_PER_NANO), Money(reserved_nano * _PICO_PER_NANO)
        return Balance(self.budget, self.period, spent, reserved)


@dataclass(frozen=True, slots=True)
class _Hold:
    """What was set aside, by Redis' name for it."""

    accounts: tuple[_Account, ...]
    name: str
    amount_nano: int


class RedisPurse:
    """Implements `router.ports.Purse` on a Redis; without it, in this process, seeded by the ledger.

    Clients choose tags, so there may be any number of budgets "for each tag": of those that this process
    has drawn on it knows the last `most_known`.
    """

    def __init__(
        self,
        link: RedisLink,
        unix_s: Callable[[], float],
        spent: Spent,
        *,
        most_known: int = MOST_ACCOUNTS,
    ) -> None:
        self._link = link
        self._unix_s = unix_s
        self._spent = spent
        self._local = MemoryPurse(unix_s, spent)
        self._most_known = most_known
        self._drawn_on: OrderedDict[Budget, None] = OrderedDict()
        self._settling: set[asyncio.Task[None]] = set()
        self._stale: set[_Account] = set()
        self._ended: dict[_Account, set[str]] = {}
        self._unsure: dict[_Account, float] = {}
        self._is_alone = False
        self._opening = asyncio.Lock()
        client = link.client
        self._look = client.register_script(_LOOK)
        self._reserve = client.register_script(_RESERVE)
        self._settle = client.register_script(_SETTLE)
        self._open = client.register_script(_OPEN)

    async def look(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        """Where each budget stands."""
        accounts = self._accounts(budgets)
        try:
            await self._refresh()
            found = await self._run(self._look, accounts, [self._unix_s()])
            if None in found:
                await self._begin(accounts)
                found = await self._run(self._look, accounts, [self._unix_s()])
        except RedisAway:
            return await self._alone().look(budgets)
        self._is_alone = False
        pairs = zip(accounts, found[::2], found[1::2], strict=True)
        return tuple(a.balance(int(spent or 0), int(held or 0)) for a, spent, held in pairs)

    async def balances(self) -> Sequence[Balance]:
        """Where every budget stands that this process has drawn on, or lately, if they are many."""
        balances: list[Balance] = []
        for some in _in_parts(tuple(self._drawn_on)):
            balances += await self.look(some)
        return balances

    async def reserve(self, budgets: Sequence[Budget], amount: Money) -> Reservation | Balance:
        """Set `amount` aside in all budgets, or in none: then the balance of one that has too little."""
        accounts, nano = self._accounts(budgets), _nano(amount)
        now_s, token = self._unix_s(), secrets.token_hex(8)
        caps = [budget.usd.pico // _PICO_PER_NANO for budget in budgets]
        told = [now_s, now_s + _LAPSE_S, nano, token, *caps]
        try:
            await self._refresh()
            answer = await self._run(self._reserve, accounts, told)
            if answer == _UNKNOWN:
                await self._begin(accounts)
                answer = await self._run(self._reserve, accounts, told)
            if answer == _UNKNOWN:
                raise RedisAway  # it forgets faster than it is told
        except RedisAway:
            self._stale.update(accounts)
            return await self._alone().reserve(budgets, amount)
        self._is_alone = False
        if answer != b"taken":
            place, spent, reserved = answer
            return accounts[int(place) - 1].balance(int(spent), int(reserved))
        return Reservation(tuple(budgets), amount, _Hold(accounts, f"{token}:{nano}", nano))

    def settle(self, reservation: Reservation, cost: Money) -> None:
        """What was set aside is free again, and `cost` is spent. Redis is told in the background."""
        if not isinstance(reservation.token, _Hold):
            self._local.settle(reservation, cost)
            return
        self._in_background(self._told(reservation.token, _nano(cost)))

    async def close(self) -> None:
        """Settle what is under way."""
        await asyncio.gather(*self._settling)

    async def _told(self, hold: _Hold, cost_nano: int) -> None:
        try:
            told = [hold.name, hold.amount_nano, cost_nano]
            await self._run(self._settle, hold.accounts, told)
        except RedisAway:
            # The ledger has the row: the account is asked of it again, without the hold.
            self._stale.update(hold.accounts)
            for account in hold.accounts:
                self._ended.setdefault(account, set()).add(hold.name)
                cost = Money(cost_nano * _PICO_PER_NANO)
                self._local.spend(account.budget, account.period, cost)

    def _alone(self) -> MemoryPurse:
        """What this process knows by itself. While Redis was there it was told of nothing, so it asks the ledger anew."""
        if not self._is_alone:
            self._is_alone = True
            self._local.doubt()
        return self._local

    async def _refresh(self) -> None:
        """Have accounts asked of the ledger again that Redis was not told everything about."""
        if self._unsure:
            self._ask_again()
        stale, self._stale = self._stale, set()
        ended, self._ended = self._ended, {}
        client = self._link.client
        try:
            for account, names in ended.items():
                await self._link.ask(partial(client.zrem, keys.holds(account.key), *names))
            for some in _in_parts([account.key for account in stale]):
                await self._link.ask(partial(client.delete, *some))
        except RedisAway:
            self._stale |= stale
            for account, names in ended.items():
                self._ended.setdefault(account, set()).update(names)
            raise

    async def _begin(self, accounts: Sequence[_Account]) -> None:
        """Open those accounts that are not there, with what the ledger says was spent."""
        async with self._opening:  # the ledger is asked by one, not by all who wait
            for account in accounts:
                exists = partial(self._link.client.exists, account.key)
                if not await self._link.ask(exists):
                    await self._begin_one(account)

    async def _begin_one(self, account: _Account) -> None:
        spent = await self._spent_in(account)
        resets_s = account.period.resets_s
        # In seconds from now: Redis' clock may be another.
        for_s = 0 if resets_s is None else max(0, int(resets_s - self._unix_s())) + _KEPT_S
        await self._run(self._open, (account,), [_nano(spent), for_s])

    async def _spent_in(self, account: _Account) -> Money:
        """What the ledger says was spent, or what is known here while it cannot be asked: then it is again, later."""
        try:
            spent = await self._spent(account.budget.scope, account.period.start_s)
        except SpentUnknown as unknown:
            self._unsure[account] = self._unix_s() + ASK_AGAIN_S
            for oldest in tuple(islice(self._unsure, max(0, len(self._unsure) - self._most_known))):
                del self._unsure[oldest]
            return unknown.known
        self._unsure.pop(account, None)
        return spent

    def _ask_again(self) -> None:
        """Have the ledger asked of accounts that it could not tell of, in the background: nobody waits for that."""
        now_s = self._unix_s()
        due = (each for each, due_s in self._unsure.items() if due_s <= now_s)
        for account in tuple(islice(due, _ASKED_AT_ONCE)):
            self._unsure[account] = now_s + ASK_AGAIN_S
            self._in_background(self._told_again(account))

    async def _told_again(self, account: _Account) -> None:
        await self._spent_in(account)
        if account not in self._unsure:
            self._stale.add(account)  # with what all processes have written by then

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _run(self, script: Any, accounts: Sequence[_Account], told: Sequence[Any]) -> Any:
        named = [account.key for account in accounts]
        every = [*named, *map(keys.holds, named)]
        return await self._link.ask(lambda: script(keys=every, args=told))

    def _accounts(self, budgets: Sequence[Budget]) -> tuple[_Account, ...]:
        now_s = self._unix_s()
        for budget in budgets:
            self._drawn_on[budget] = None
            self._drawn_on.move_to_end(budget)
        while len(self._drawn_on) > self._most_known:
            self._drawn_on.popitem(last=False)
        return tuple(_Account(budget, budget.period(now_s)) for budget in budgets)


def _in_parts(every: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (every[at : at + _LOOKED_AT] for at in range(0, len(every), _LOOKED_AT))


def _nano(amount: Money) -> int:
    """Whole nano-dollars, rounded up."""
    return -(-amount.pico // _PICO_PER_NANO)
