"""Top movers: what changed from one period to the one before, and whether by volume or by price.

For a group with `n` requests that cost `c` now, and `m` that cost `d` before, the change `c - d` is the
sum of a volume effect, `(n - m) * d / m`, which is what the additional requests would have added at the
old cost, and a price effect, the rest: more expensive models, longer answers, fewer cache hits. Rounding goes to
the price effect, so the two add up to the pico-dollar. Where a period has no requests, calls stand for them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from msgspec import Struct

from router.domain.errors import FarthingError
from router.domain.money import Money
from router.ledger.report import Filters, Report, Totals


class Mover(Struct, frozen=True):
    """How one group changed. The change of a group that is new, or gone, is all volume."""

    name: str
    before: Totals
    now: Totals

    @property
    def change(self) -> Money:
        """How much more it costs than before."""
        return self.now.cost - self.before.cost

    @property
    def share(self) -> float | None:
        """The change as a share of the cost before; None where there was none."""
        return self.change.pico / self.before.cost.pico if self.before.cost else None

    @property
    def by_volume(self) -> Money:
        """The part of the change that comes from more, or fewer, requests."""
        before, now = self._counts
        if not before or not now:
            return self.change
        return Money(round(Fraction((now - before) * self.before.cost.pico, before)))

    @property
    def by_price(self) -> Money:
        """The part that comes from the cost of a request."""
        return self.change - self.by_volume

    @property
    def is_new(self) -> bool:
        """Whether nothing was asked of it before."""
        return not any(_counts_of(self.before)) and any(_counts_of(self.now))

    @property
    def is_gone(self) -> bool:
        """Whether nothing is asked of it any more."""
        return any(_counts_of(self.before)) and not any(_counts_of(self.now))

    @property
    def _counts(self) -> tuple[int, int]:
        """The requests before and now; the calls, where a period has none: a cascade's first models seldom answer."""
        requests = (self.before.requests, self.now.requests)
        return requests if all(requests) else (self.before.attempts, self.now.attempts)


def _counts_of(totals: Totals) -> tuple[int, int]:
    return totals.requests, totals.attempts


def period_before(since: str, until: str) -> tuple[str, str]:
    """The days (ISO, inclusive) of the period just before this one, of the same length.

    Raises FarthingError where that would begin before there were years.
    """
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    length = (last - first) + timedelta(days=1)
    try:
        return (first - length).isoformat(), (first - timedelta(days=1)).isoformat()
    except OverflowError:
        raise FarthingError(f"no period as long as {since} to {until} precedes it") from None


def filters_before(filters: Filters) -> Filters:
    """The same filters for the period before. Raises ValueError for a period that lacks an end."""
    since, until = period_before(filters.since, filters.until)
    names = ("key", "tag", "policy", "category", "model", "upstream")
    return Filters(since, until, **{name: getattr(filters, name) for name in names})


def movers(before: Report, now: Report) -> tuple[Mover, ...]:
    """The groups of both reports, those whose cost changed most first."""
    old, new = _by_name(before), _by_name(now)
    every = [Mover(name, old.get(name, Totals()), new.get(name, Totals())) for name in {*old, *new}]
    return tuple(sorted(every, key=lambda each: (-abs(each.change.pico), each.name)))


def all_together(before: Report, now: Report) -> Mover:
    """The change of the totals."""
    return Mover("total", before.total, now.total)


def _by_name(report: Report) -> Mapping[str, Totals]:
    return {group.name: group.totals for group in report.groups}
