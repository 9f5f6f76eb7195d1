"""The books against an invoice: per day and model, with the reason for a difference where it is known.

Reasons are tried in the order of `_REASONS`, and the first that fits is given. A new one is a function and a row.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, field

from router.domain.money import ZERO, Money
from router.ledger.invoices.formats import InvoiceLine

_CENT, _HALF_CENT = Money.from_usd("0.01"), Money.from_usd("0.005")
_DATED = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})(?:-v\d+(?::\d+)?)?$")
_CLOSE = 0.001
"""Token counts that differ by less than a thousandth are taken to agree."""

Place = tuple[str, str]
"""A day, and a model's id, or a vendor's name where the catalog knows none."""


class Booked(Struct, frozen=True):
    """What the ledger has for a model on a day; tokens are those that the upstream processed."""

    cost: Money = ZERO
    estimated: Money = ZERO
    estimated_attempts: int = 0
    unpriced_attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """The tokens of prompts and answers."""
        return self.input_tokens + self.output_tokens

    @property
    def is_chargeable(self) -> bool:
        """Whether an invoice should have it: what is free by its price should be on none."""
        return bool(self.cost or self.unpriced_attempts)

    def __add__(self, other: "Booked") -> "Booked":
        return Booked(
            *(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__)
        )


class Invoiced(Struct, frozen=True):
    """What the invoice has for a model on a day. `tokens` is None if it has no counts.

    `cost` may be off by `rounding`: in an invoice in whole cents, each amount was rounded by up to half a cent.
    """

    cost: Money = ZERO
    rounding: Money = ZERO
    other_items: Money = ZERO
    items: tuple[str, ...] = ()
    tokens: int | None = None


class Difference(Struct, frozen=True):
    """One day and model: both amounts, and why they differ, "" where that is not known."""

    day: str
    model: str
    invoiced: Money
    booked: Money
    is_within: bool
    reason: str = ""

    @property
    def off_by(self) -> Money:
        """How much more the invoice has than the books."""
        return self.invoiced - self.booked


class Reconciliation(Struct, frozen=True):
    """All days and models, in order, and both totals."""

    lines: tuple[Difference, ...]

    @property
    def invoiced(self) -> Money:
        """The whole invoice."""
        return sum((line.invoiced for line in self.lines), ZERO)

    @property
    def booked(self) -> Money:
        """All that the ledger has."""
        return sum((line.booked for line in self.lines), ZERO)

    @property
    def agrees(self) -> bool:
        """Whether every line is within the tolerance."""
        return all(line.is_within for line in self.lines)


def reconcile(
    lines: Iterable[InvoiceLine],
    booked: Mapping[Place, Booked],
    names: Mapping[str, str],
    tolerance: float = 0.01,
) -> Reconciliation:
    """Compare an invoice with the books.

    `names` map the vendors' names of models, and our ids, to our ids; what was booked under a vendor's name
    (before a model got another id, or for a vector) is its model's, too. What is booked for a model without an
    id (on a path that is passed through) goes by the name that it has there. A difference below a cent, below the
    share `tolerance` of the larger amount, or within what rounding explains, does not count.
    """
    names = {model: known_as(model, names) for _, model in booked} | dict(names)
    invoiced, ours = _by_place(lines, names), _by_id(booked, names)
    sides = _Sides(invoiced, ours, tolerance)
    places = sorted({*invoiced, *(place for place, each in ours.items() if each.is_chargeable)})
    return Reconciliation(tuple(sides.difference(place) for place in places))


def known_as(name: str, names: Mapping[str, str]) -> str:
    """Our id of the model that a vendor calls `name`, dated or not; `name` itself if we have none."""
    for form in (name, _DATED.sub("", name)):
        if form in names:
            return names[form]
    ours = {id_ for given, id_ in names.items() if _DATED.sub("", given) == name}
    return ours.pop() if len(ours) == 1 else name


def _by_place(lines: Iterable[InvoiceLine], names: Mapping[str, str]) -> dict[Place, Invoiced]:
    found: defaultdict[Place, list[InvoiceLine]] = defaultdict(list)
    in_cents = True
    for line in lines:
        in_cents &= line.cost.pico % _CENT.pico == 0
        found[line.day, known_as(line.model, names) if line.model else line.item].append(line)
    half = _HALF_CENT if in_cents else ZERO
    return {place: _summed(these, half) for place, these in found.items()}


def _by_id(booked: Mapping[Place, Booked], names: Mapping[str, str]) -> dict[Place, Booked]:
    found: defaultdict[Place, Booked] = defaultdict(Booked)
    for (day, model), each in booked.items():
        found[day, known_as(model, names)] += each
    return dict(found)


def _summed(lines: Sequence[InvoiceLine], rounding: Money) -> Invoiced:
    """All lines together, each of which may be off by `rounding`, also one that was rounded to nothing."""
    counts = [
        (line.input_tokens or 0) + (line.output_tokens or 0)
        for line in lines
        if line.input_tokens is not None or line.output_tokens is not None
    ]
    others = [line for line in lines if not line.is_tokens]
    return Invoiced(
        cost=sum((line.cost for line in lines), ZERO),
        rounding=rounding * len(lines),
        other_items=sum((line.cost for line in others), ZERO),
        items=tuple(dict.fromkeys(line.item for line in others)),
        tokens=sum(counts) if counts else None,
    )


class _Sides(Struct, frozen=True):
    """Invoice and books, side by side."""

    invoiced: Mapping[Place, Invoiced]
    booked: Mapping[Place, Booked]
    tolerance: float
    _nothing_invoiced: Invoiced = field(default=Invoiced())
    _nothing_booked: Booked = field(default=Booked())

    def at(self, place: Place) -> tuple[Invoiced, Booked]:
        """Both sides at a place, empty where one has nothing."""
        return (
            self.invoiced.get(place, self._nothing_invoiced),
            self.booked.get(place, self._nothing_booked),
        )

    def off_by(self, place: Place) -> Money:
        """How much more the invoice has at a place."""
        invoiced, booked = self.at(place)
        return invoiced.cost - booked.cost

    def is_within(self, off_by: Money, *amounts: Money) -> bool:
        """Whether a difference is too small to report."""
        largest = max((abs(amount.pico) for amount in amounts), default=0)
        return abs(off_by.pico) <= max(_CENT.pico, int(largest * self.tolerance))

    def difference(self, place: Place) -> Difference:
        """The line of a place, with its reason."""
        invoiced, booked = self.at(place)
        off_by = invoiced.cost - booked.cost
        within = self.is_within(off_by, invoiced.cost, booked.cost)
        within = within or abs(off_by.pico) <= invoiced.rounding.pico
        reason = "" if within else next(filter(None, (why(self, place) for why in _REASONS)), "")
        return Difference(*place, invoiced.cost, booked.cost, within, reason)


def _shifted(sides: _Sides, place: Place) -> str:
    day, model = place
    here, days = sides.off_by(place), {d for d, m in {*sides.invoiced, *sides.booked} if m == model}
    for other in sorted((each for each in days if _is_next_to(each, day)), reverse=True):
        there = sides.off_by((other, model))
        # Each must be a difference in itself: one that is negligible cancels nothing.
        if abs(there.pico) > _CENT.pico and sides.is_within(here + there, here):
            return f"{other} is off by the opposite: the invoice counts days in another time zone"
    return ""


def _is_next_to(one: str, other: str) -> bool:
    return abs((date.fromisoformat(one) - date.fromisoformat(other)).days) == 1


def _other_items(sides: _Sides, place: Place) -> str:
    invoiced, booked = sides.at(place)
    other = invoiced.other_items
    if other and sides.is_within(invoiced.cost - other - booked.cost, invoiced.cost):
        return f"{other} USD are not for tokens: {', '.join(invoiced.items)}"
    return ""


def _not_booked(sides: _Sides, place: Place) -> str:
    if place in sides.booked:
        return ""
    return "nothing is booked: requests that did not go through Farthing"


def _not_invoiced(sides: _Sides, place: Place) -> str:
    if place in sides.invoiced:
        return ""
    return "nothing is invoiced: another account's key, or an incomplete invoice"


def _unpriced(sides: _Sides, place: Place) -> str:
    invoiced, booked = sides.at(place)
    if booked.unpriced_attempts and invoiced.cost > booked.cost:
        return f"{_attempts(booked.unpriced_attempts)} used something without a known rate"
    return ""


def _free(sides: _Sides, place: Place) -> str:
    _, booked = sides.at(place)
    if booked.is_chargeable or not booked.tokens:
        return ""
    return f"{booked.tokens:,} tokens are booked at a price of 0: add the model's price"


def _other_price(sides: _Sides, place: Place) -> str:
    invoiced, booked = sides.at(place)
    if invoiced.tokens is None or not booked.tokens:
        return ""
    if abs(invoiced.tokens - booked.tokens) > booked.tokens * _CLOSE:
        return ""
    ratio = invoiced.cost.pico / booked.cost.pico if booked.cost else 0.0
    times = f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"
    return f"the tokens agree, the price does not: it is {times} times ours"


def _estimated(sides: _Sides, place: Place) -> str:
    invoiced, booked = sides.at(place)
    lacking = booked.cost - invoiced.cost
    if booked.estimated_attempts and ZERO < lacking <= booked.estimated + _CENT:
        return (
            f"{_attempts(booked.estimated_attempts)} charged by estimate"
            f" ({booked.estimated} USD); some were not billed, or for less"
        )
    return ""


def _more_tokens(sides: _Sides, place: Place) -> str:
    invoiced, booked = sides.at(place)
    if invoiced.tokens is None or invoiced.tokens <= booked.tokens:
        return ""
    more = invoiced.tokens - booked.tokens
    return f"the invoice has {more:,} more tokens: requests that did not go through Farthing"


def _fewer_tokens(sides: _Sides, place: Place) -> str:
    invoiced, booked = sides.at(place)
    if invoiced.tokens is None or invoiced.tokens >= booked.tokens:
        return ""
    return f"the invoice has {booked.tokens - invoiced.tokens:,} fewer tokens than were booked"


def _attempts(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count:,} attempts"


_REASONS: tuple[Callable[[_Sides, Place], str], ...] = (
    _shifted,
    _other_items,
    _not_booked,
    _not_invoiced,
    _unpriced,
    _free,
    _other_price,
    _estimated,
    _more_tokens,
    _fewer_tokens,
)
