"""Numbers that must come out of an artefact, worked out by scikit-learn from what the artefact holds."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from router.decision.agreement import AgreementModel
from router.domain.agreeing import COMMON
from router.domain.arrays import Floats
from router.features.kinds import FARTHEST, MOST_DEVIATIONS, KindModel
from router.pipeline.artefact import TRIPLE_SD, TRIPLES, ParityCase
from router.training.kinds import rows_of

TEXTS = (
    "",
    "hello",
    "What is 17 * 23? Think step by step, then give the number alone.",
    "Write a Python function that merges two sorted lists, with a docstring and tests.",
    "Übersetze bitte ins Englische: Der Zug nach Köln fährt heute von Gleis 7.",
    "Which of these gases is the lightest?\nA. argon\nB. helium\nC. neon\nD. krypton",
    'Return the fields as JSON: {"name": "...", "total": 0}\n\nInvoice 12, Ada Lovelace, 4 pencils at 0.25 each',
    "def f(xs):\n    return [x for x in xs if x > 2]\nassert f([1, 2, 3]) == ??",
)
"""Made up, of every kind of script and length that matters to the arithmetic."""

_STEP = 1e-5
"""Of a difference: its square is what a slope is off by, about."""


def parity_cases(
    kinds: KindModel, prompts: Sequence[Sequence[int]], agreement: AgreementModel | None = None
) -> list[ParityCase]:
    """What scikit-learn's estimators, holding the same weights, make of these token ids.

    Each is taken for the ends of a longer text than the one before. Of agreement it is what numpy makes of the
    formulas, with slopes by differences.
    """
    rows = rows_of(prompts, kinds.idf)
    weights = kinds.table.astype(np.float64) * kinds.scales.astype(np.float64)
    of_kinds, centres, of_traits = np.split(weights, (kinds.kinds, 2 * kinds.kinds), axis=1)
    classifier = _classifier(of_kinds, kinds.offsets.astype(np.float64))
    shares = classifier.predict_proba(rows)[:, : kinds.kinds]
    familiarity = [_familiarity(each, kinds) for each in np.asarray(rows @ centres)]
    lengths = [len(tokens) * times for times, tokens in enumerate(prompts, 1)]
    off = np.sum(shares * _lengths(lengths, kinds), axis=1) * familiarity
    traits = np.column_stack((np.asarray(rows @ of_traits), off))
    hardness = shares @ kinds.hardening.astype(np.float64) * _deviations(lengths, kinds)
    hardness *= 1.0 - np.array(familiarity)
    found = (shares.tolist(), traits.tolist(), familiarity, hardness.tolist())
    numbers = zip(lengths, *found, strict=True)
    return [
        ParityCase(
            tuple(tokens),
            length,
            tuple(own_shares),
            tuple(own_traits),
            how_familiar,
            how_hard,
            _prospects(agreement, np.array(own_shares), how_familiar),
        )
        for tokens, (length, own_shares, own_traits, how_familiar, how_hard) in zip(
            prompts, numbers, strict=True
        )
    ]


def _lengths(prompt_tokens: Sequence[int], kinds: KindModel) -> Floats:
    """By how many deviations each prompt is longer than each kind's mean, (prompts, kinds)."""
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = kinds.lengths.astype(np.float64).T
    logs = np.log(np.maximum(prompt_tokens, 1.0))
    table = scaler.transform(np.tile(logs[:, None], kinds.kinds))
    return np.asarray(table.clip(-FARTHEST, FARTHEST), dtype=np.float64)


def _deviations(prompt_tokens: Sequence[int], kinds: KindModel) -> Floats:
    """By how many deviations each prompt is longer than the mean over kinds, its own kind being unknown, (prompts,)."""
    usual, spread = kinds.lengths.astype(np.float64).T
    own, between = np.mean(spread**2), np.cov(usual) if len(usual) > 1 else 0.0
    off = np.log(np.maximum(prompt_tokens, 1.0)) - np.mean(usual)
    return np.asarray(
        (off / np.sqrt(own) * own / (own + between)).clip(-MOST_DEVIATIONS, MOST_DEVIATIONS)
    )


def _classifier(weights: Floats, offsets: Floats) -> LogisticRegression:
    """A multinomial regression with these weights, (buckets, kinds), and with classes that never win up to three."""
    missing = max(0, 3 - weights.shape[1])  # scikit-learn has its own form for two classes
    model = LogisticRegression()
    model.classes_ = np.arange(weights.shape[1] + missing)
    model.coef_ = np.vstack((weights.T, np.zeros((missing, len(weights)))))
    model.intercept_ = np.concatenate((offsets, np.full(missing, -1e9)))
    return model


def _familiarity(likenesses: Floats, kinds: KindModel) -> float:
    nearest = int(np.argmax(likenesses))
    trust, least, most = (float(each) for each in kinds.trusts[nearest])
    return trust * float(np.interp(likenesses[nearest], (least, most), (0.0, 1.0)))


def _prospects(
    agreement: AgreementModel | None, shares: Floats, familiarity: float
) -> tuple[float, ...]:
    """Of each of TRIPLES `p_accept`, its deviation, `gain` and its deviation."""
    if agreement is None:
        return ()
    weight = agreement.floor + (1.0 - agreement.floor) * familiarity
    found = weight * shares @ agreement.habits + (1.0 - weight) * agreement.usual
    inner = shares @ (agreement.sds**2 + (agreement.habits - found) ** 2)
    outer = agreement.usual_sds**2 + (agreement.usual - found) ** 2
    covariance = np.diag(np.append(weight * inner + (1.0 - weight) * outer, np.zeros(3)))
    covariance[5:, 5:] = TRIPLE_SD**2 * (COMMON + (1.0 - COMMON) * np.eye(3))
    told: list[float] = []
    for triple in TRIPLES:
        at = np.append(found, triple)
        steps, lift = _STEP * np.eye(len(at)), _lift(at)
        slopes = np.array([_of(at + step, lift) - _of(at - step, lift) for step in steps])
        slopes /= 2.0 * _STEP
        variances = np.einsum("ij,ik,kj->j", slopes, covariance, slopes)
        sds = np.sqrt(variances + agreement.left_sds**2)
        told += np.stack((_of(at, lift), sds)).T.ravel().tolist()
    return tuple(told)


def _of(numbers: Floats, lift: float) -> Floats:
    """`p_accept` and `gain` by five habits and three qualities, P(both right) being `lift` more than the formula's."""
    _, same_right, same_wrong, easier, harder, a, b, s = numbers
    right = _right(numbers) + lift
    wrong = 1.0 - a - b + right
    missed, known = 1.0 - expit(logit(s) + easier), expit(logit(s) + harder)
    accepted = same_right * right, same_wrong * wrong
    return np.array([sum(accepted), accepted[0] * missed - accepted[1] * known])


def _lift(numbers: Floats) -> float:
    """What brings the formula's P(both right) within its bounds. Slopes are those of the formula all the same."""
    a, b = numbers[5:7]
    return float(np.clip(_right(numbers), max(0.0, a + b - 1.0), min(a, b)) - _right(numbers))


def _right(numbers: Floats) -> float:
    alike, a, b = numbers[[0, 5, 6]]
    return float(a * b + alike * np.sqrt(a * (1.0 - a) * b * (1.0 - b)))
