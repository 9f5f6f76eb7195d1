"""Budgets in Redis, shared by every process that uses the same server.

Scripts look and take in one step. An account that is not there is first read from the ledger; if two
processes do so at once, the first one's answer stays.

A process that dies cannot settle: what it had set aside lapses after a while, and counts as spent from
then on, since it may have been. Amounts are rounded up to a nano-dollar, at which Lua's numbers are exact
up to nine million dollars.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from router.domain.budget import Balance, Budget
from router.domain.members import replace
from router.domain.money import Money
from router.ports import Reservation
from router.stores.memory.budget_store import (
    ASK_AGAIN_S,
    MOST_ACCOUNTS,
    MemoryBudgetStore,
    Spent,
    SpentUnknown,
)
from router.stores.redis import keys
from router.stores.redis.accounts import (
    PICO_PER_NANO,
    Accounts,
    BudgetPeriod,
    ReadBalance,
    UnsureAccounts,
    bounding_of,
)
from router.stores.redis.batches import Word
from router.stores.redis.holding import KEEP, LOOK, OPEN, RESERVE, SETTLE, Apart, Hold
from router.stores.redis.link import RedisAway, RedisLink
from router.stores.redis.script import Script

_LAPSE_S = 1800.0
"""After this a hold is given up on, unless a request may take longer than half of it."""
_KEPT_S = 86_400
"""How long an account outlives its period."""
_WRITTEN_S = 10.0
"""So long after a settlement the ledger may not have the row yet."""

_T = TypeVar("_T")
_LOOKED_AT = 100
"""Accounts per command: while Redis looks at them, nobody else is answered."""

_ASKED_AT_ONCE = 8
"""Accounts of which the ledger is asked in the background: it may be ill still, and there may be thousands of them."""

_UNKNOWN, _TAKEN = b"unknown", b"taken"


class RedisBudgetStore:
    """Implements `router.ports.BudgetStore` on a Redis; while that is away, in this process, seeded by the ledger.

    Clients choose tags, so there may be any number of budgets "for each tag": this process knows the last
    `most_known` that it has drawn on. A request takes at most `longest_s` seconds.
    """

    def __init__(
        self,
        link: RedisLink,
        unix_s: Callable[[], float],
        spent: Spent,
        *,
        most_known: int = MOST_ACCOUNTS,
        longest_s: float = 600.0,
    ) -> None:
        self._lapse_s = max(_LAPSE_S, 2 * longest_s)
        self._link = link
        self._unix_s = unix_s
        self._spent = spent
        self._local = MemoryBudgetStore(unix_s, spent)
        self._accounts = Accounts(unix_s, most_known)
        self._settling: set[asyncio.Task[None]] = set()
        self._stale: set[BudgetPeriod] = set()
        self._ended: dict[BudgetPeriod, set[str]] = {}
        self._unsure = UnsureAccounts(most_known)
        self._is_alone = False
        self._opening = asyncio.Lock()
        self._comparing = asyncio.Lock()
        self._asking: set[asyncio.Task[None]] = set()
        self._look = Script(link, LOOK)
        self._reserve = Script(link, RESERVE)
        self._keep = Script(link, KEEP)
        self._settle = Script(link, SETTLE)
        self._open = Script(link, OPEN)

    async def look(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        """The balance of each budget, up to two seconds old while at least a quarter of it is left.

        Only `reserve` has to be exact, since nothing is spent without it.
        """
        now_s, known = self._unix_s(), self._accounts.known(budgets)
        trusted = [balance for each in known if (balance := each.trusted(now_s))]
        if len(trusted) == len(known) and not (self._is_alone or self._stale):
            return tuple(trusted)
        return await self._read_anew(known)

    async def _read_anew(self, known: Sequence[ReadBalance]) -> tuple[Balance, ...]:
        """The current balances, which are noted; what was set back is read from the ledger first."""
        budgets, before = [each.account.budget for each in known], [each.spent for each in known]
        balances = await self._read(budgets)
        if not self._is_alone and self._were_set_back(known, before, balances):
            balances = await self._read(budgets)
        now_s = self._unix_s()
        for each, balance in zip(known, balances, strict=True):
            each.read(balance, now_s)
        return balances

    def _were_set_back(
        self,
        known: Sequence[ReadBalance],
        before: Sequence[Money | None],
        balances: Sequence[Balance],
    ) -> bool:
        """Whether less is spent than before: Redis came back with an older state, of a disk or of a replica.

        An account that is met for the first time, or again after Redis was away, may be older than others know: the
        ledger is asked in the background, of some now and of the others when they are read again.
        """
        older, now_s = set[BudgetPeriod](), self._unix_s()
        for each, spent, balance in zip(known, before, balances, strict=True):
            if not each.is_compared and len(self._asking) < _ASKED_AT_ONCE:
                each.is_compared = True
                self._ask(self._compare(each.account, balance))
            if each.was_set_back(balance, spent, now_s):
                older.add(each.account)
        self._stale |= older
        return bool(older)

    async def _compare(self, account: BudgetPeriod, balance: Balance) -> None:
        """Have an account read from the ledger again that cannot be what the ledger has."""
        async with self._comparing:
            told = await self._spent_in(account)
        if told > balance.spent + balance.reserved:
            (now,) = await self._read((account.budget,))
            if told > now.spent + now.reserved:
                self._stale.add(account)

    async def balances(self) -> Sequence[Balance]:
        """The balance of every budget that this process has drawn on, or has recently, if there are many."""
        balances: list[Balance] = []
        for some in _in_parts(self._accounts.budgets):
            balances += await self._read_anew(self._accounts.known(some))
        return balances

    def seen(self) -> Iterator[Balance]:
        """The balances of current periods as they were last read; nobody is asked."""
        return self._accounts.seen()

    async def reserve(self, budgets: Sequence[Budget], amount: Money) -> Reservation | Balance:
        """Set `amount` aside in all budgets; or in none, and return the balance of one that has too little."""
        accounts, was_up = self._accounts.of(budgets), self._link.is_up
        lapses_s = self._unix_s() + self._lapse_s
        hold = Hold(accounts, secrets.token_hex(8), _nano(amount), lapses_s)
        asking = asyncio.create_task(self._lacking(hold))
        try:
            lacking = await asyncio.shield(asking)
        except RedisAway:
            return await self._reserve_apart(budgets, amount, hold, was_asked=was_up)
        except asyncio.CancelledError:
            self._in_background(self._let_go(hold, asking))
            raise
        self._is_alone = False
        if lacking is not None:
            self._accounts.distrust(budgets)
            return lacking
        return Reservation(tuple(budgets), amount, hold)

    async def _lacking(self, hold: Hold) -> Balance | None:
        """The balance of an account that has too little for `hold`; None if it is held in all of them."""
        bounding = bounding_of(hold.accounts)
        caps = [each.budget.usd.pico // PICO_PER_NANO for each in bounding]
        told: list[Word] = [self._lapse_s, hold.amount_nano, hold.token, *caps]
        await self._refresh()
        answer = await self._run(self._reserve, bounding, told)
        if answer == _UNKNOWN:
            await self._begin(bounding)
            answer = await self._run(self._reserve, bounding, told)
        if answer == _UNKNOWN:
            raise RedisAway  # it forgets accounts faster than they are opened
        if answer == _TAKEN:
            return None
        place, spent, reserved = answer
        return bounding[int(place) - 1].balance(int(spent), int(reserved))

    async def _reserve_apart(
        self, budgets: Sequence[Budget], amount: Money, hold: Hold, *, was_asked: bool
    ) -> Reservation | Balance:
        self._stale.update(hold.accounts)
        try:
            here = await self._alone().reserve(budgets, amount)
        except asyncio.CancelledError:
            self._lost(hold, was_asked=was_asked)
            raise
        if isinstance(here, Balance):
            self._lost(hold, was_asked=was_asked)
            return here
        return Reservation(here.budgets, amount, Apart(here, hold, was_asked))

    def keep(self, reservation: Reservation, cost: Money) -> Reservation:
        """Set aside `cost` instead; returns what is to be settled. Redis is told in the background."""
        token = reservation.token
        if isinstance(token, Apart):
            here = self._local.keep(token.here, cost)
            return Reservation(reservation.budgets, cost, replace(token, here=here))
        assert isinstance(token, Hold)  # noqa: S101 - our own token
        told = self._in_background(self._told_to_keep(token, _nano(cost)))
        kept = replace(token, amount_nano=_nano(cost), after=told)
        return Reservation(reservation.budgets, cost, kept)

    def settle(self, reservation: Reservation, cost: Money) -> None:
        """Free what was set aside, and spend `cost`. Redis is told in the background."""
        token = reservation.token
        if isinstance(token, Apart):
            self._local.settle(token.here, cost)
            self._in_background(self._told_apart(token, cost))
            return
        assert isinstance(token, Hold)  # noqa: S101 - our own token
        self._in_background(self._told_or_spent(token, cost))

    async def close(self) -> None:
        """Finish the settlements that are in progress."""
        await asyncio.gather(*self._settling)

    async def _read(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        """The current balance of each budget."""
        accounts = self._accounts.of(budgets)
        try:
            await self._refresh()
            found = await self._run(self._look, accounts)
            if None in found:
                await self._begin(accounts)
                found = await self._run(self._look, accounts)
        except RedisAway:
            return await self._alone().look(budgets)
        self._is_alone = False
        pairs = zip(accounts, found[::2], found[1::2], strict=True)
        return tuple(a.balance(int(spent or 0), int(held or 0)) for a, spent, held in pairs)

    async def _told_to_keep(self, hold: Hold, cost_nano: int) -> None:
        """Have Redis hold less, or more. If it does not answer, it may hold either, and is not to."""
        if hold.after is not None:
            await hold.after
        told: list[Word] = [hold.amount_nano, hold.token, cost_nano]
        try:
            await self._run(self._keep, bounding_of(hold.accounts), told)
        except RedisAway:
            self._lost(hold, was_asked=True)
            self._lost(replace(hold, amount_nano=cost_nano), was_asked=True)

    async def _told_or_spent(self, hold: Hold, cost: Money) -> None:
        """Tell Redis, or else this process, in which nothing was set aside for it."""
        if hold.after is not None:
            await hold.after
        try:
            if await self._tell(hold, _nano(cost), _WRITTEN_S):
                self._ask_later(hold.accounts)  # they may be opened before the ledger has the row
        except RedisAway:
            self._lost(hold, was_asked=True)
            for account in hold.accounts:
                self._local.spend(account.budget, account.period, cost)

    async def _told_apart(self, apart: Apart, cost: Money) -> None:
        """Tell Redis as well, if it is back; if it has no account, whoever opens it is told by the ledger."""
        try:
            if await self._tell(apart.hold, _nano(cost)):
                self._stale.update(apart.hold.accounts)
        except RedisAway:
            self._lost(apart.hold, was_asked=apart.was_asked)

    async def _let_go(self, hold: Hold, asking: "asyncio.Task[Balance | None]") -> None:
        """Have nothing held, once Redis has answered: what is sent now could overtake what is to be undone."""
        try:
            if await asking is None:
                await self._tell(hold, 0)
        except RedisAway:
            self._lost(hold, was_asked=True)

    async def _tell(self, hold: Hold, cost_nano: int, for_s: float = 0) -> int:
        """Settle in Redis; returns how many of the accounts it has lost, where the cost stands in for `for_s`."""
        accounts, is_due = bounding_of(hold.accounts), self._unix_s() < hold.lapses_s
        told: list[Word] = [hold.token, hold.amount_nano, cost_nano, int(is_due), for_s]
        kept = map(self._kept_s, accounts)
        lost: int = await self._run(self._settle, accounts, [*told, *kept])
        return lost

    def _lost(self, hold: Hold, *, was_asked: bool) -> None:
        """The ledger has the row, if there is any: the accounts are read from it again, without the hold."""
        self._stale.update(hold.accounts)
        for account in hold.accounts if was_asked else ():
            self._ended.setdefault(account, set()).add(hold.name)

    def _alone(self) -> MemoryBudgetStore:
        """What this process knows by itself. While Redis was there it was told nothing, so the ledger is asked anew."""
        if not self._is_alone:
            self._is_alone = True
            self._local.doubt()
            self._accounts.doubt()
        return self._local

    async def _refresh(self) -> None:
        """Have those accounts read from the ledger again that Redis was not told everything about."""
        if self._unsure:
            self._ask_again()
        stale, self._stale = self._stale, set()
        ended, self._ended = self._ended, {}
        try:
            for account, names in ended.items():
                await self._link.send("ZREM", keys.holds(account.key), *names)
            for some in _in_parts([account.key for account in stale]):
                await self._link.send("DEL", *some)
        except BaseException:  # also if who asked has left: Redis was not told
            self._stale |= stale
            for account, names in ended.items():
                self._ended.setdefault(account, set()).update(names)
            raise

    async def _begin(self, accounts: Sequence[BudgetPeriod]) -> None:
        """Open those accounts that are not there, with what the ledger says was spent."""
        async with self._opening:  # one caller asks the ledger, not all who wait
            for account in accounts:
                if not await self._link.send("EXISTS", account.key):
                    await self._begin_one(account)

    async def _begin_one(self, account: BudgetPeriod) -> None:
        spent = await self._spent_in(account)
        self._accounts.opened(account, spent)
        told: list[Word] = [_nano(spent), self._kept_s(account)]
        await self._run(self._open, (account,), told)

    def _kept_s(self, account: BudgetPeriod) -> int:
        """For how long Redis keeps an account, 0 for ever; in seconds from now, since its clock may differ."""
        resets_s = account.period.resets_s
        return 0 if resets_s is None else max(0, int(resets_s - self._unix_s())) + _KEPT_S

    async def _spent_in(self, account: BudgetPeriod) -> Money:
        """What the ledger says was spent, or what is known here while it cannot be asked: then it is again, later."""
        try:
            return await self._spent(account.budget.scope, account.period)
        except SpentUnknown as unknown:
            self._ask_later((account,))
            return unknown.known

    def _ask_later(self, accounts: Sequence[BudgetPeriod]) -> None:
        """Have the ledger asked of them again, when somebody needs them."""
        self._unsure.keep(accounts, self._unix_s() + ASK_AGAIN_S)

    def _ask_again(self) -> None:
        """Have the ledger asked of accounts that it could not tell of, in the background: nobody waits for that."""
        for account in self._unsure.take(self._unix_s(), _ASKED_AT_ONCE - len(self._asking)):
            self._ask(self._told_again(account))

    async def _told_again(self, account: BudgetPeriod) -> None:
        """Have the account read from the ledger if that has more: what others spent may be on its way there."""
        told = await self._spent_in(account)
        if account not in self._unsure:
            (now,) = await self._read((account.budget,))
            if told > now.spent:
                self._stale.add(account)

    def _ask(self, work: Coroutine[Any, Any, None]) -> None:
        asking = self._in_background(work)
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return task

    async def _run(
        self, script: Script, accounts: Sequence[BudgetPeriod], told: Sequence[Word] = ()
    ) -> Any:
        named = [account.key for account in accounts]
        return await script([*named, *map(keys.holds, named)], told)


def _in_parts(every: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (every[at : at + _LOOKED_AT] for at in range(0, len(every), _LOOKED_AT))


def _nano(amount: Money) -> int:
    """Whole nano-dollars, rounded up."""
    return -(-amount.pico // PICO_PER_NANO)
