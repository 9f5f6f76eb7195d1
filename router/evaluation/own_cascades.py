"""Do two models before a final one pay on own answers? Tested for each category, on held-out prompts.

Where one model was asked twice, its two answers are such a pair, on the prompts that have both: the first answer is
taken if the second is equal, and both are paid for.

A cascade is installed if it surely costs less than the cheapest mix of single models of the same quality, and is
surely not worse than its final model by more than RISK. One that surely loses is never used. That mix, and which of
the two answers is taken, are learnt from the other folds. Both must be certain, so the less certain of the two
counts, and Holm's correction is made over all cascades of all categories.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from router.decision.cascade import LARGEST_SHARE
from router.domain.arrays import Floats
from router.domain.cascade import Prospect
from router.domain.category import Category
from router.domain.estimate import QualityEstimate
from router.domain.local_cascades import LocalCascade, LocalCascades, Models
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.evaluation.cascades import RISK, agreed
from router.evaluation.hull import hull
from router.evaluation.labelled import Labelled
from router.evaluation.local import InstallRule, folds_of
from router.evaluation.own_prospects import (
    DOUBTS,
    NOTHING_LEARNT,
    Agreements,
    Learnt,
    before,
    shrunk,
)
from router.evaluation.resampling import Resamples
from router.evaluation.significance import LEVEL, Gain, gain, holm, resamples_for

LEAST_PROMPTS = 50
"""Prompts with answers that a category needs for its cascades to be considered."""
MOST_FINALS, MOST_PAIRS, MOST_INSTALLED = 2, 5, 3
"""Final models per category, pairs considered before each, and cascades that are installed."""
_SAMPLES = 10_000
"""Bootstrap samples: with two thousand, nothing could be certain among a hundred cascades."""
_LOOKED_INTO = 100
"""How many prompts of a category are used to look up what was learnt before."""

Triple = tuple[int, int, int]
"""The columns of two models, or twice that of one, and that of the final model."""
_Place = tuple[int, Models]
"""The number of a category, and the models of a cascade in it."""
Qualities = Mapping[Category, Mapping[str, QualityEstimate]]


class Tried(Struct, frozen=True):
    """A cascade that was tested: on how many prompts, and how it did.

    `right` is the mean score of the answers on which the two agreed, None if they never did. `gain` is the difference
    to the final model alone, `saving` a share of what single models of the same quality cost; `p_value` is how likely
    it is that luck alone does as well, corrected for everything that was tested. One that `is_refuted` surely loses
    quality, or surely saves nothing, corrected in the same way: never to be used, whatever was learnt elsewhere.
    """

    models: Models
    prompts: int
    agreement: float
    right: float | None
    gain: Gain
    saving: Gain
    cost_usd: float
    expected: Prospect
    p_value: float
    why_not: str = ""
    is_refuted: bool = False


class Attempt(Struct, frozen=True):
    """A category and its cascades, the greatest savings first; and why none could be tested, "" if some were."""

    category: Category
    prompts: int
    tried: tuple[Tried, ...] = ()
    why_not: str = ""
    too_few: Mapping[str, int] = field(default_factory=dict)
    """The models with second answers, but too few of them to be tested: how many each has."""

    @property
    def installed(self) -> tuple[LocalCascade, ...]:
        """The cascades that are to be in force."""
        return tuple(
            LocalCascade(each.models, each.expected, each.prompts)
            for each in self.tried
            if not each.why_not
        )

    @property
    def refuted(self) -> tuple[Models, ...]:
        """The cascades that must not be used."""
        return tuple(each.models for each in self.tried if each.is_refuted)


def to_install(attempts: Sequence[Attempt]) -> LocalCascades:
    """The cascades that own answers support, and those that they refute."""
    return LocalCascades(
        {each.category: each.installed for each in attempts if each.installed},
        {each.category: each.refuted for each in attempts if each.refuted},
    )


def attempts(
    labelled: Labelled, qualities: Qualities, learnt: Learnt, rule: InstallRule, seed: int
) -> tuple[Attempt, ...]:
    """Each category with a prompt answered by all models, the largest first; no question may occur twice."""
    usable = labelled.at(labelled.outcomes.is_complete & _has_answers(labelled))
    counts = {each: usable.categories.count(each) for each in dict.fromkeys(usable.categories)}
    ordered = sorted(counts, key=lambda each: (-counts[each], each))
    found = [
        _attempt(usable.at(usable.of_category(each)), qualities[each], learnt, (rule.folds, seed))
        for each in ordered
    ]
    return tuple(judged(found))


def _has_answers(labelled: Labelled) -> NDArray[np.bool_]:
    """Which prompts have recorded answers. A model without one, next to others that have one, came to no answer."""
    is_there = np.array(labelled.outcomes.answers != None, dtype=np.bool_)  # noqa: E711 - elementwise
    return np.asarray(is_there.any(axis=1))


def _attempt(
    rows: Labelled,
    qualities: Mapping[str, QualityEstimate],
    learnt: Learnt,
    drawing: tuple[int, int],
) -> Attempt:
    category, outcomes = rows.categories[0], rows.outcomes
    if len(rows) < LEAST_PROMPTS:
        why = f"needs {LEAST_PROMPTS} prompts with answers of every model"
        return Attempt(category, len(rows), why_not=why)
    tried = tuple(_tests(rows, qualities, learnt, drawing))
    why = "" if tried else f"no two models cost less than {LARGEST_SHARE:.0%} of the best one"
    counts = zip(rows.models, _asked_twice(outcomes).sum(axis=0).tolist(), strict=True)
    too_few = {model: count for model, count in counts if 0 < count < LEAST_PROMPTS}
    return Attempt(category, len(rows), tried, why, too_few)


def _tests(
    rows: Labelled,
    qualities: Mapping[str, QualityEstimate],
    learnt: Learnt,
    drawing: tuple[int, int],
) -> Iterator[Tried]:
    outcomes, ring = rows.outcomes, _Ring.of(rows, *drawing)
    twice = {
        model: ring if asked.all() else _Ring.of(rows.at(asked), *drawing)
        for model, asked in enumerate(_asked_twice(outcomes).T)
        if asked.sum() >= LEAST_PROMPTS
    }
    agreeing = [each for text in outcomes.prompts[:_LOOKED_INTO] if (each := learnt(text))]
    means, costs = outcomes.scores.mean(axis=0), outcomes.costs_usd.mean(axis=0)
    for triple in _worth_a_try(means, costs, twice):
        if triple[0] == triple[1]:  # what was learnt before is about two different models
            yield twice[triple[0]].tried(triple, NOTHING_LEARNT)
        else:
            models = [qualities[rows.models[place]] for place in triple]
            yield ring.tried(triple, before(agreeing, models))


def _asked_twice(outcomes: Outcomes) -> NDArray[np.bool_]:
    """Which models have second answers to which prompts, (prompts, models)."""
    if outcomes.second is None:
        return np.zeros(outcomes.scores.shape, dtype=np.bool_)
    return outcomes.second.are_there


def _worth_a_try(means: Floats, costs: Floats, twice: Container[int]) -> Iterator[Triple]:
    """Pairs before the best models, in order of what a request would cost if they settled what both get right.

    Models that were asked twice have places of their own: their second answers are there for nothing else.
    """
    finals = [
        place for place in np.argsort(-means, kind="stable") if means[place] >= means.max() - RISK
    ]
    for final in finals[:MOST_FINALS]:
        others = sorted(set(range(len(means))) - {int(final)})
        alike = [(each, each) for each in others if each in twice]
        for pairs in (combinations(others, 2), alike):
            found = sorted(_hoped(pairs, int(final), means, costs))[:MOST_PAIRS]
            yield from ((one, other, int(final)) for _, one, other in found)


def _hoped(
    pairs: Iterable[tuple[int, int]], final: int, means: Floats, costs: Floats
) -> Iterator[tuple[float, int, int]]:
    """What a request would cost with each pair before the final model, for pairs that are much cheaper."""
    for one, other in pairs:
        pair = float(costs[one] + costs[other])
        if pair < LARGEST_SHARE * costs[final]:
            hoped = pair + (1.0 - float(means[one] * means[other])) * float(costs[final])
            yield hoped, one, other


class _Ring(Struct, frozen=True, eq=False):
    """The prompts of a category, with their folds."""

    rows: Labelled
    same: NDArray[np.bool_]
    folds: NDArray[np.int_]
    resamples: Resamples

    @classmethod
    def of(cls, rows: Labelled, folds: int, seed: int) -> "_Ring":
        fold_of = folds_of([*rows.categories], folds, seed)
        return cls(rows, agreed(rows.outcomes), fold_of, resamples_for(len(rows), seed, _SAMPLES))

    def tried(self, triple: Triple, prior: Prospect) -> Tried:
        one, other, final = triple
        outcomes, (same, pair) = self.rows.outcomes, self._pair(one, other)
        taken, rivals = self._held_back(triple)
        gains = np.where(same, taken - outcomes.scores[:, final], 0.0)
        differs = same & ~self.same[:, one, final]
        paid = pair + np.where(same, 0.0, outcomes.costs_usd[:, final])
        first = sorted((self.rows.models[one], self.rows.models[other]))
        won = gain(gains, DOUBTS, self.resamples, RISK)
        saved = self._saving(rivals, paid, (pair, triple))
        return Tried(
            models=(first[0], first[1], self.rows.models[final]),
            prompts=len(same),
            agreement=float(same.mean()),
            right=float(taken[same].mean()) if same.any() else None,
            gain=won,
            saving=saved,
            cost_usd=float(paid.mean()),
            expected=shrunk(prior, Agreements(same, differs, gains)),
            p_value=max(won.p_value, saved.p_value),
        )

    def _pair(self, one: int, other: int) -> tuple[NDArray[np.bool_], Floats]:
        """For each prompt, whether both answers are the same, and what both cost."""
        outcomes, second = self.rows.outcomes, self.rows.outcomes.second
        costs = outcomes.costs_usd
        if one != other or second is None:
            return self.same[:, one, other], costs[:, one] + costs[:, other]
        said = second.answers[:, one]
        is_same = self.same[:, one, one] & (said != "") & (said == outcomes.answers[:, one])
        again = second.costs_usd[:, one]
        known = np.where(np.isnan(again), costs[:, one], again)
        return np.asarray(is_same, dtype=np.bool_), costs[:, one] + known

    def _held_back(self, triple: Triple) -> tuple[Floats, Floats]:
        """For each prompt, the score of the answer that is taken, and what single models of that quality cost.

        The answer is that of the better model on the other folds, which also determine the single models to mix.
        """
        one, other, final = triple
        outcomes, (same, _) = self.rows.outcomes, self._pair(one, other)
        taken, rivals = np.zeros(len(same)), np.zeros(len(same))
        for fold in np.unique(self.folds):
            test = self.folds == fold
            means, costs = (
                table[~test].mean(axis=0) for table in (outcomes.scores, outcomes.costs_usd)
            )
            answers = outcomes.scores[:, one if means[one] >= means[other] else other]
            quality = np.where(same, answers, outcomes.scores[:, final])[~test].mean()
            taken[test] = answers[test]
            rivals[test] = outcomes.costs_usd[test] @ cheapest_mix(means, costs, float(quality))
        return taken, rivals

    def _saving(self, rivals: Floats, paid: Floats, asked: tuple[Floats, Triple]) -> Gain:
        """The saving as a share; it is worst if the two were paid in vain, and best if they were not."""
        (pair, (_, _, final)), usual = asked, float(rivals.mean())
        if usual <= 0.0:
            return Gain(0.0, 0.0, 0.0, 1.0, 0.0)
        best = float((rivals - pair).mean()) / usual
        worst = best - float(self.rows.outcomes.costs_usd[:, final].mean()) / usual
        return gain((rivals - paid) / usual, (worst, best), self.resamples)


def cheapest_mix(means: Floats, costs: Floats, quality: float) -> Floats:
    """Shares of single models that together have this quality at the lowest cost; the best one if none do."""
    corners = hull(costs, means)
    shares = np.zeros(len(means))
    places = [
        int(np.flatnonzero((costs == cost) & (means == mean))[0])
        for cost, mean in zip(corners.costs_usd, corners.qualities, strict=True)
    ]
    at = float(np.interp(quality, corners.qualities, np.arange(len(places))))
    below = int(at)
    shares[places[below]] = 1.0 - (at - below)
    if at > below:
        shares[places[below + 1]] = at - below
    return shares


def judged(found: Sequence[Attempt]) -> Iterator[Attempt]:
    """The attempts with corrected p-values, and with the reasons why cascades are not installed."""
    every = {(at, each.models): each for at, attempt in enumerate(found) for each in attempt.tried}
    corrected = holm({key: each.p_value for key, each in every.items()})
    refuted = dict(_refuted(every))
    for at, attempt in enumerate(found):
        tried, places = list[Tried](), MOST_INSTALLED
        for each in sorted(attempt.tried, key=lambda each: -each.saving.mean):
            against, p_value = refuted.get((at, each.models), ""), corrected[at, each.models]
            why = (
                against
                or _why_not(each, p_value)
                or ("" if places else f"{MOST_INSTALLED} others save more")
            )
            places -= not why
            tried.append(replace(each, p_value=p_value, why_not=why, is_refuted=bool(against)))
        yield replace(attempt, tried=tuple(tried))


def _refuted(every: Mapping[_Place, Tried]) -> Iterator[tuple[_Place, str]]:
    """The cascades that surely lose, and what; each could do so in two ways, and is tested twice."""
    quality = {(key, "quality"): each.gain.p_loss for key, each in every.items()}
    money = {(key, "money"): each.saving.p_loss for key, each in every.items()}
    corrected = holm(quality | money)
    for key, each in every.items():
        if corrected[key, "quality"] <= LEVEL:
            yield key, f"clearly loses {-each.gain.high:.3f} in quality or more: never used"
        elif corrected[key, "money"] <= LEVEL:
            yield key, "clearly saves nothing: never used"


def _why_not(tried: Tried, p_value: float) -> str:
    """What speaks against installing a cascade, "" if nothing does."""
    if tried.gain.low < -RISK:
        return f"may lose up to {-tried.gain.low:.3f} in quality"
    if tried.saving.low <= 0.0:
        return f"may save nothing: {tried.saving.low:+.0%} at the lower end"
    return (
        "" if p_value <= LEVEL else f"not significantly better than one model (p = {p_value:.3f})"
    )
