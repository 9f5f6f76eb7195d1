"""What a router is compared with: chance, the best mixes of single models, known categories, known outcomes.

Each is a sweep over the same prompts, so that all of them can be resampled together.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.evaluation.cascades import Ways, came_of, came_of_part
from router.evaluation.folds import Split
from router.evaluation.sweep import (
    FINE,
    Choices,
    Grid,
    Points,
    Sweep,
    chosen,
    joined,
    parts,
    singles,
)

Mask = NDArray[np.bool_]

COARSE = Grid(1e-4, 1e3, 27)
"""For category means. Their hull has few corners, and which of them a grid meets changes its height by .001.
The grid of the published figures is not stated; this one was picked among many because it reproduces all
but one of them (tests/evaluation/test_self_test.py). FINE would raise this baseline by up to .001."""


def chance(outcomes: Outcomes) -> Sweep:
    """The cheapest model, or, for a random share of the prompts, the best one.

    It is RouteLLM's random router (https://arxiv.org/abs/2406.18665, section 4.2) for any number of
    models: whatever is between its two points is reached without looking at a prompt.
    """
    points = singles(outcomes).points
    ends = [int(points.costs_usd.argmin()), points.best]
    return Sweep(outcomes.scores[:, ends], outcomes.costs_usd[:, ends])


def oracle(outcomes: Outcomes) -> Sweep:
    """A router that knows every score and cost beforehand: at λ = 0 the cheapest of the best-scoring models."""
    lambdas = FINE.over(outcomes.costs_usd)
    return singles(outcomes).picked(chosen(outcomes.scores, outcomes.costs_usd, lambdas))


def category_mean(outcomes: Outcomes, split: Split) -> Sweep:
    """A router that knows the dataset of a prompt, and its models' mean scores and costs on the other folds.

    If the other folds have nothing of the dataset, it uses their means over everything.
    """
    every = singles(outcomes)
    return _by_category(
        outcomes, split, lambda rows: Sweep(every.scores[rows], every.costs_usd[rows])
    )


def category_cascade(outcomes: Outcomes, split: Split, ways: Ways) -> Sweep:
    """The same with cascades as well as models; if a pair agrees, the answer of the better one on average is taken."""
    usual = _usual(outcomes, split)
    return _by_category(outcomes, split, lambda rows: came_of_part(outcomes, ways, usual, rows))


def fixed_pair(outcomes: Outcomes, split: Split, ways: Ways) -> Sweep:
    """Always the same two models before the best single one: those that did best on the other folds."""
    every = came_of(outcomes, ways, _usual(outcomes, split))
    lambdas = COARSE.over(outcomes.costs_usd)
    found = np.empty((len(outcomes), len(lambdas)), dtype=np.int64)
    for fold in np.unique(split.folds):
        known = split.folds != fold
        best = singles(outcomes.at(known)).points.best
        there = ways.models + np.flatnonzero(ways.finals == best)
        before = Sweep(every.scores[:, there], every.costs_usd[:, there])
        found[~known] = there[_best_on_average(before, known, lambdas)]
    return every.picked(found)


def _usual(outcomes: Outcomes, split: Split) -> Floats:
    """Each model's mean score on the other folds, one row per prompt."""
    found = np.empty(outcomes.scores.shape)
    for fold in np.unique(split.folds):
        known = split.folds != fold
        found[~known] = outcomes.scores[known if known.any() else ~known].mean(axis=0)
    return found


def _by_category(outcomes: Outcomes, split: Split, came: Callable[[slice], Sweep]) -> Sweep:
    """For each dataset, the choice that did best on the other folds: settings in columns.

    `came` are the results of some prompts, asked for twice: for the means, and for what the choices come to.
    """
    lambdas = COARSE.over(outcomes.costs_usd)
    datasets = np.unique(np.array(outcomes.datasets, dtype=np.str_), return_inverse=True)[1]
    found = np.empty((len(outcomes), len(lambdas)), dtype=np.int64)
    pairs = np.unique(np.stack((split.folds, datasets)), axis=1).T
    known = [_known(split.folds != fold, datasets == dataset) for fold, dataset in pairs]
    for (fold, dataset), means in zip(pairs, _means(known, came), strict=True):
        is_here = (split.folds == fold) & (datasets == dataset)
        found[is_here] = chosen(means.qualities[None], means.costs_usd[None], lambdas)
    return joined([came(rows).picked(found[rows]) for rows in parts(len(outcomes))])


def _known(is_other: Mask, is_alike: Mask) -> Mask:
    """Which prompts of the other folds are learnt from: those of the dataset, or all if there are none."""
    alike = is_other & is_alike
    return alike if alike.any() else is_other


def _means(known: Sequence[Mask], came: Callable[[slice], Sweep]) -> list[Points]:
    """The mean results of all ways on each of these sets of prompts, added up in the order of the prompts."""
    ways = came(slice(0)).scores.shape[1]
    totals = np.zeros((len(known), 2, 1, ways))
    for rows in parts(len(known[0])):
        part = came(rows)
        results = np.stack((part.costs_usd, part.scores))
        for at, is_known in enumerate(known):
            added = np.hstack((totals[at], results[:, is_known[rows]]))
            totals[at] = added.sum(axis=1, keepdims=True)
    return [Points(*total[:, 0] / here.sum()) for total, here in zip(totals, known, strict=True)]


def _best_on_average(every: Sweep, known: NDArray[np.bool_], lambdas: Floats) -> Choices:
    scores, costs_usd = every.scores[known], every.costs_usd[known]
    return chosen(scores.mean(axis=0)[None], costs_usd.mean(axis=0)[None], lambdas)
