"""The probability of every category of a question, from its words and its spelling.

A multinomial logistic regression whose weights were learnt offline (benchmarks/category/fitting.py) and ship as two
tables of small whole numbers, with a column for each category: a row for each bucket of tokens and neighbouring pairs
in the one, of four neighbouring bytes in the other. Bytes tell what is left of a word that is misspelt, inflected, or
cut up by a tokenizer that knows little of its language. Each bucket weighs one over the root of their number in the
question, so that a word in a short question says more than in a long one. See docs/categories.md.
"""

from collections.abc import Mapping, Sequence
from math import exp, inf, sqrt
from typing import Any, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from router.domain.category import Category
from router.features.hashing import Ids, buckets_of, runs_of

CATEGORIES = tuple(Category)
_VISION = CATEGORIES.index(Category.VISION)
_HEAD_TOKENS, _TAIL_TOKENS = 48, 24
_HEAD_CHARS, _TAIL_CHARS = 240, 120
_TYPES: Mapping[str, type[np.generic]] = {
    "words": np.int8,
    "word_scales": np.float32,
    "runs": np.int8,
    "run_scales": np.float32,
    "bias": np.float32,
}


def words_by_root(tokens: Sequence[int], bits: int) -> tuple[Ids, float]:
    """The buckets of both ends of `tokens`, and the weight of each: one over the root of their number.

    Between the ends is what the question is about.
    """
    if len(tokens) > _HEAD_TOKENS + _TAIL_TOKENS:
        tokens = [*tokens[:_HEAD_TOKENS], *tokens[-_TAIL_TOKENS:]]
    buckets = buckets_of(tokens, bits)
    return buckets, _by_root(buckets)


def runs_by_root(question: str, bits: int) -> tuple[Ids, float]:
    """The buckets of the spelling of both ends of `question`, whatever its case and spacing, and the weight of each."""
    if len(question) > _HEAD_CHARS + _TAIL_CHARS:
        question = f"{question[:_HEAD_CHARS]}\n{question[-_TAIL_CHARS:]}"
    buckets = runs_of(f" {' '.join(question.lower().split())} ", bits)
    return buckets, _by_root(buckets)


def _by_root(buckets: Ids) -> float:
    return 1.0 / sqrt(max(1, len(buckets)))


class CategoryModel(Struct, frozen=True, eq=False):
    """The learnt weights.

    `words` and `runs`, (2 ** bits x categories) each, times their scales, one per category, are the weights of words
    and of spellings; `bias` (categories) holds without any evidence. The weights are logits, already divided by the
    temperature that calibrates them.
    """

    words: NDArray[np.int8]
    word_scales: NDArray[np.float32]
    runs: NDArray[np.int8]
    run_scales: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse tables that do not fit each other or this program's categories, and numbers that are not finite."""
        for name, kind in _TYPES.items():
            table, wide = getattr(self, name), len(CATEGORIES)
            shape = (len(table), wide) if kind is np.int8 else (wide,)
            if table.shape != shape or table.dtype != kind:
                raise ValueError(f"{name} must be {shape} of {kind.__name__}")
            if not np.isfinite(table).all():
                raise ValueError(f"{name} must be finite")
            if kind is np.int8 and (shape[0] < 2 or shape[0] & (shape[0] - 1)):
                raise ValueError(f"{name} must have a power of two of rows, not {shape[0]}")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `to_arrays` wrote down.

        Raises ValueError where a table is missing, or does not fit the categories by name.
        """
        if tuple(str(word) for word in arrays.get("categories", ())) != CATEGORIES:
            raise ValueError(f"it was trained for other categories than {', '.join(CATEGORIES)}")
        if missing := sorted(set(_TYPES) - set(arrays)):
            raise ValueError(f"tables are missing: {', '.join(missing)}")
        return cls(**{name: arrays[name] for name in _TYPES})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What `from_arrays` reads: numbers and words, nothing that needs a pickle."""
        tables = {name: getattr(self, name) for name in _TYPES}
        return {"categories": np.array([*CATEGORIES]), **tables}

    def probabilities(self, question: str, tokens: Sequence[int], *, sees: bool) -> list[float]:
        """P(category) of a question with these token ids, in the order of `Category`: calibrated, sums to 1.

        Unless the request `sees` a picture, it is not of `vision`.
        """
        words, word = words_by_root(tokens, _bits(self.words))
        runs, run = runs_by_root(question, _bits(self.runs))
        logits = _summed(self.words, words) * (self.word_scales * word)
        logits += _summed(self.runs, runs) * (self.run_scales * run)
        logits += self.bias
        told = logits.tolist()
        if not sees:
            told[_VISION] = -inf
        return _shares(told)


def _bits(table: NDArray[np.int8]) -> int:
    return len(table).bit_length() - 1


def _summed(table: NDArray[np.int8], rows: Ids) -> NDArray[np.float32]:
    """Exact: sums of whole numbers, far below 2 ** 24. The product with ones takes a third of the time of a sum."""
    return np.ones(len(rows), np.float32) @ table.take(rows, axis=0).astype(np.float32)


def _shares(logits: Sequence[float]) -> list[float]:
    """Softmax, for so few that arrays would take longer."""
    most = max(logits)
    raised = [exp(each - most) for each in logits]
    whole = sum(raised)
    return [each / whole for each in raised]
