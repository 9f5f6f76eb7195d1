"""How many tokens each model takes on each kind of prompt."""

import numpy as np
from numpy.typing import NDArray

from router.decision.spending import SpendingModel
from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool, PoolModel


def fit_spending(
    outcomes: Outcomes, pool: Pool | None, kinds: NDArray[np.intp], lengths: Floats, floor: float
) -> SpendingModel:
    """Mean tokens by model and kind; `lengths` are our counts of each whole prompt's tokens.

    Output tokens are such that the prices of `pool` make the recorded cost, where a model is in it.
    """
    outputs = billed_outputs(outcomes, pool, lengths)
    return SpendingModel(
        names=outcomes.models,
        outputs=_means_by_kind(outputs, kinds, int(kinds.max()) + 1),
        usual=_means_by_kind(outputs, np.zeros_like(kinds), 1)[:, 0],
        input_ratios=_ratios(outcomes.input_tokens, lengths),
        floor=floor,
    )


def _ratios(inputs: Floats, lengths: Floats) -> Floats:
    """The median of a vendor's count of input tokens by ours, 1 where a model has none."""
    ratios = inputs / np.maximum(lengths, 1.0)[:, None]
    return np.array(
        [np.median(known) if len(known := r[np.isfinite(r)]) else 1.0 for r in ratios.T]
    )


def billed_outputs(outcomes: Outcomes, pool: Pool | None, lengths: Floats) -> Floats:
    """Output tokens of every call, (prompts, models), NaN where they are unknown.

    They are such that the pool's prices make the recorded cost, unless it charges by the call: hidden reasoning is
    paid, and often not counted. Where no input was counted, it is taken to be as long as we count it.
    """
    outputs = outcomes.output_tokens.copy()
    inputs = np.where(np.isfinite(outcomes.input_tokens), outcomes.input_tokens, lengths[:, None])
    for model in pool.models if pool else ():
        if model.name in outcomes.models and _charges_by_token(model):
            column = outcomes.models.index(model.name)
            paid = outcomes.costs_usd[:, column] * 1e6 - inputs[:, column] * model.input_usd_per_1m
            billed = np.maximum(paid / model.output_usd_per_1m, 0.0)
            outputs[:, column] = np.where(np.isfinite(billed), billed, outputs[:, column])
    return outputs


def _charges_by_token(model: PoolModel) -> bool:
    return model.usd_per_call is None and model.output_usd_per_1m > 0


def _means_by_kind(table: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    """(models, kinds); where a model has no number for a kind its mean stands, and if it has none, that of all."""
    known, member = np.isfinite(table), np.eye(n_kinds)[kinds]
    counts, sums = known.T.astype(float) @ member, np.where(known, table, 0.0).T @ member
    of_all = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0)
    own = sums.sum(axis=1) / np.maximum(counts.sum(axis=1), 1.0)
    usual = np.where(counts.sum(axis=1)[:, None] > 0, own[:, None], of_all[None, :])
    return np.where(counts > 0, sums / np.maximum(counts, 1.0), usual)
