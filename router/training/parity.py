"""Numbers that must come out of an artefact, worked out by scikit-learn from what the artefact holds."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from router.domain.arrays import Floats
from router.features.kinds import KindModel
from router.pipeline.artefact import ParityCase
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


def parity_cases(kinds: KindModel, prompts: Sequence[Sequence[int]]) -> list[ParityCase]:
    """What scikit-learn's estimators, holding the same weights, make of these token ids."""
    rows = rows_of(prompts, kinds.idf)
    weights = kinds.table.astype(np.float64) * kinds.scales.astype(np.float64)
    of_kinds, centres, of_traits = np.split(weights, (kinds.kinds, 2 * kinds.kinds), axis=1)
    classifier = _classifier(of_kinds, kinds.offsets.astype(np.float64))
    shares = classifier.predict_proba(rows)[:, : kinds.kinds]
    familiarity = [_familiarity(each, kinds) for each in np.asarray(rows @ centres)]
    traits = np.asarray(rows @ of_traits)
    numbers = zip(shares.tolist(), traits.tolist(), familiarity, strict=True)
    return [
        ParityCase(tuple(tokens), tuple(own_shares), tuple(own_traits), how_familiar)
        for tokens, (own_shares, own_traits, how_familiar) in zip(prompts, numbers, strict=True)
    ]


def _classifier(weights: Floats, offsets: Floats) -> LogisticRegression:
    """A multinomial regression of these weights, (buckets, kinds); one kind needs a second to stand against."""
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
