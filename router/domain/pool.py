"""A pool: models whose outcomes are compared, with their prices, independent of any configuration."""

from collections.abc import Mapping

from msgspec import Struct, field

from router.domain.category import Category
from router.domain.model import Ability

_TOKENS_PER_CALL = 1000.0
"""Assumed where only the price of a call is stated. It tells dear models from cheap ones, and charges nobody."""


class PoolModel(Struct, frozen=True):
    """One model of a pool. Prices are USD per 1,000,000 tokens.

    `usd_per_call` replaces tokens and prices where the source of the outcomes has neither.
    `abilities` are the pool author's estimates for the model, by category; empty if there are none.
    """

    name: str
    input_usd_per_1m: float
    output_usd_per_1m: float
    usd_per_call: float | None = None
    abilities: Mapping[Category, Ability] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse negative prices (NaN included)."""
        prices = (self.input_usd_per_1m, self.output_usd_per_1m, self.usd_per_call or 0.0)
        if not all(0.0 <= price < float("inf") for price in prices):
            raise ValueError(f"{self.name}: a price is zero or more, not {prices}")

    @property
    def usd_per_1m(self) -> tuple[float, float]:
        """The prices of input and output; where only a call has a price, what that makes of each token."""
        prices = (self.input_usd_per_1m, self.output_usd_per_1m)
        if any(prices) or self.usd_per_call is None:
            return prices
        return (self.usd_per_call * 1e6 / _TOKENS_PER_CALL,) * 2


class Pool(Struct, frozen=True):
    """Models by name, in the order of the file; `datasets` are the ones it is for, empty for all.

    `has_nominal_costs`: a call costs `usd_per_call`, whatever the outcomes say.
    """

    name: str
    models: tuple[PoolModel, ...]
    datasets: frozenset[str] = frozenset()
    has_nominal_costs: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The models' names, the columns of every table about this pool."""
        return tuple(model.name for model in self.models)
