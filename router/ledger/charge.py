"""What a call used and cost, and how well that is known."""

from msgspec import Struct

from router.domain.ledger import CostSource
from router.domain.members import replace
from router.domain.money import ZERO, Money
from router.domain.price import STANDARD, Bill, Price
from router.domain.usage import NO_USAGE, Usage, UsageSource

STATED = "stated in the answer"
"""The source of a price that is a provider's own bill for the call."""
_CONSULTED = "the tokens of another model that was asked on the way"
_DIFFERENCE = 100
"""A cost that differs from the one that was stated by more than a part of so many of that is noted."""


class Charge(Struct, frozen=True):
    """What an attempt used and cost, and how well that is known. `price_source` is "" for the model's price."""

    usage: Usage = NO_USAGE
    usage_source: UsageSource = UsageSource.NONE
    cost: Money = ZERO
    cost_source: CostSource = CostSource.FREE
    note: str = ""
    service_tier: str = STANDARD
    price_source: str = ""

    @property
    def is_stated(self) -> bool:
        """Whether the cost is the provider's own bill."""
        return self.price_source == STATED


NO_CHARGE = Charge()


def charged(price: Price, usage: Usage, source: UsageSource, tier: str = STANDARD) -> Charge:
    """What `usage` costs at `price`, and how well that is known, `source` being where it comes from."""
    bill = price.bill(usage, tier)
    trust = _cost_source(price.is_free, bill, source)
    return Charge(usage, source, bill.amount, trust, _note(bill), tier)


def as_stated(charge: Charge, stated: Money | None, *, is_bill: bool) -> Charge:
    """`charge` with the cost that the provider has stated, if that `is_bill`: it is known to bill what it states.

    Elsewhere it may be an estimate, or in another currency, so that it is only noted. That nothing was charged is not
    believed of an answer without counts. Where a bill is not stated, its fees are not known.
    """
    if stated is None:
        return _estimated(charge) if is_bill else charge
    if is_bill and (stated or charge.usage_source is UsageSource.UPSTREAM):
        source = CostSource.PRICED
        return replace(charge, cost=stated, cost_source=source, note="", price_source=STATED)
    if not stated or abs(stated.pico - charge.cost.pico) * _DIFFERENCE <= stated.pico:
        return charge
    return _noted(charge, f"the answer states {stated} USD")


def _estimated(charge: Charge) -> Charge:
    if charge.cost_source is not CostSource.PRICED:
        return charge
    return replace(
        _noted(charge, "the answer does not state its cost"), cost_source=CostSource.ESTIMATED
    )


def with_unknown_part(charge: Charge) -> Charge:
    """`charge` without other models' work that cannot be charged: nobody is told that this is all."""
    if charge.cost_source is CostSource.FREE:
        return charge
    return replace(_noted(charge, f"no rate for {_CONSULTED}"), cost_source=CostSource.UNPRICED)


def _noted(charge: Charge, note: str) -> Charge:
    return replace(charge, note="; ".join(filter(None, (note, charge.note))))


def _cost_source(is_free: bool, bill: Bill, usage: UsageSource) -> CostSource:
    if is_free:
        return CostSource.FREE
    if bill.unpriced:
        return CostSource.UNPRICED
    sure = usage is UsageSource.UPSTREAM and not bill.stood_in
    return CostSource.PRICED if sure else CostSource.ESTIMATED


def _note(bill: Bill) -> str:
    parts = []
    if bill.unpriced:
        parts.append(f"no rate for {', '.join(bill.unpriced)}")
    if bill.stood_in:
        parts.append(f"no rate of its own for {', '.join(bill.stood_in)}")
    return "; ".join(parts)
