"""Outcomes in, artefact out: the whole of what is learnt of prompts and models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from router.decision.quality import QualityModel
from router.domain.arrays import Floats
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.features.kinds import KindModel, read_part, whole_length
from router.pipeline.artefact import OWN_MEANS, PRIORS, Artefact
from router.training.calibration import platt
from router.training.kinds import fit_kinds, fit_traits, weighted
from router.training.spending import fit_spending
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

    One thread does it: the last bit of a sum depends on how many share it, and these sums are small enough
    for threads to wait for one another longer than they work. Raises ValueError where there is nothing to learn from.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(_answered(outcomes), pool, tokenize, recipe)


def _fit(outcomes: Outcomes, pool: Pool | None, tokenize: Tokenize, recipe: Recipe) -> Artefact:
    kind_names, kinds = numbered(outcomes.datasets)
    prompts = [tokenize(read_part(prompt)) for prompt in outcomes.prompts]
    lesson = _Lesson(prompts, kinds, len(kind_names), outcomes.scores)
    learnt = _learn(lesson, recipe.seed)
    lengths = [whole_length(*each) for each in zip(outcomes.prompts, prompts, strict=True)]
    return Artefact(
        kind_names=kind_names,
        kinds=learnt.kinds,
        quality=QualityModel(
            names=outcomes.models,
            scores=learnt.means.scores,
            sds=learnt.means.sds,
            loadings=learnt.loadings,
            anchors=_anchors(outcomes.models, kind_names, learnt.means, recipe),
            calibration=_calibration(lesson, recipe.seed),
            floor=recipe.floor,
        ),
        spending=fit_spending(outcomes, pool, kinds, np.array(lengths, float), recipe.floor),
        moves_from=PRIORS if recipe.anchors is not None else OWN_MEANS,
        facts=_facts(outcomes, kind_names, kinds, recipe),
    )


def _answered(outcomes: Outcomes) -> Outcomes:
    """The models with a score: of others nothing is learnt, and their priors stand. Raises ValueError for none."""
    has_scores = np.isfinite(outcomes.scores).any(axis=0)
    if not has_scores.any():
        raise ValueError("there are no outcomes with a score to learn from")
    return outcomes.of([outcomes.models[column] for column in np.flatnonzero(has_scores)])


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """Prompts as token ids, the kind of each, and the scores of the models, (prompts, models)."""

    prompts: Sequence[Sequence[int]]
    kinds: NDArray[np.intp]
    n_kinds: int
    scores: Floats

    def at(self, rows: NDArray[np.intp]) -> "_Lesson":
        prompts = [self.prompts[row] for row in rows]
        return _Lesson(prompts, self.kinds[rows], self.n_kinds, self.scores[rows])


@dataclass(frozen=True, slots=True, eq=False)
class _Learnt:
    kinds: KindModel
    means: KindMeans
    loadings: Floats

    def expects(self, tokens: Sequence[int]) -> Floats:
        """Each model's chance of a good answer, before calibration."""
        kinship = self.kinds.of(tokens)
        return self.means.scores @ kinship.shares + self.loadings @ kinship.traits


def _learn(lesson: _Lesson, seed: int) -> _Learnt:
    data = weighted(lesson.prompts)
    means = kind_means(lesson.scores, lesson.kinds, lesson.n_kinds)
    traits = fit_traits(data, lesson.scores - means.scores.T[lesson.kinds])
    return _Learnt(
        fit_kinds(data, lesson.kinds, lesson.n_kinds, traits, seed), means, traits.loadings
    )


def _calibration(lesson: _Lesson, seed: int) -> tuple[float, float]:
    """Platt's slope and intercept, each half of the prompts being predicted by what the other half teaches."""
    order = np.random.default_rng(seed).permutation(len(lesson.prompts))
    halves = np.array_split(order, 2)
    if min(len(set(lesson.kinds[half])) for half in halves) < lesson.n_kinds:
        return 1.0, 0.0  # too few prompts to leave half of them out
    expected = np.empty_like(lesson.scores)
    for learnt_from, held_out in (halves, halves[::-1]):
        learnt = _learn(lesson.at(learnt_from), seed)
        expected[held_out] = [learnt.expects(lesson.prompts[row]) for row in held_out]
    return platt(expected, lesson.scores)


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
