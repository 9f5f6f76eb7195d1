"""The cost of an answer: what its outcome says; else its tokens at a price; else unknown."""

from collections.abc import Callable

import numpy as np

from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool

Charge = Callable[[str, int, int], float]
"""The cost of an answer in USD, from the model and its input and output tokens."""


def by_tokens(outcomes: Outcomes, charge: Charge) -> Outcomes:
    """The outcomes, with costs for those answers for which only tokens are known."""
    costs = outcomes.costs_usd.copy()
    known = np.isfinite(outcomes.input_tokens) & np.isfinite(outcomes.output_tokens)
    for row, column in np.argwhere(known & ~np.isfinite(costs)):
        tokens = (outcomes.input_tokens[row, column], outcomes.output_tokens[row, column])
        costs[row, column] = charge(outcomes.models[column], *map(int, tokens))
    return replace(outcomes, costs_usd=costs)


def prices_of(pool: Pool) -> Charge:
    """The charges of a pool's models."""
    models = {each.name: each for each in pool.models}

    def charge(name: str, read: int, written: int) -> float:
        model = models[name]
        if model.usd_per_call is not None:
            return model.usd_per_call
        return (read * model.input_usd_per_1m + written * model.output_usd_per_1m) / 1e6

    return charge
