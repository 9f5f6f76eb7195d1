"""What a router predicts of every model of a pool for every prompt, as tables."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from router.domain.agreeing import Agreeing
from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool


class Predictions(Struct, frozen=True, eq=False):
    """Prompts in rows, models in columns.

    `p_quality` is the calibrated probability of a good answer in [0, 1], `p_sd` its standard deviation;
    `costs_usd` the expected dollars of a call, `latencies_s` its expected seconds (NaN: unknown). `agreeing` says
    for each prompt how models agree on it; it is empty where nothing is known of that.
    """

    prompt_ids: tuple[str, ...]
    models: tuple[str, ...]
    p_quality: Floats
    p_sd: Floats
    costs_usd: Floats
    latencies_s: Floats
    agreeing: tuple[Agreeing, ...] = ()

    def __post_init__(self) -> None:
        """Refuse tables of different sizes, and probabilities outside of 0 to 1."""
        shape = (len(self.prompt_ids), len(self.models))
        tables = (self.p_quality, self.p_sd, self.costs_usd, self.latencies_s)
        if any(table.shape != shape for table in tables):
            raise ValueError(
                f"every table of predictions is {shape[0]} prompts x {shape[1]} models"
            )
        if len(self.agreeing) not in (0, shape[0]):
            raise ValueError("how models agree is known of every prompt, or of none")
        if not ((self.p_quality >= 0.0) & (self.p_quality <= 1.0) & (self.p_sd >= 0.0)).all():
            raise ValueError("quality is a probability with a standard deviation")

    def at(self, rows: slice) -> "Predictions":
        """The given prompts only."""
        return Predictions(
            self.prompt_ids[rows],
            self.models,
            self.p_quality[rows],
            self.p_sd[rows],
            self.costs_usd[rows],
            self.latencies_s[rows],
            self.agreeing[rows],
        )


class Forecaster(Protocol):
    """Predicts how good and how expensive each model's answer to a prompt would be."""

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        """Predictions for these prompts and every model of the pool, in their orders."""
        ...


Fit = Callable[[Outcomes, Pool, int], Forecaster]
"""Learns a forecaster for models of a pool from outcomes, by a seed; the same ones give the same forecaster.

Where a model has no score or cost for a prompt, the outcomes have NaN.
"""
