"""The probability of every category of a question, from its tokens and the signs of its form.

A multinomial logistic regression whose weights were learnt offline (router/training/categories.py)
and ship as a table of small whole numbers: a row for each bucket of tokens and neighbouring pairs, a
column for each category. Tokens that differ only in case or in a leading space are taken as one.
Each bucket of a question weighs one over the root of their number, so that a word in a short question
says more than in a long one. See docs/categories.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats, softmax
from router.domain.category import Category
from router.features.hashing import Ids, buckets_of
from router.features.signs import SIGNS

CATEGORIES = tuple(Category)
_HEAD_TOKENS, _TAIL_TOKENS = 48, 24
_TYPES: Mapping[str, type[np.generic]] = {
    "weights": np.int8,
    "scales": np.float32,
    "sign_weights": np.float32,
    "bias": np.float32,
    "folds": np.uint32,
}


def buckets_by_root(tokens: Sequence[int], folds: Ids, bits: int) -> tuple[Ids, float]:
    """The buckets of both ends of `tokens` once folded, and the weight of each: one over the root of their number.

    Between the ends is what the question is about. Nothing is folded if `folds` does not know some
    token, which is then newer than the table.
    """
    if len(tokens) > _HEAD_TOKENS + _TAIL_TOKENS:
        tokens = [*tokens[:_HEAD_TOKENS], *tokens[-_TAIL_TOKENS:]]
    ids = np.asarray(tokens, dtype=np.uint32)
    if tokens and max(tokens) < len(folds):
        ids = folds.take(ids)
    buckets = buckets_of(ids, bits)
    return buckets, 1.0 / max(1.0, len(buckets)) ** 0.5


@dataclass(frozen=True, slots=True, eq=False)
class CategoryModel:
    """The learnt weights.

    `weights` (2 ** bits x categories) times `scales`, one per category, are the weights of buckets;
    `sign_weights` (signs x categories) those of `SIGNS`; `bias` (categories) holds without any evidence.
    `folds` maps each token id to that of the same word in lower case. The weights are logits, already
    divided by the temperature that calibrates them.
    """

    weights: NDArray[np.int8]
    scales: NDArray[np.float32]
    sign_weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    folds: Ids

    def __post_init__(self) -> None:
        """Refuse tables that do not fit each other or this program's categories, and numbers that are not finite."""
        rows, wide = len(self.weights), len(CATEGORIES)
        shapes = {
            "weights": (rows, wide),
            "scales": (wide,),
            "sign_weights": (len(SIGNS), wide),
            "bias": (wide,),
            "folds": (len(self.folds),),
        }
        for name, shape in shapes.items():
            table = getattr(self, name)
            if table.shape != shape or table.dtype != _TYPES[name]:
                raise ValueError(f"{name} must be {shape} of {_TYPES[name].__name__}")
            if not np.isfinite(table).all():
                raise ValueError(f"{name} must be finite")
        if rows < 2 or rows & (rows - 1):
            raise ValueError(f"weights must have a power of two of rows, not {rows}")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `to_arrays` wrote down.

        Raises ValueError where a table is missing, or does not fit the categories and signs by name.
        """
        for name, known in (("categories", CATEGORIES), ("signs", tuple(SIGNS))):
            if tuple(str(word) for word in arrays.get(name, ())) != known:
                raise ValueError(f"it was trained for other {name} than {', '.join(known)}")
        if missing := sorted({*_TYPES, "fold_from", "fold_to"} - {"folds"} - set(arrays)):
            raise ValueError(f"tables are missing: {', '.join(missing)}")
        tables = {name: arrays[name] for name in _TYPES if name != "folds"}
        return cls(**tables, folds=_unpacked(arrays["fold_from"], arrays["fold_to"]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What `from_arrays` reads: numbers and words, nothing that needs a pickle."""
        moved = np.flatnonzero(self.folds != np.arange(len(self.folds)))
        ends = np.append(moved, len(self.folds))
        return {
            "categories": np.array([*CATEGORIES]),
            "signs": np.array([*SIGNS]),
            "weights": self.weights,
            "scales": self.scales,
            "sign_weights": self.sign_weights,
            "bias": self.bias,
            "fold_from": np.diff(ends, prepend=0).astype(np.uint16),
            "fold_to": self.folds[moved],
        }

    def probabilities(self, tokens: Sequence[int], signs: Sequence[float]) -> Floats:
        """P(category) in the order of `Category`: calibrated, sums to 1."""
        bits = len(self.weights).bit_length() - 1
        buckets, each = buckets_by_root(tokens, self.folds, bits)
        found = np.add.reduce(self.weights.take(buckets, axis=0), axis=0, dtype=np.int32)
        words = found * self.scales * each
        logits = words + np.asarray(signs, dtype=np.float32) @ self.sign_weights + self.bias
        return softmax(logits.astype(np.float64))


def _unpacked(gaps: NDArray[Any], targets: NDArray[Any]) -> Ids:
    """The table of folds: `gaps` lead from one token that is a form of another to the next, then to the table's end."""
    if gaps.dtype != np.uint16 or targets.dtype != np.uint32 or len(gaps) != len(targets) + 1:
        raise ValueError("fold_from must be uint16, and one more than fold_to, which is uint32")
    ends = np.cumsum(gaps, dtype=np.int64)
    folds = np.arange(ends[-1], dtype=np.uint32)
    folds[ends[:-1]] = targets
    return folds
