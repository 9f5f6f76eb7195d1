"""The money of one request: what is set aside for each of its attempts, and settled when it ends."""

from dataclasses import dataclass, field

from router.dispatch.commands import Start
from router.domain.budget import Balance, Budget
from router.domain.fault import Fault
from router.domain.money import ZERO, Money
from router.pipeline.refusals import budget_fault
from router.ports import Purse, Reservation


@dataclass(slots=True)
class Wallet:
    """What is reserved from `budgets` for one request; without budgets, nothing ever is."""

    purse: Purse
    budgets: tuple[Budget, ...]
    _held: dict[int, Reservation] = field(default_factory=dict)

    async def set_aside(self, start: Start) -> Fault | None:
        """Reserve the most that an attempt may cost. Returns a fault if there is too little."""
        if not self.budgets:
            return None
        wanted = start.candidate.cost.upper
        answer = await self.purse.reserve(self.budgets, wanted)
        if isinstance(answer, Balance):
            return budget_fault(answer, wanted)
        self._held[start.attempt] = answer
        return None

    def settle(self, attempt: int, cost: Money) -> None:
        """The attempt has ended, at this cost."""
        if (reservation := self._held.pop(attempt, None)) is not None:
            self.purse.settle(reservation, cost)

    async def pay(self, cost: Money) -> None:
        """Spend the cost of a call for which nothing was set aside, because it is small: that of a vector."""
        if not self.budgets or not cost:
            return
        held = await self.purse.reserve(self.budgets, ZERO)
        if not isinstance(held, Balance):  # nothing fits into every budget
            self.purse.settle(held, cost)

    def close(self) -> None:
        """Free what is still set aside: for attempts that were never made."""
        for attempt in tuple(self._held):
            self.settle(attempt, ZERO)
