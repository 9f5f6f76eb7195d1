"""Fits the classifier of categories: made-up requests, cue words and public questions in, tables out.

How good it is where it has not learnt is measured by leaving out whole templates, or whole families of
them; the temperature is set on what is predicted for left-out templates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from router.domain.arrays import Floats
from router.features.category import votes_of
from router.features.classify import CATEGORIES, CategoryModel, buckets_by_root
from router.features.signs import SIGNS, signs_of
from router.features.text import both_ends
from router.features.tokens import Tokenizer
from router.training.cue_words import CUES_FAMILY
from router.training.requests import LabelledRequest

_LARGEST_BYTE = 127
_TEMPERATURES = np.geomspace(0.4, 3.0, 81)
_FOLDS = 4
_WORDS_OVER_SIGNS = 3.0
"""How much larger words stand in the design than as they count: so much less are they regularised."""
_ITERATIONS = 400
Ints = NDArray[np.int64]
Tokens = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class CategoryRecipe:
    """How it is fitted. `strength` is scikit-learn's C, the inverse of regularisation.

    The rest tries out what is worth its while: whether tokens are folded, whether form counts, and
    whether the votes by the table of cues are features too, which costs more time than ships.
    """

    bits: int = 14
    strength: float = 3.0
    folds: bool = True
    signs: bool = True
    votes: bool = False


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fits by `recipe`, with the tokens of `tokenizer`, of which `folds` are one word."""

    tokenizer: Tokenizer
    folds: Tokens
    recipe: CategoryRecipe = CategoryRecipe()

    def design(self, texts: Sequence[str]) -> Any:
        """A sparse row a text: buckets of its words, then signs, then votes."""
        questions = [both_ends(text) for text in texts]
        blocks = [self._words(questions)]
        if self.recipe.signs:
            blocks.append(csr_matrix(np.array([signs_of(each) for each in questions])))
        if self.recipe.votes:
            blocks.append(csr_matrix(np.array([_vote_shares(each) for each in questions])))
        return hstack(blocks).tocsr()

    def _words(self, questions: Sequence[str]) -> Any:
        folds = self.folds if self.recipe.folds else np.arange(0, dtype=np.uint32)
        columns: list[int] = []
        values: list[float] = []
        ends = [0]
        for question in questions:
            tokens = self.tokenizer.encode_ordinary(question)
            buckets, each = buckets_by_root(tokens, folds, self.recipe.bits)
            columns.extend(buckets.tolist())
            values.extend([_WORDS_OVER_SIGNS * each] * len(buckets))
            ends.append(len(columns))
        return csr_matrix((values, columns, ends), shape=(len(questions), 2**self.recipe.bits))

    def regression(self, rows: Any, labels: Ints) -> LogisticRegression:
        """The fitted estimator; every category must be among `labels`."""
        fitted = LogisticRegression(C=self.recipe.strength, max_iter=_ITERATIONS, tol=1e-3)
        return fitted.fit(rows, labels)

    def held_out(
        self, requests: Sequence[LabelledRequest], by: Literal["template", "family"]
    ) -> Floats:
        """Logits of each request by a fit that saw nothing of its template, or of its family.

        Cue words always stay in: nothing is to be judged by them.
        """
        rows, labels = self.design([request.text for request in requests]), labels_of(requests)
        part = _parts([getattr(request, by) for request in requests])
        logits = np.zeros((len(requests), len(CATEGORIES)))
        for fold in range(_FOLDS):
            out = part == fold
            fitted = self.regression(rows[~out], labels[~out])
            logits[np.ix_(out, fitted.classes_)] = fitted.decision_function(rows[out])
        return logits

    def model(self, requests: Sequence[LabelledRequest], temperature: float) -> CategoryModel:
        """What ships, fitted on all of `requests`."""
        fitted = self.regression(
            self.design([request.text for request in requests]), labels_of(requests)
        )
        table = fitted.coef_.T / temperature
        words = table[: 2**self.recipe.bits] * _WORDS_OVER_SIGNS
        signs = table[2**self.recipe.bits :]
        scales = np.abs(words).max(axis=0) / _LARGEST_BYTE
        return CategoryModel(
            weights=np.round(words / scales).astype(np.int8),
            scales=scales.astype(np.float32),
            sign_weights=signs[: len(SIGNS)].astype(np.float32),
            bias=(fitted.intercept_ / temperature).astype(np.float32),
            folds=self.folds,
        )


def labels_of(requests: Sequence[LabelledRequest]) -> Ints:
    """The place of each one's category among `CATEGORIES`."""
    return np.array([CATEGORIES.index(request.category) for request in requests])


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
    return np.array([-1 if group == CUES_FAMILY else dealt[group] for group in groups])


def _vote_shares(question: str) -> list[float]:
    votes = votes_of(question)
    total = sum(votes.values()) + 1.0
    return [votes.get(category, 0.0) / total for category in CATEGORIES]
