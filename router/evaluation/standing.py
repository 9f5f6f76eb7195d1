"""How ways to choose models compare: their hulls relative to the single models."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec import Struct

from router.domain.arrays import Floats
from router.evaluation.hull import Hull, aiq, hull, saving
from router.evaluation.resampling import Interval, Resamples, interval
from router.evaluation.sweep import Points, Sweep

NEARLY = 0.95
"""A share of the best single model's quality at which the saving is reported, too."""

RANDOM, ZERO, CATEGORY, ORACLE = "random", "zero", "category mean", "oracle"
ROUTER, WITH_SINGLES, CASCADE = "router", "router + single models", "cascade"
ONE_CALL = "router, one call"

ROWS: Mapping[str, tuple[str, ...]] = {
    RANDOM: ("chance",),
    ZERO: ("single",),
    CATEGORY: ("category", "single"),
    ONE_CALL: ("one call",),
    ROUTER: ("router",),
    WITH_SINGLES: ("router", "single"),
    CASCADE: ("cascade",),
    ORACLE: ("oracle",),
}
"""The sweeps around which each row's hull is drawn, in the order of the table. Not all sweeps are always possible."""


class Standing(Struct, frozen=True):
    """How a way to choose models compares. Qualities are from 0 to 1, savings shares of a cost.

    `aiq` is the mean quality over the costs between the cheapest and the most expensive single model,
    `aiq_above_zero` that minus Zero's. `quality_at_best_cost` is what the best single model's cost buys,
    `gain_at_best_cost` that minus the best single model's. The last two are the shares of its cost that
    are saved at its quality, and at 95 % of it: minus infinity if that is never reached.
    """

    aiq: Interval
    aiq_above_zero: Interval
    quality_at_best_cost: Interval
    gain_at_best_cost: Interval
    saved_at_best_quality: Interval
    saved_at_95: Interval


class Row(Struct, frozen=True):
    """A way to choose models: its name, its figures, and its hull over all prompts."""

    name: str
    standing: Standing
    hull: Hull


class SampleMeans(Struct, frozen=True, eq=False):
    """The mean cost in USD and mean score of each setting (columns) in each sample (rows)."""

    costs_usd: Floats
    qualities: Floats

    @classmethod
    def of(cls, sweep: Sweep, resamples: Resamples) -> "SampleMeans":
        """The means of a sweep in all samples."""
        return cls(resamples.means(sweep.costs_usd), resamples.means(sweep.scores))


class Yardstick(Struct, frozen=True):
    """The scale that the single models of one sample set: the range of costs (USD), and the best of them."""

    cheapest_usd: float
    dearest_usd: float
    best_quality: float
    best_usd: float

    @classmethod
    def all_of(cls, single: SampleMeans) -> "list[Yardstick]":
        """The yardstick of each sample."""
        return [
            cls.of(Points(*means)) for means in zip(single.costs_usd, single.qualities, strict=True)
        ]

    @classmethod
    def of(cls, single: Points) -> "Yardstick":
        """The yardstick of these single models."""
        return cls(
            cheapest_usd=float(single.costs_usd.min()),
            dearest_usd=float(single.costs_usd.max()),
            best_quality=float(single.qualities[single.best]),
            best_usd=float(single.costs_usd[single.best]),
        )

    def measured(self, found: Hull, zero: Hull) -> tuple[float, ...]:
        """The numbers of a Standing, in its order."""
        height = aiq(found, self.cheapest_usd, self.dearest_usd)
        quality = found.quality_at(self.best_usd)
        return (
            height,
            height - aiq(zero, self.cheapest_usd, self.dearest_usd),
            quality,
            quality - self.best_quality,
            saving(found, self.best_quality, self.best_usd),
            saving(found, NEARLY * self.best_quality, self.best_usd),
        )


def rows(means: Mapping[str, SampleMeans]) -> Iterator[Row]:
    """Each row of ROWS whose sweeps are all available."""
    yards = Yardstick.all_of(means["single"])
    zeros = list(_hulls([means["single"]]))
    for name, sweeps in ROWS.items():
        if all(sweep in means for sweep in sweeps):
            hulls = list(_hulls([means[sweep] for sweep in sweeps]))
            yield Row(name, _standing(yards, hulls, zeros), hulls[0])


def _hulls(parts: list[SampleMeans]) -> Iterable[Hull]:
    """The hull around the points of all `parts` together, sample by sample."""
    costs = np.concatenate([part.costs_usd for part in parts], axis=1)
    qualities = np.concatenate([part.qualities for part in parts], axis=1)
    return map(hull, costs, qualities)


def _standing(yards: list[Yardstick], hulls: list[Hull], zeros: list[Hull]) -> Standing:
    measured = [
        yard.measured(found, zero) for yard, found, zero in zip(yards, hulls, zeros, strict=True)
    ]
    columns = np.array(measured).T
    names = Standing.__struct_fields__
    return Standing(**{name: interval(column) for name, column in zip(names, columns, strict=True)})
