"""The money of one request: what is set aside for each of its attempts, and settled when it ends."""

from msgspec import Struct, field

from router.dispatch.commands import Start
from router.domain.budget import Balance, Budget
from router.domain.fault import Fault
from router.domain.money import ZERO, Money
from router.pipeline.refusals import budget_fault
from router.ports import BudgetStore, Reservation


class Reservations(Struct):
    """What is reserved from `budgets` for one request; without budgets, nothing ever is.

    What an attempt cost is spent when the ledger is handed the request's rows. Were it before, an account that
    is lost until then, and read from the ledger again, would never know of it.
    """

    budget_store: BudgetStore
    budgets: tuple[Budget, ...]
    _held: dict[int, Reservation] = field(default_factory=dict)
    _ended: list[tuple[Reservation, Money]] = field(default_factory=list)
    _is_closed: bool = False

    async def set_aside(self, start: Start) -> Fault | None:
        """Reserve the most that an attempt may cost. Returns a fault if there is too little."""
        if not self.budgets:
            return None
        self._keep_costs()
        wanted = start.candidate.cost.upper
        answer = await self.budget_store.reserve(self.budgets, wanted)
        if isinstance(answer, Balance):
            return budget_fault(answer, wanted)
        self._held[start.attempt] = answer
        return None

    def settle(self, attempt: int, cost: Money) -> None:
        """The attempt has ended, at this cost; if that is nothing, what was set aside is free at once.

        Else, while others go on, no more than the cost stays set aside.
        """
        if (reservation := self._held.pop(attempt, None)) is None:
            return
        if not cost:  # no account can lack it, and a retry may have to wait
            self.budget_store.settle(reservation, ZERO)
            return
        self._ended.append((reservation, cost))
        if self._held:
            self._keep_costs()

    async def pay(self, cost: Money) -> None:
        """A call has this cost for which nothing was set aside, because it is small: that of a vector."""
        if not self.budgets or not cost:
            return
        held = await self.budget_store.reserve(self.budgets, ZERO)
        if isinstance(held, Balance):
            return  # but nothing fits into every budget
        if self._is_closed:  # the client has left meanwhile
            self.budget_store.settle(held, cost)
        else:
            self._ended.append((held, cost))
            self._keep_costs()

    def close(self) -> None:
        """The ledger is handed the rows: spend what attempts cost, and free what was set aside for those never made."""
        self._is_closed = True
        ended, self._ended = self._ended, []
        unmade, self._held = self._held, {}
        for reservation, cost in (*ended, *((each, ZERO) for each in unmade.values())):
            self.budget_store.settle(reservation, cost)

    def _keep_costs(self) -> None:
        """Have nothing but their costs set aside for the attempts that have ended."""
        self._ended = [
            (held if held.amount == cost else self.budget_store.keep(held, cost), cost)
            for held, cost in self._ended
        ]
