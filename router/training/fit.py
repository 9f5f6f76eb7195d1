"""Outcomes in, artefact out: the whole of what is learnt of prompts and models."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from router.decision.quality import QualityModel
from router.domain.arrays import Floats
from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.resemblance import Resemblance
from router.features.kinds import KindModel
from router.features.text import both_ends, whole_length
from router.pipeline.artefact import OWN_MEANS, PRIORS, Artefact
from router.training.agreement import fit_agreement
from router.training.calibration import NO_CORRECTION, calibrated
from router.training.kinds import fit_kinds, fit_traits, logits_of, sharpened, weighted
from router.training.lengths import fit_lengths
from router.training.prompt_lengths import fit_prompt_lengths
from router.training.spending import fit_spending
from router.training.tables import KindMeans, kind_means, numbered
from router.training.temperature import inverse_temperature

Tokenize = Callable[[str], Sequence[int]]

_FLOOR = 0.2
"""How much of what was learnt holds for a prompt of no known kind, at least: leave-one-dataset-out on four
pools loses nothing at 0.2 and falls below static at 0.6 (docs/evidence.md)."""


class Recipe(Struct, frozen=True):
    """How to fit. `floor` is as in QualityModel; `anchors` are priors by model and kind, for models that have some.

    `prices` are of models that are in no pool, USD per 1,000,000 tokens of input and of output. `published` are
    abilities by published results, in logits on one scale, for models with few answers.
    `strangers` are prompts that are surely of no kind. `note` says of what was learnt, `sources` from which
    files; both are for the card.
    """

    seed: int = 0
    floor: float = _FLOOR
    anchors: Mapping[str, Mapping[str, float]] | None = None
    prices: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    sources: Sequence[str] = ()
    strangers: Sequence[str] = ()


def fit(
    outcomes: Outcomes,
    pool: Pool | None,
    tokenize: Tokenize,
    categories: Sequence[Category],
    recipe: Recipe = Recipe(),
) -> Artefact:
    """Learns from all `outcomes`; costs are understood by the prices of `pool`, where a model is in it.

    `categories` are those of the prompts. One thread does it: the last bit of a sum depends on how many share
    it, and these sums are small enough for threads to wait for one another longer than they work. Raises
    ValueError where there is nothing to learn from.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(_answered(outcomes), categories, pool, tokenize, recipe)


def _fit(
    outcomes: Outcomes,
    categories: Sequence[Category],
    pool: Pool | None,
    tokenize: Tokenize,
    recipe: Recipe,
) -> Artefact:
    kind_names, kinds = numbered(outcomes.datasets)
    prompts = [tokenize(both_ends(prompt)) for prompt in outcomes.prompts]
    lengths = np.array(
        [whole_length(*each) for each in zip(outcomes.prompts, prompts, strict=True)]
    )
    published = np.array([recipe.published.get(name, np.nan) for name in outcomes.models])
    lesson = _Lesson(
        prompts, lengths, kinds, outcomes.scores, outcomes.models, kind_names, published
    )
    strangers = [tokenize(both_ends(stranger)) for stranger in recipe.strangers]
    power, calibration = _corrections(lesson, recipe)
    learnt = _learn(lesson, recipe.seed, strangers).sharpened(power)
    return Artefact(
        kind_names=kind_names,
        kinds=learnt.kinds,
        quality=_quality(lesson, learnt, recipe, calibration),
        spending=fit_spending(outcomes, pool, kinds, lengths.astype(np.float64), recipe.floor),
        lengths=fit_lengths(outcomes, categories, note=recipe.note),
        moves_from=PRIORS if recipe.anchors is not None else OWN_MEANS,
        facts=_facts(outcomes, kind_names, kinds, recipe),
        agreement=fit_agreement(outcomes, kinds, len(kind_names), recipe.floor),
        prices=_prices(outcomes.models, pool, recipe),
    )


def _prices(
    models: Sequence[str], pool: Pool | None, recipe: Recipe
) -> Mapping[str, tuple[float, float]]:
    in_pool = {each.name: each.usd_per_1m for each in (pool.models if pool else ())}
    known = {**recipe.prices, **in_pool}
    return {name: known[name] for name in models if name in known}


def _answered(outcomes: Outcomes) -> Outcomes:
    """The models with a score: of others nothing is learnt, and their priors stand. Raises ValueError for none."""
    has_scores = np.isfinite(outcomes.scores).any(axis=0)
    if not has_scores.any():
        raise ValueError("there are no outcomes with a score to learn from")
    return outcomes.of([outcomes.models[column] for column in np.flatnonzero(has_scores)])


