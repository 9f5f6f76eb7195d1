"""How models agree, learnt from outcomes with answers: five numbers for each kind, shrunk towards their mean.

Tables of single pairs and triples of models are not learnt: shrunk towards these numbers they choose no better, and
taken as they are, worse (docs/evidence.md).
"""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import expit

from router.decision.agreement import AgreementModel
from router.domain.arrays import Floats
from router.domain.logits import LEAST_P
from router.domain.outcomes import Outcomes

_BELIEF = np.array([0.35, 0.95, 0.35, 1.5, -1.5])
_BELIEF_SDS = np.array([0.08, 0.08, 0.15, 0.5, 0.7])
_BELIEF_KINDS = 0.25
"""The habits assumed beforehand, their deviations, and their weight in large kinds: they matter where outcomes are of
one kind or two. Round numbers of what public outcomes have in common (docs/evidence.md)."""
_PSEUDO_PROMPTS = 100.0
"""The weight, in prompts of a kind, of the mean over kinds."""
_LEAST_SHARE = 0.5
"""A model with less than this share of the best one's score on a kind is in no pair."""
_LEAST_LEFT = 0.005
_MOST_SHIFT = 6.0
_ROUNDS = 40


def fit_agreement(
    outcomes: Outcomes, kinds: NDArray[np.intp], n_kinds: int, floor: float
) -> AgreementModel | None:
    """The habits of each kind, fitted to recorded answers; None where no two of them could be compared."""
    codes = _codes(outcomes.answers)
    seen = [
        _Seen.of(outcomes.scores[kinds == kind], codes[kinds == kind]) for kind in range(n_kinds)
    ]
    if not any(each.agreed.any() for each in seen):
        return None
    weights = np.array([each.prompts / (each.prompts + _PSEUDO_PROMPTS) for each in seen])
    found = np.array([each.habits(_BELIEF, 1.0) for each in seen])
    usual = _mean(found, weights)
    sds = _deviations(found, weights, usual)
    habits = np.array([each.habits(usual, _PSEUDO_PROMPTS) for each in seen])
    return AgreementModel(
        habits=habits,
        sds=np.sqrt(1.0 - weights)[:, None] * sds,
        usual=usual,
        usual_sds=sds * np.sqrt(1.0 + 1.0 / (1.0 + weights.sum())),
        left_sds=_left(seen, habits),
        floor=floor,
    )


def _mean(found: Floats, weights: Floats) -> Floats:
    total = weights @ found + _BELIEF_KINDS * _BELIEF
    return np.asarray(total / (weights.sum() + _BELIEF_KINDS), dtype=np.float64)


def _deviations(found: Floats, weights: Floats, usual: Floats) -> Floats:
    """The standard deviations of habits between kinds; the assumed ones count as two kinds."""
    squares = weights @ (found - usual) ** 2 + 2.0 * _BELIEF_SDS**2
    return np.asarray(np.sqrt(squares / (weights.sum() + 2.0)), dtype=np.float64)


def _codes(answers: NDArray[np.object_]) -> NDArray[np.int64]:
    """A number for each answer, the same for the same one, and -1 for none."""
    numbers: dict[object, int] = {None: -1}
    flat = [numbers.setdefault(each, len(numbers)) for each in answers.ravel().tolist()]
    return np.array(flat, dtype=np.int64).reshape(answers.shape)


class _Seen(Struct, frozen=True, eq=False):
    """One kind's prompts, counted. Pairs in rows, and final models in columns where there are such.

    `ones`, `others` and `finals` are models' mean scores; `both` is how often both are right, `agreed` and
    `agreed_wrong` how often they agree, rightly or wrongly; `also` and `instead` how often the final model is right
    then, NaN where it is one of the two or not the better one. All are shares of the prompts that both have answered,
    whose share of all is `weights`.
    """

    prompts: int
    weights: Floats
    ones: Floats
    others: Floats
    both: Floats
    agreed: Floats
    agreed_wrong: Floats
    finals: Floats
    also: Floats
    instead: Floats

    @classmethod
    def of(cls, scores: Floats, codes: NDArray[np.int64]) -> "_Seen":
        """Counted over the prompts that both models of a pair have answered."""
        known = np.isfinite(scores)
        right = np.where(known, scores, 0.0)
        means = _shares(right.sum(axis=0), known.sum(axis=0))
        a, b = _pairs(means, known)
        shared = (known[:, a] & known[:, b]).astype(np.float64)
        count = shared.sum(axis=0)
        same = shared * ((codes[:, a] == codes[:, b]) & (codes[:, a] >= 0))
        hits = same * (right[:, a] + right[:, b]) / 2.0
        is_final = means >= np.maximum(means[a], means[b])[:, None]
        is_final[np.arange(len(a)), a] = is_final[np.arange(len(b)), b] = False
        compared = np.where(is_final, _shares(shared.T @ known, count[:, None]), np.nan)

        def final_right(then: Floats) -> Floats:
            found: Floats = (
                then.T @ right / count[:, None] / np.where(compared > 0, compared, np.nan)
            )
            return found

        return cls(
            prompts=int(known.any(axis=1).sum()),
            weights=count / max(len(scores), 1),
            ones=(shared * right[:, a]).sum(axis=0) / count,
            others=(shared * right[:, b]).sum(axis=0) / count,
            both=(shared * right[:, a] * right[:, b]).sum(axis=0) / count,
            agreed=hits.sum(axis=0) / count,
            agreed_wrong=(same - hits).sum(axis=0) / count,
            finals=means,
            also=final_right(hits),
            instead=final_right(same - hits),
        )

    def habits(self, usual: Floats, pseudo_prompts: float) -> Floats:
        """The five habits, drawn towards the `usual` ones by the weight of so many prompts."""
        room = np.sqrt(self.ones * (1 - self.ones) * self.others * (1 - self.others))
        wrong = np.maximum(0.0, 1.0 - self.ones - self.others + self.both)
        w = self.weights
        drawn = pseudo_prompts / max(self.prompts, 1)
        above = self.both - self.ones * self.others
        shifts = (
            _shift(self.finals, w * self.agreed, w[:, None] * self.also, usual[3], drawn),
            _shift(self.finals, w * self.agreed_wrong, w[:, None] * self.instead, usual[4], drawn),
        )
        return np.array(
            [
                np.clip(_ratio(w @ (above * room), w @ room**2, usual[0], drawn), -0.95, 0.95),
                min(1.0, _ratio(w @ self.agreed, w @ self.both, usual[1], drawn)),
                min(1.0, _ratio(w @ self.agreed_wrong, w @ wrong, usual[2], drawn)),
                *shifts,
            ]
        )

    def left(self, habits: Floats) -> tuple[Floats, Floats]:
        """Squared errors of `p_accept` and `gain` predicted by these habits, less the variance of sampling."""
        qualities = (self.ones[:, None], self.others[:, None], self.finals[None])
        accept, gain = foreseen(habits, *qualities)
        accepts = self.agreed + self.agreed_wrong
        accept_doubts = accepts * (1.0 - accepts) / max(self.prompts, 1)
        gains = self.agreed[:, None] - self.also - self.instead
        gain_doubts = (self.agreed[:, None] - self.also + self.instead) / max(self.prompts, 1)
        off = (gains - gain) ** 2 - gain_doubts
        return (accepts - accept[:, 0]) ** 2 - accept_doubts, off[np.isfinite(gains)]


