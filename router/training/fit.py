"""Outcomes in, artefact out: the whole of what is learnt of prompts and models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.decision.quality import QualityModel
from router.decision.spending import SpendingModel
from router.domain.kinship import Floats
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.features.kinds import read_part
from router.pipeline.artefact import OWN_MEANS, PRIORS, Artefact
from router.training.kinds import fit_kinds, fit_traits, weighted
from router.training.tables import KindMeans, kind_means, numbered

Tokenize = Callable[[str], Sequence[int]]

_FLOOR = 0.2
"""How much of what was learnt holds for a prompt of no known kind, at least: leave-one-dataset-out on four
pools loses nothing at 0.2 and falls below static at 0.6 (docs/evidence.md)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fit. `anchors` are priors by model and kind, for models that have some; `floor` as in QualityModel."""

    seed: int = 0
    floor: float = _FLOOR
    anchors: Mapping[str, Mapping[str, float]] | None = None


def fit(
    outcomes: Outcomes, pool: Pool | None, tokenize: Tokenize, recipe: Recipe = Recipe()
) -> Artefact:
    """Learns from all `outcomes`; costs are understood by the prices of `pool`, where a model is in it.

    Raises ValueError where there is nothing to learn from.
    """
    if not len(outcomes) or not np.isfinite(outcomes.scores).any():
        raise ValueError("there are no outcomes with a score to learn from")
    kind_names, kinds = numbered(outcomes.datasets)
    prompts = [tokenize(read_part(prompt)) for prompt in outcomes.prompts]
    data = weighted(prompts)
    means = kind_means(outcomes.scores, kinds, len(kind_names))
    traits = fit_traits(data, outcomes.scores - means.scores.T[kinds])
    return Artefact(
        kind_names=kind_names,
        kinds=fit_kinds(data, kinds, len(kind_names), traits, recipe.seed),
        quality=QualityModel(
            names=outcomes.models,
            scores=means.scores,
            sds=means.sds,
            loadings=traits.loadings,
            anchors=_anchors(outcomes.models, kind_names, means, recipe),
            calibration=(1.0, 0.0),
            floor=recipe.floor,
        ),
        spending=_spending(
            outcomes,
            pool,
            kinds,
            len(kind_names),
            np.array([len(p) for p in prompts]),
            recipe.floor,
        ),
        moves_from=PRIORS if recipe.anchors is not None else OWN_MEANS,
        facts=_facts(outcomes, kind_names, kinds, recipe),
    )


def _facts(
    outcomes: Outcomes, kind_names: Sequence[str], kinds: NDArray[np.intp], recipe: Recipe
) -> Mapping[str, object]:
    counts = np.bincount(kinds, minlength=len(kind_names))
    return {
        "prompts": len(outcomes),
        "answers": int(np.isfinite(outcomes.scores).sum()),
        "prompts_by_kind": {name: int(n) for name, n in zip(kind_names, counts, strict=True)},
        "seed": recipe.seed,
    }


def _anchors(
    models: Sequence[str], kind_names: Sequence[str], means: KindMeans, recipe: Recipe
) -> Floats:
    """The given priors, and where there are none the model's mean over all its answers' kinds."""
    weights = means.counts.sum(axis=0) / means.counts.sum()
    table = np.repeat((means.scores @ weights)[:, None], len(kind_names), axis=1)
    for row, model in enumerate(models):
        for column, kind in enumerate(kind_names):
            table[row, column] = (recipe.anchors or {}).get(model, {}).get(kind, table[row, column])
    return table


def _spending(
    outcomes: Outcomes,
    pool: Pool | None,
    kinds: NDArray[np.intp],
    n_kinds: int,
    lengths: Floats,
    floor: float,
) -> SpendingModel:
    inputs, outputs = billed_tokens(outcomes, pool)
    ratios = np.nanmedian(
        np.where(lengths[:, None] > 0, inputs / np.maximum(lengths, 1)[:, None], np.nan), axis=0
    )
    return SpendingModel(
        names=outcomes.models,
        outputs=_means_by_kind(outputs, kinds, n_kinds),
        usual=_means_by_kind(outputs, np.zeros_like(kinds), 1)[:, 0],
        input_ratios=np.nan_to_num(ratios, nan=1.0),
        floor=floor,
    )


def billed_tokens(outcomes: Outcomes, pool: Pool | None) -> tuple[Floats, Floats]:
    """Input and output tokens of every call; output such that the pool's prices make the recorded cost."""
    inputs, outputs = outcomes.input_tokens, outcomes.output_tokens.copy()
    for model in pool.models if pool else ():
        if model.name in outcomes.models and model.output_usd_per_1m > 0:
            column = outcomes.models.index(model.name)
            paid = outcomes.costs_usd[:, column] * 1e6 - inputs[:, column] * model.input_usd_per_1m
            billed = paid / model.output_usd_per_1m
            outputs[:, column] = np.where(
                np.isfinite(billed), np.maximum(billed, 0.0), outputs[:, column]
            )
    return inputs, outputs


def _means_by_kind(table: Floats, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    """(models, kinds); a model without numbers takes its own mean, or else that of all models."""
    known, member = np.isfinite(table), np.eye(n_kinds)[kinds]
    counts, sums = known.T.astype(float) @ member, np.where(known, table, 0.0).T @ member
    of_all = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1.0)
    own = sums.sum(axis=1) / np.maximum(counts.sum(axis=1), 1.0)
    usual = np.where(counts.sum(axis=1)[:, None] > 0, own[:, None], of_all[None, :])
    return np.where(counts > 0, sums / np.maximum(counts, 1.0), usual)
