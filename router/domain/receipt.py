"""A receipt: what one request cost and saved, for the client that asks for it."""

from collections.abc import Sequence

from msgspec import Struct

from router.domain.ledger import CostSource, Entry
from router.domain.money import ZERO, Money


class Receipt(Struct, frozen=True):
    """The books of one answered request. `answer` is the row of the answer that the client got.

    `cost` is that of all attempts, the answer's own and those that failed before it; `is_sure` says
    that none of them was charged by estimate or lacks a price.
    """

    answer: Entry
    cost: Money
    attempts: int
    is_sure: bool

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Receipt":
        """The receipt of a request's entries. Raises ValueError when none of them is its answer."""
        answer = next((entry for entry in entries if entry.is_answer), None)
        if answer is None:
            raise ValueError("a request without an answer has no receipt")
        unsure = (CostSource.ESTIMATED, CostSource.UNPRICED)
        return cls(
            answer=answer,
            cost=sum((entry.cost for entry in entries), ZERO),
            attempts=sum(entry.attempt > 0 for entry in entries),
            is_sure=not any(entry.cost_source in unsure for entry in entries),
        )

    @property
    def saving(self) -> Money:
        """How much more the reference would have cost."""
        return self.answer.baseline - self.cost
