"""Predictions for prompts by forecasters that never saw them: for each fold, fitted on all the others."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.agreeing import Agreeing
from router.domain.arrays import Floats
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit, Predictions
from router.evaluation.costs import by_tokens, prices_of
from router.evaluation.folds import NOWHERE, Split, normalised


class HeldOut(Struct, frozen=True, eq=False):
    """A fold: what may be learnt from, and what is to be predicted."""

    name: str
    train: Outcomes
    test: Outcomes


class Forecast(Struct, frozen=True, eq=False):
    """Prompts that were each held out once, with their folds and the predictions for them."""

    outcomes: Outcomes
    split: Split
    predictions: Predictions


def priced(outcomes: Outcomes, pool: Pool) -> Outcomes:
    """The outcomes at the pool's costs: nominal ones if it has them, else their own, by their tokens, or by the call.

    Raises FarthingError if no prompt has a score and a cost for every model of the pool.
    """
    found = _costed(outcomes, pool)
    if not found.is_complete.any():
        raise FarthingError(_why_incomplete(found, pool))
    return found


def learnable(outcomes: Outcomes, pool: Pool) -> Outcomes:
    """The same for learning, which needs no prompt that all models have answered, nor scores of all models.

    Raises FarthingError if no model has a score, or none that has one has a cost.
    """
    found = _costed(outcomes, pool)
    unscored = _unknown(found.scores, found.models)
    scored = found.of([name for name in found.models if name not in unscored] or found.models)
    if len(unscored) == len(found.models) or not np.isfinite(scored.costs_usd).any():
        raise FarthingError(_why_incomplete(scored, pool))
    return found


def held_out(outcomes: Outcomes, split: Split) -> Iterator[HeldOut]:
    """Each fold; only complete cases are to be predicted, and none of their questions is learnt from."""
    texts = np.array([normalised(prompt) for prompt in outcomes.prompts], dtype=np.object_)
    for fold, name in enumerate(split.names):
        is_here = split.folds == fold
        if (is_here & outcomes.is_complete).any():
            asked = set(texts[is_here])
            is_new = np.array([text not in asked for text in texts], dtype=np.bool_)
            yield HeldOut(name, outcomes.at(is_new), outcomes.at(is_here & outcomes.is_complete))


def forecast(fold: HeldOut, pool: Pool, fit: Fit, seed: int) -> Predictions:
    """The predictions for this fold of a forecaster that learnt from the other ones."""
    forecaster = fit(fold.train, pool, seed)
    return forecaster.predict(fold.test.prompts, pool, fold.test.prompt_ids)


def gathered(outcomes: Outcomes, split: Split, parts: list[Predictions]) -> Forecast:
    """The predictions of all folds in the order of the outcomes. Raises ValueError if one is missing."""
    rows = np.flatnonzero(outcomes.is_complete & (split.folds != NOWHERE))
    judged = outcomes.at(rows)
    place = {name: at for at, name in enumerate(id_ for part in parts for id_ in part.prompt_ids)}
    order = np.array([place.get(name, -1) for name in judged.prompt_ids], dtype=np.int64)
    if (order < 0).any() or any(part.models != outcomes.models for part in parts):
        raise ValueError("a forecaster predicts every prompt and every model of the pool, in order")
    quality, sd, costs_usd, latencies_s = (
        np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("p_quality", "p_sd", "costs_usd", "latencies_s")
    )
    return Forecast(
        judged,
        Split(split.folds[rows], split.names),
        Predictions(
            judged.prompt_ids,
            judged.models,
            quality,
            sd,
            costs_usd,
            latencies_s,
            _agreeing(parts, order),
        ),
    )


def _agreeing(parts: list[Predictions], order: NDArray[np.int64]) -> tuple[Agreeing, ...]:
    """How models agree on each prompt, if every fold's forecaster says so."""
    if not all(part.agreeing for part in parts):
        return ()
    told = [each for part in parts for each in part.agreeing]
    return tuple(told[place] for place in order)


def _costed(outcomes: Outcomes, pool: Pool) -> Outcomes:
    """The outcomes at the pool's costs. Whatever has a score was answered, and so costs what a call costs."""
    per_call = np.array([model.usd_per_call for model in pool.models], dtype=np.float64)
    by_call = np.where(np.isfinite(outcomes.scores), per_call, np.nan)
    if pool.has_nominal_costs:
        return replace(outcomes, costs_usd=by_call)
    found = by_tokens(outcomes, prices_of(pool))
    return replace(
        found, costs_usd=np.where(np.isfinite(found.costs_usd), found.costs_usd, by_call)
    )


def _why_incomplete(outcomes: Outcomes, pool: Pool) -> str:
    """What is missing most, in words."""
    if pool.datasets and not len(outcomes):
        return f"no file has a prompt of {', '.join(sorted(pool.datasets))} for a model of '{pool.name}'"
    if unscored := _unknown(outcomes.scores, outcomes.models):
        return f"no file has a score of {', '.join(unscored)}, which pool '{pool.name}' names"
    if unpriced := _unknown(outcomes.costs_usd, outcomes.models):
        return f"no file has a cost of {', '.join(unpriced)}: say cost: nominal, and cost_per_call"
    return f"no prompt has a score and a cost of all {len(outcomes.models)} models of '{pool.name}'"


def _unknown(table: Floats, models: tuple[str, ...]) -> list[str]:
    """The models for which a table has no values."""
    return [name for at, name in enumerate(models) if not np.isfinite(table[:, at]).any()]
