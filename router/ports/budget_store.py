"""Budgets: what was spent, and what is set aside."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from router.domain.budget import Balance, Budget
from router.domain.money import Money


class Reservation(Struct, frozen=True):
    """Money that is set aside for an attempt; it must be settled once. `token` is its keeper's own."""

    budgets: tuple[Budget, ...]
    amount: Money
    token: object = None


class BudgetStore(Protocol):
    """Keeps budgets: what was spent, and what is set aside for attempts in flight."""

    async def look(self, budgets: Sequence[Budget]) -> tuple[Balance, ...]:
        """The balance of each budget."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """The balance of every budget that was drawn on."""
        ...

    def seen(self) -> Iterable[Balance]:
        """The balances of current periods as this process last saw them; nobody is asked."""
        ...

    async def reserve(self, budgets: Sequence[Budget], amount: Money) -> Reservation | Balance:
        """Set `amount` aside in all budgets; or in none, and return the balance of one that has too little."""
        ...

    def keep(self, reservation: Reservation, cost: Money) -> Reservation:
        """Set aside `cost` instead, what the attempt turned out to cost. Returns at once what is to be settled.

        Until the ledger has the row, only what is set aside tells of it, should an account be lost.
        """
        ...

    def settle(self, reservation: Reservation, cost: Money) -> None:
        """Free what was set aside, and spend `cost`. Returns at once."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