class _Lesson(Struct, frozen=True, eq=False):
    """Prompts as token ids of their ends, how many tokens they have in all, and the kind of each.

    `scores` are those of the models, (prompts, models), `published` their abilities elsewhere.
    """

    prompts: Sequence[Sequence[int]]
    lengths: NDArray[np.int64]
    kinds: NDArray[np.intp]
    scores: Floats
    models: Sequence[str]
    kind_names: Sequence[str]
    published: Floats

    def at(self, rows: NDArray[np.intp]) -> "_Lesson":
        prompts = [self.prompts[row] for row in rows]
        lengths, kinds, scores = self.lengths[rows], self.kinds[rows], self.scores[rows]
        return replace(self, prompts=prompts, lengths=lengths, kinds=kinds, scores=scores)


class _Learnt(Struct, frozen=True, eq=False):
    """What is fitted to a lesson. `power` is the one that the classifier's shares were raised to."""

    kinds: KindModel
    means: KindMeans
    loadings: Floats
    power: float = 1.0

    def sharpened(self, power: float) -> "_Learnt":
        return replace(self, kinds=sharpened(self.kinds, power), power=power)


def _learn(lesson: _Lesson, seed: int, strangers: Sequence[Sequence[int]] = ()) -> _Learnt:
    data, n_kinds = weighted(lesson.prompts), len(lesson.kind_names)
    means = kind_means(lesson.scores, lesson.kinds, n_kinds, lesson.published)
    residuals = lesson.scores - means.scores.T[lesson.kinds]
    traits = fit_traits(data, residuals, n_kinds)
    lengths = fit_prompt_lengths(lesson.lengths, lesson.kinds, means.scores, residuals)
    kinds = fit_kinds(data, lesson.kinds, lengths, traits, seed, strangers)
    return _Learnt(kinds, means, np.hstack((traits.loadings, lengths.loadings)))


def _quality(
    lesson: _Lesson, learnt: _Learnt, recipe: Recipe, calibration: tuple[float, float]
) -> QualityModel:
    return QualityModel(
        names=tuple(lesson.models),
        scores=learnt.means.scores,
        sds=learnt.means.sds,
        loadings=learnt.loadings,
        anchors=_anchors(lesson.models, lesson.kind_names, learnt.means, recipe),
        calibration=calibration,
        floor=recipe.floor,
        evenness=1.0 / learnt.power,
    )


def _corrections(lesson: _Lesson, recipe: Recipe) -> tuple[float, tuple[float, float]]:
    """The power of shares, slope and intercept, by two-fold cross-validation."""
    order = np.random.default_rng(recipe.seed).permutation(len(lesson.prompts))
    halves = np.array_split(order, 2)
    if min(len(set(lesson.kinds[half])) for half in halves) < len(lesson.kind_names):
        return 1.0, NO_CORRECTION  # too few prompts to leave half of them out
    trials = [
        (_learn(lesson.at(learnt_from), recipe.seed), lesson.at(held_out))
        for learnt_from, held_out in (halves, halves[::-1])
    ]
    power = _power(trials)
    expected = [_expected(held_out, learnt.sharpened(power), recipe) for learnt, held_out in trials]
    scores = [held_out.scores for _, held_out in trials]
    return power, calibrated(np.vstack(expected), np.vstack(scores))


def _power(trials: Sequence[tuple[_Learnt, _Lesson]]) -> float:
    """The power of shares that makes the true kinds of held-out prompts likeliest."""
    logits = [logits_of(learnt.kinds, held_out.prompts) for learnt, held_out in trials]
    kinds = [held_out.kinds for _, held_out in trials]
    return inverse_temperature(np.vstack(logits), np.concatenate(kinds))


def _expected(held_out: _Lesson, learnt: _Learnt, recipe: Recipe) -> list[Floats]:
    """For each prompt each model's chance of a good answer, before calibration.

    Priors that come from elsewhere are not what is calibrated: only what was learnt is.
    """
    quality = _quality(held_out, learnt, recipe, NO_CORRECTION)
    resemblances = map(learnt.kinds.of, held_out.prompts, held_out.lengths.tolist())
    if recipe.anchors is not None:
        return [quality.prompt_scores(resemblance).scores for resemblance in resemblances]
    return [_from_means(quality, resemblance) for resemblance in resemblances]


def _from_means(quality: QualityModel, resemblance: Resemblance) -> Floats:
    """Each model's estimate where its prior is its own mean."""
    prompt_scores, means = (
        quality.prompt_scores(resemblance),
        quality.anchors @ np.asarray(resemblance.shares),
    )
    priors = [QualityEstimate(float(mean), 0.0) for mean in means]
    return np.array(
        [prompt_scores.quality(*each).p for each in zip(quality.names, priors, strict=True)]
    )


def _facts(
    outcomes: Outcomes, kind_names: Sequence[str], kinds: NDArray[np.intp], recipe: Recipe
) -> Mapping[str, object]:
    counts = np.bincount(kinds, minlength=len(kind_names))
    return {
        "prompts": len(outcomes),
        "answers": int(np.isfinite(outcomes.scores).sum()),
        "prompts_by_kind": {name: int(n) for name, n in zip(kind_names, counts, strict=True)},
        "sources": list(recipe.sources),
        "note": recipe.note,
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