def foreseen(habits: Floats, a: Floats, b: Floats, s: Floats) -> tuple[Floats, Floats]:
    """`p_accept` and `gain` by the five habits for tables of qualities, as router.domain.agreeing has the formulas."""
    alike, same_right, same_wrong, easier, harder = habits
    a, b, s = (np.clip(each, LEAST_P, 1.0 - LEAST_P) for each in (a, b, s))
    right = a * b + alike * np.sqrt(a * (1.0 - a) * b * (1.0 - b))
    right = np.clip(right, np.maximum(0.0, a + b - 1.0), np.minimum(a, b))
    wrong = np.maximum(0.0, 1.0 - a - b + right)
    logits = np.log(s / (1.0 - s))
    also, known = expit(logits + easier), expit(logits + harder)
    gain = same_right * right * (1.0 - also) - same_wrong * wrong * known
    return same_right * right + same_wrong * wrong + 0.0 * s, gain


def _pairs(means: Floats, known: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Any two models that are good enough to be asked together, and have answered the same prompt."""
    usable = np.flatnonzero(known.any(axis=0) & (means >= _LEAST_SHARE * means.max()))
    pairs = [
        pair
        for pair in combinations(usable.tolist(), 2)
        if (known[:, pair[0]] & known[:, pair[1]]).any()
    ]
    found = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _ratio(part: Floats | float, base: Floats | float, usual: float, drawn: float) -> float:
    """`part` of `base`, with `drawn` times as much of the usual; the usual where there is no base."""
    if base <= 0.0:
        return usual
    return float((part + drawn * base * usual) / (base * (1.0 + drawn)))


def _shift(finals: Floats, cases: Floats, hits: Floats, usual: float, drawn: float) -> float:
    """By how many logits the final models are better than usual in these cases: maximum likelihood, by Newton's method.

    `cases` are shares of the prompts by pair, `hits` those in which each final model is right, NaN for none.
    """
    weights = np.where(np.isfinite(hits), cases[:, None], 0.0)
    right = np.where(np.isfinite(hits), hits, 0.0).sum()
    clipped = np.clip(finals, LEAST_P, 1.0 - LEAST_P)
    logits = np.log(clipped / (1.0 - clipped))
    shift, pull = usual, drawn * float(weights.sum()) / 10.0
    if pull <= 0.0:
        return usual
    for _ in range(_ROUNDS):
        p = expit(logits + shift)
        slope = right - float((weights * p).sum()) + pull * (usual - shift)
        shift += slope / (float((weights * p * (1.0 - p)).sum()) + pull)
        shift = min(max(shift, -_MOST_SHIFT), _MOST_SHIFT)
    return shift


def _left(seen: Sequence[_Seen], habits: Floats) -> Floats:
    """The root mean squares of what habits leave of `p_accept` and `gain`, over all pairs and final models."""
    parts = [each.left(own) for each, own in zip(seen, habits, strict=True) if len(each.ones)]
    return np.array([_root_mean([part[of] for part in parts]) for of in (0, 1)])


def _root_mean(squares: Sequence[Floats]) -> float:
    """At least _LEAST_LEFT, also where there is nothing to average."""
    every = np.concatenate([*squares, np.empty(0)])
    mean = float(every.mean()) if len(every) else 0.0
    return sqrt(max(mean, _LEAST_LEFT**2))


def _shares(sums: Floats, counts: Floats) -> Floats:
    return np.asarray(sums / np.maximum(counts, 1.0), dtype=np.float64)
