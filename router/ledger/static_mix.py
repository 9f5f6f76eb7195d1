"""The best static mix: what the same traffic would have cost without any routing.

Even without routing, a fixed share of the traffic can be sent to each of a few models. The cheapest
such mix that is predicted to be as good as the answers were is the baseline to beat: a point on the
upper convex hull of the single models in the plane of cost and quality ("Zero" in RouterBench,
https://arxiv.org/abs/2403.12031, section 3). It rests on predictions: nobody asked the other models, and
their answers are assumed to be as long as those that were given.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from msgspec import Struct

from router.domain.category import Category
from router.domain.model import Model
from router.domain.money import ZERO, Money
from router.domain.percent import percent
from router.domain.price import RATES, STANDARD, Band, Price, Rates
from router.ledger.report import Cell

_KNOWN = frozenset(Category)
"""Rows of categories that no longer exist are left out: nothing is predicted for them."""


class StaticMix(Struct, frozen=True):
    """A share of `dearer` (in [0, 1]) and the rest `cheaper`, at the price of the mix.

    `quality` is the predicted quality of the mix, `wanted` that of the answers; the former is lower if not
    even the best model is predicted to reach the latter.
    """

    cheaper: Model
    dearer: Model
    share: float
    quality: float
    wanted: float

    @property
    def price(self) -> Price:
        """The rates of both in their shares, rounded half-even to a pico-dollar a token."""
        return _mixed(self.cheaper.price, self.dearer.price, self.share)

    def __str__(self) -> str:
        if self.share in (0.0, 1.0):
            return (self.dearer if self.share else self.cheaper).id
        return (
            f"{percent(1 - self.share)} {self.cheaper.id}, {percent(self.share)} {self.dearer.id}"
        )


def static_mix(cells: Sequence[Cell], models: Iterable[Model]) -> StaticMix | None:
    """The cheapest mix that is predicted to be as good as the answers in `cells`.

    The cells are named by category. None without an answer whose quality was predicted, or without
    a model.
    """
    answered = [cell for cell in cells if cell.predicted and cell.name in _KNOWN]
    answers = sum(cell.answers for cell in answered)
    hull = _hull([_point(model, answered, answers) for model in models]) if answers else []
    if not hull:
        return None
    wanted = sum(cell.quality_sum for cell in answered) / answers
    return _at(hull, wanted)


class _Point(Struct, frozen=True):
    """A single model: what all traffic would cost with it, and its predicted quality."""

    model: Model
    cost: Money
    quality: float


def _point(model: Model, cells: Sequence[Cell], answers: int) -> _Point:
    cost = sum((cell.priced_at(model.price) for cell in cells), ZERO)
    good = sum(cell.answers * model.abilities[Category(cell.name)].p for cell in cells)
    return _Point(model, cost, good / answers)


def _hull(points: Sequence[_Point]) -> list[_Point]:
    """The points that no mix of others beats, by cost; ties go to the better, then alphabetically."""
    ordered = sorted(points, key=lambda p: (p.cost, -p.quality, p.model.id))
    hull: list[_Point] = []
    for point in ordered:
        if hull and point.quality <= hull[-1].quality:
            continue
        while len(hull) > 1 and _is_below(hull[-1], hull[-2], point):
            hull.pop()
        hull.append(point)
    return hull


def _is_below(middle: _Point, left: _Point, right: _Point) -> bool:
    """Whether `middle` is no better than the mix of its neighbours that costs the same."""
    rise = (right.quality - left.quality) * (middle.cost.pico - left.cost.pico)
    return (middle.quality - left.quality) * (right.cost.pico - left.cost.pico) <= rise


def _at(hull: Sequence[_Point], wanted: float) -> StaticMix:
    above = next((place for place, p in enumerate(hull) if p.quality >= wanted), None)
    if above is None or above == 0:
        only = hull[-1] if above is None else hull[0]
        return StaticMix(only.model, only.model, 0.0, only.quality, wanted)
    left, right = hull[above - 1], hull[above]
    share = (wanted - left.quality) / (right.quality - left.quality)
    return StaticMix(left.model, right.model, share, wanted, wanted)


def _mixed(cheaper: Price, dearer: Price, share: float) -> Price:
    both = (cheaper, dearer)
    thresholds = sorted({b.above_input_tokens for p in both for b in p.bands if b.tier == STANDARD})
    bands = tuple(
        Band(
            Rates(**_rates(cheaper.rates_for(at + 1), dearer.rates_for(at + 1), share)),
            STANDARD,
            at,
        )
        for at in thresholds
    )
    return Price(**_rates(cheaper, dearer, share), source="a mix", bands=bands)


def _rates(cheaper: Rates, dearer: Rates, share: float) -> Mapping[str, Any]:
    """The weighted mean of each rate; one that nobody stated counts as its stand-in's, as in any bill."""
    of_dearer = Decimal(share)
    pairs = {name: (cheaper.stated(name), dearer.stated(name)) for name in RATES}
    return {
        name: int((one + (two - one) * of_dearer).to_integral_value(ROUND_HALF_EVEN))
        for name, (one, two) in pairs.items()
    }
