"""Fits the classifier of categories: requests and public questions in, tables out.

How good it is where it has not learnt is measured by leaving out whole templates, or whole families of
them; the temperature is set on what is predicted for left-out templates.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from benchmarks.category.labelled_request import LabelledRequest
from router.domain.arrays import Floats
from router.features.category import votes_of
from router.features.classify import CATEGORIES, CategoryModel, runs_by_root, words_by_root
from router.features.hashing import Ids
from router.features.text import both_ends
from router.features.tokenizer import Tokenizer

_LARGEST_BYTE = 127
_TEMPERATURES = np.geomspace(0.4, 3.0, 81)
_FOLDS = 4
_LESS_HELD = 3.0
"""How much larger buckets stand in the design than as they count: so much less are they regularised."""
_ITERATIONS, _CHANGE = 400, 1e-4
"""Where the solver stops. With ten times the change, a few requests more or less move the result by half a point."""
Ints = NDArray[np.int64]


class CategoryRecipe(Struct, frozen=True):
    """How it is fitted. `strength` is scikit-learn's C, the inverse of regularisation.

    The tables of words and of spellings have 2 ** `bits` rows each. The rest tries out what is worth its while: whether
    spelling counts, and whether the votes by the table of cues are features too, which costs more time than ships.
    """

    bits: int = 16
    strength: float = 0.3
    runs: bool = True
    votes: bool = False


class Fitter(Struct, frozen=True):
    """Fits by `recipe`, with the tokens of `tokenizer`."""

    tokenizer: Tokenizer
    recipe: CategoryRecipe = CategoryRecipe()

    def design(self, texts: Sequence[str]) -> Any:
        """A sparse row a text: buckets of its words, then of its spelling, then votes."""
        questions, bits = [both_ends(text) for text in texts], self.recipe.bits
        encoded = map(self.tokenizer.encode_ordinary, questions)
        blocks = [_rows([words_by_root(tokens, bits) for tokens in encoded], bits)]
        if self.recipe.runs:
            blocks.append(_rows([runs_by_root(each, bits) for each in questions], bits))
        if self.recipe.votes:
            blocks.append(csr_matrix(np.array([_vote_shares(each) for each in questions])))
        return hstack(blocks).tocsr()

    def regression(self, rows: Any, labels: Ints, weights: Floats) -> LogisticRegression:
        """The fitted estimator; every category must be among `labels`."""
        fitted = LogisticRegression(C=self.recipe.strength, max_iter=_ITERATIONS, tol=_CHANGE)
        return fitted.fit(rows, labels, weights)

    def held_out(
        self, requests: Sequence[LabelledRequest], by: Literal["template", "family"]
    ) -> Floats:
        """Logits of each request by a fit that saw nothing of its template, or of its family."""
        rows, labels = self.design([request.text for request in requests]), labels_of(requests)
        weights = weights_of(requests)
        part = _parts([getattr(request, by) for request in requests])
        logits = np.zeros((len(requests), len(CATEGORIES)))
        for fold in range(_FOLDS):
            out = part == fold
            fitted = self.regression(rows[~out], labels[~out], weights[~out])
            logits[np.ix_(out, fitted.classes_)] = fitted.decision_function(rows[out])
        return logits

    def model(self, requests: Sequence[LabelledRequest], temperature: float) -> CategoryModel:
        """What ships, fitted on all of `requests`."""
        fitted = self.regression(
            self.design([request.text for request in requests]),
            labels_of(requests),
            weights_of(requests),
        )
        words, runs = np.split(fitted.coef_.T * (_LESS_HELD / temperature), 2)
        return CategoryModel(
            *_in_bytes(words),
            *_in_bytes(runs),
            bias=(fitted.intercept_ / temperature).astype(np.float32),
        )


def _rows(found: Sequence[tuple[Ids, float]], bits: int) -> Any:
    """A sparse row for the buckets of each text, and the weight of each of them."""
    values = np.repeat([_LESS_HELD * each for _, each in found], [len(b) for b, _ in found])
    columns = np.concatenate([buckets for buckets, _ in found])
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    return csr_matrix((values, columns, ends), shape=(len(found), 2**bits))


def _in_bytes(table: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A table as small whole numbers, and what those of each category are multiplied by."""
    scales = np.abs(table).max(axis=0) / _LARGEST_BYTE
    return np.round(table / scales).astype(np.int8), scales.astype(np.float32)


def labels_of(requests: Sequence[LabelledRequest]) -> Ints:
    """The place of each one's category among `CATEGORIES`."""
    return np.array([CATEGORIES.index(request.category) for request in requests])


def weights_of(requests: Sequence[LabelledRequest]) -> Floats:
    """How much each counts."""
    return np.array([request.weight for request in requests])


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities, row by row."""
    raised = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def best_temperature(logits: Floats, labels: Ints) -> float:
    """The divisor of `logits` under which the labels are likeliest."""

    def loss(temperature: float) -> float:
        chances = softmax(logits, temperature)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(chances, 1e-12)).mean())

    return float(min(_TEMPERATURES, key=loss))


def _parts(groups: Sequence[str]) -> Ints:
    """Which part each is left out with: whole groups, dealt round in an order that mixes them."""
    names = sorted({*groups})
    order = np.random.default_rng(0).permutation(len(names))
    dealt: Mapping[str, int] = dict(zip(names, (order % _FOLDS).tolist(), strict=True))
    return np.array([dealt[group] for group in groups])


def _vote_shares(question: str) -> list[float]:
    votes = votes_of(question)
    total = sum(votes.values()) + 1.0
    return [votes.get(category, 0.0) / total for category in CATEGORIES]
