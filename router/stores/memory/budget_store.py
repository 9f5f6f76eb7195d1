"""Budgets kept in this process: for one process, and for tests.

Nothing is awaited between looking and taking, so that two requests never take the same dollar. What was
spent before this process began is read from the ledger, once for each budget and period, before its
first reservation.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from router.domain.budget import Balance, Budget, Period, Scope
from router.domain.money import ZERO, Money
from router.ports import Reservation

MOST_ACCOUNTS = 10_000

ASK_AGAIN_S = 5.0
"""So long after the ledger could not be asked it is asked again, when somebody needs the account."""

Spent = Callable[[Scope, Period], Awaitable[Money]]
"""What a scope has spent in a period, according to the ledger. Raises SpentUnknown."""


class SpentUnknown(Exception):
    """The ledger cannot be asked now; `known` is what is known without it, and may be less than was spent."""

    def __init__(self, known: Money) -> None:
        super().__init__()
        self.known = known


def is_due(due_s: float | None, now_s: float) -> bool:
    """Whether the ledger is to be asked again, which is due then (Unix time) at the latest: a clock may be set back."""
    return due_s is not None and not now_s < due_s <= now_s + ASK_AGAIN_S


async def nothing_spent(_scope: Scope, _period: Period) -> Money:
    """For a store without a ledger behind it."""
    return ZERO


class _Account(Struct):
    """A budget in one of its periods; `holds` says how many reservations there are, each of which may be of nothing."""

    period: Period
    spent: Money = ZERO
    reserved: Money = ZERO
    holds: int = 0
    is_forgotten: bool = False

    def balance(self, budget: Budget) -> Balance:
        return Balance(budget, self.period, self.spent, self.reserved)


class MemoryBudgetStore:
    """Implements `router.ports.BudgetStore` in this process.

    Clients choose tags, so there may be any number of budgets "for each tag": beyond `most_accounts` the
    least recently used one is forgotten, since the ledger knows it.
    """

    def __init__(
        self,
        unix_s: Callable[[], float],
        spent: Spent = nothing_spent,
        *,
        most_accounts: int = MOST_ACCOUNTS,
    ) -> None:
        self._unix_s = unix_s
        self._spent = spent
        self._most_accounts = most_accounts
        self._accounts: OrderedDict[Budget, _Account] = OrderedDict()
        self._opening: dict[Budget, asyncio.Task[_Account]] = {}
        self._doubted: set[Budget] = set()
        self._unsure: dict[Budget, float] = {}

    async def look(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        """The balance of each budget."""
        accounts = [await self._account(budget) for budget in budgets]
        return tuple(a.balance(b) for a, b in zip(accounts, budgets, strict=True))

    async def reserve(self, budgets: Sequence[Budget], amount: Money) -> Reservation | Balance:
        """Set `amount` aside in all budgets; or in none, and return the balance of one that has too little."""
        accounts = await self._every(budgets)
        # From here on nothing is awaited.
        for budget, account in zip(budgets, accounts, strict=True):
            if (balance := account.balance(budget)).left < amount:
                return balance
        for account in accounts:
            account.reserved += amount
            account.holds += 1
        return Reservation(tuple(budgets), amount, tuple(accounts))

    def keep(self, reservation: Reservation, cost: Money) -> Reservation:
        """Set aside `cost` instead, in the same period; returns what is to be settled."""
        accounts = reservation.token
        assert isinstance(accounts, tuple)  # noqa: S101 - our own token
        for account in accounts:
            account.reserved += cost - reservation.amount
        return Reservation(reservation.budgets, cost, accounts)

    def settle(self, reservation: Reservation, cost: Money) -> None:
        """Free what was set aside, and spend `cost`, in the period in which it was set aside."""
        accounts = reservation.token
        assert isinstance(accounts, tuple)  # noqa: S101 - our own token
        for account in accounts:
            account.reserved -= reservation.amount
            account.spent += cost
            account.holds -= 1
        if len(self._accounts) >= self._most_accounts:
            self._used(reservation.budgets)

    def spend(self, budget: Budget, period: Period, cost: Money) -> None:
        """`cost` is spent which was set aside elsewhere; an account that is not open will be told by the ledger."""
        account = self._accounts.get(budget)
        if account is not None and account.period == period:
            account.spent += cost

    def doubt(self) -> None:
        """Much may have been spent elsewhere: each account is asked of the ledger again before it is used."""
        self._doubted = set(self._accounts)

    async def balances(self) -> tuple[Balance, ...]:
        """The balance of every budget drawn on since this process began, or recently, if there are many.

        It is that of the current period, even if nobody has drawn on it yet.
        """
        return await self.look(tuple(self._accounts))

    def seen(self) -> Iterator[Balance]:
        """The balances of current periods; nobody is asked."""
        now_s = self._unix_s()
        for budget, account in self._accounts.items():
            if account.period.has(now_s):
                yield account.balance(budget)

    async def close(self) -> None:
        """Let the ledger answer what it is being asked."""
        await asyncio.gather(*self._opening.values(), return_exceptions=True)

    async def _every(self, budgets: Sequence[Budget]) -> list[_Account]:
        """The current account of each budget, of which none was forgotten while another one was opened."""
        while True:
            accounts = [await self._account(budget) for budget in budgets]
            if not any(account.is_forgotten for account in accounts):
                return accounts

    def _used(self, budgets: Sequence[Budget]) -> None:
        """These are forgotten last: the ledger does not have yet what was just spent in them."""
        for budget in budgets:
            if budget in self._accounts:
                self._accounts.move_to_end(budget)

    async def _account(self, budget: Budget) -> _Account:
        """The account of the current period, opened if need be: by one caller, while all others wait."""
        account = self._accounts.get(budget)
        now_s = self._unix_s()
        is_known = account is not None and budget not in self._doubted
        if account is not None and is_known and account.period.has(now_s):
            self._accounts.move_to_end(budget)
            if is_due(self._unsure.get(budget), now_s):
                self._asked(budget, now_s)  # nobody waits for what could not be told before
            return account
        return await asyncio.shield(self._asked(budget, now_s))

    def _asked(self, budget: Budget, now_s: float) -> asyncio.Task[_Account]:
        """The ledger is being asked, once for all who want to know."""
        if (opening := self._opening.get(budget)) is None:
            opening = asyncio.create_task(self._open(budget, now_s))
            self._opening[budget] = opening
            opening.add_done_callback(lambda _: self._opening.pop(budget, None))
        return opening

    async def _open(self, budget: Budget, now_s: float) -> _Account:
        period, known = budget.period(now_s), self._accounts.get(budget)
        before, doubted = ZERO if known is None else known.spent, self._doubted
        spent, is_sure = await self._spent_in(budget, period)
        # Until now all who needed it have waited; what came into doubt meanwhile stays so.
        doubted.discard(budget)
        if known is not None and known.period == period:
            told = spent + (known.spent - before)  # what was settled meanwhile comes on top
            known.spent = told if is_sure else max(told, known.spent)
            return known
        account = self._accounts[budget] = _Account(period, spent)
        self._make_room()
        return account

    async def _spent_in(self, budget: Budget, period: Period) -> tuple[Money, bool]:
        """What the ledger says, or what is known without it; and whether it is the ledger's word."""
        try:
            spent = await self._spent(budget.scope, period)
        except SpentUnknown as unknown:
            self._unsure[budget] = self._unix_s() + ASK_AGAIN_S
            return unknown.known, False
        self._unsure.pop(budget, None)
        return spent, True

    def _make_room(self) -> None:
        """Forget the least recently used; never one that has something set aside."""
        surplus = len(self._accounts) - self._most_accounts
        for budget in tuple(islice(self._accounts, max(0, surplus))):
            if not self._accounts[budget].holds:
                self._accounts.pop(budget).is_forgotten = True
                self._unsure.pop(budget, None)
                self._doubted.discard(budget)
