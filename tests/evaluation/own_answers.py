"""Answers that models give in a world of one's own, drawn with a seed."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from router.domain.category import Category
from router.domain.members import replace
from router.domain.outcomes import Seconds
from router.evaluation.calibration import Calibration, calibrate
from router.evaluation.labelled import Labelled
from router.evaluation.local import InstallRule
from tests.evaluation.own import USD, labelled, shipped

RIGHT = (0.8, 0.8, 0.9)
"""How often the small, the middle and the large model are right."""
MATHS, KNOWLEDGE = Category.MATHS, Category.KNOWLEDGE
THOUGHT = dict.fromkeys((MATHS, KNOWLEDGE), RIGHT)
World = Mapping[Category, float]
"""For each category how often the middle model says what the small one says, be it right or wrong."""


def answering(
    world: World, prompts: int, seed: int = 0, right: Sequence[float] = RIGHT
) -> Labelled:
    """So many prompts of each category. Wrong answers are different ones, unless one is said after the other."""
    dice = np.random.default_rng(seed)
    categories = tuple(category for category in world for _ in range(prompts))
    scores = (dice.random((len(categories), len(right))) < np.array(right)).astype(np.float64)
    is_said_after = dice.random(len(categories)) < np.array([world[each] for each in categories])
    scores[is_said_after, 1] = scores[is_said_after, 0]
    found = labelled(scores, categories)
    return replace(found, outcomes=replace(found.outcomes, answers=_said(scores, is_said_after)))


def asked_twice(found: Labelled, repeats: float, model: int = 0, seed: int = 9) -> Labelled:
    """The same with second answers of a model: the first again in this share, else those of another one as good."""
    dice, shape = np.random.default_rng(seed), found.outcomes.scores.shape
    is_right = dice.random(len(found)) < RIGHT[model]
    again = np.where(is_right, "right", "another mistake").astype(object)
    is_same = dice.random(len(found)) < repeats
    answers, costs = np.full(shape, None, dtype=np.object_), np.full(shape, np.nan)
    answers[:, model] = np.where(is_same, found.outcomes.answers[:, model], again)
    costs[:, model] = found.outcomes.costs_usd[:, model]
    return replace(found, outcomes=replace(found.outcomes, second=Seconds(answers, costs)))


def at_prices(found: Labelled, usd: Sequence[float] = USD) -> Labelled:
    """The same answers at other prices of a call."""
    costs = np.tile(np.array(usd), (len(found), 1))
    return replace(found, outcomes=replace(found.outcomes, costs_usd=costs))


def _said(scores: NDArray[np.float64], is_said_after: NDArray[np.bool_]) -> NDArray[np.object_]:
    said = np.full(scores.shape, None, dtype=np.object_)
    for (row, model), score in np.ndenumerate(scores):
        whose = 0 if is_said_after[row] and model == 1 else model
        said[row, model] = "right" if score else f"the mistake of {whose}"
    return said


def calibrated(found: Labelled, seed: int = 0) -> Calibration:
    """A calibration by them, where models were thought to be as good as they are."""
    return calibrate(found, shipped(THOUGHT), InstallRule(), seed)
