"""Fits which kind a prompt is of: a multinomial logistic regression over its tokens, and the kinds' centres."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from router.domain.arrays import Floats
from router.domain.members import replace
from router.features.hashing import buckets_of
from router.features.kinds import KindModel
from router.training.prompt_lengths import PromptLengths
from router.training.stopping import fitted

BITS = 14
_INVERSE_PENALTY = 5.0
_MOST_ITERATIONS = 60
"""Of the classifier. Between 3 and 10 the penalty matters little; see benchmarks/routing."""
_LEAST_DOCUMENTS = 2
"""A bucket seen in one prompt alone says nothing about others."""
_TRAITS = 3
_TRAIT_PENALTY, _LARGE_KIND = 8.0, 400
"""Of the ridge regression. The penalty grows as kinds get smaller than 400 prompts: a score less the mean of a small
kind is mostly the error of that mean."""
_LARGEST_INT8 = 127
_PSEUDO_PROMPTS = 1000.0
"""The weight, in prompts of a kind, of what holds of all kinds together."""


class Weighted(Struct, frozen=True, eq=False):
    """Prompts as rows of bucket weights, each of length 1, and the weight of each bucket."""

    rows: sparse.csr_matrix
    idf: NDArray[np.float32]


def weighted(prompts: Sequence[Sequence[int]], bits: int = BITS) -> Weighted:
    """Inverse document frequencies (Spärck Jones 1972) of the buckets of these token ids, and the rows."""
    found = [buckets_of(tokens, bits) for tokens in prompts]
    documents = np.bincount(np.concatenate(found).astype(np.int64), minlength=2**bits)
    idf = np.log((1.0 + len(prompts)) / (1.0 + documents))
    idf[documents < _LEAST_DOCUMENTS] = 0.0
    idf = idf.astype(np.float32)
    return Weighted(rows_of(prompts, idf), idf)


def rows_of(prompts: Sequence[Sequence[int]], idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """Prompts as rows of bucket weights, each of length 1 (or 0 where no bucket has a weight)."""
    bits = int(np.log2(len(idf)))
    found = [buckets_of(tokens, bits) for tokens in prompts]
    indices = np.concatenate(found).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum([len(each) for each in found])))
    table = sparse.csr_matrix(
        (idf[indices].astype(np.float64), indices, starts), (len(found), len(idf))
    )
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return sparse.diags(1.0 / np.where(lengths > 0, lengths, 1.0)) @ table


class Traits(Struct, frozen=True, eq=False):
    """Columns of weights, (buckets, traits), and what each adds to each model's score, (models, traits)."""

    columns: Floats
    loadings: Floats


def fit_traits(data: Weighted, residuals: Floats, n_kinds: int) -> Traits:
    """What prompts of one kind differ in: reduced-rank ridge regression (Izenman 1975).

    `residuals` are scores less the means of the kind, (prompts, models), NaN for no answer.
    """
    known = np.nan_to_num(residuals)
    _, _, directions = np.linalg.svd(known - known.mean(axis=0), full_matrices=False)
    wide = directions[: 4 * _TRAITS].T
    penalty = _TRAIT_PENALTY * max(1.0, _LARGE_KIND * n_kinds / len(residuals))
    fit = Ridge(alpha=penalty, fit_intercept=False).fit(data.rows, known @ wide)
    weights = np.atleast_2d(fit.coef_)
    _, _, turned = np.linalg.svd(data.rows @ weights.T, full_matrices=False)
    turn = turned[:_TRAITS].T
    return Traits(weights.T @ turn, wide @ turn)


def fit_kinds(
    data: Weighted,
    kinds: NDArray[np.intp],
    lengths: PromptLengths,
    traits: Traits,
    seed: int,
    strangers: Sequence[Sequence[int]] = (),
) -> KindModel:
    """The kind model: classifier, centres, traits and the trust in each kind.

    `lengths` are what is known of those of prompts, `strangers` token ids of prompts that are surely of no kind, where
    one has any.
    """
    n_kinds = len(lengths.of_kinds)
    weights, offsets = _classifier(data.rows, kinds, n_kinds, seed)
    sums = _sums(data.rows, kinds, n_kinds)
    centres = sums / np.maximum(np.linalg.norm(sums, axis=0), 1e-9)
    trusts = _trusts(data.rows, kinds, sums)
    if strangers:
        trusts = _beyond(np.asarray(rows_of(strangers, data.idf) @ centres).max(axis=1), trusts)
    table, scales = _quantised(np.hstack((weights, centres, traits.columns)))
    return KindModel(
        kinds=n_kinds,
        bits=int(np.log2(len(data.idf))),
        idf=data.idf,
        table=table,
        scales=scales,
        offsets=offsets.astype(np.float32),
        trusts=trusts.astype(np.float32),
        lengths=lengths.of_kinds.astype(np.float32),
        hardening=lengths.hardening.astype(np.float32),
    )


def logits_of(model: KindModel, prompts: Sequence[Sequence[int]]) -> Floats:
    """The logits of the shares of these prompts, (prompts, kinds)."""
    weights = model.table[:, : model.kinds] * model.scales[: model.kinds].astype(np.float64)
    return np.asarray(rows_of(prompts, model.idf) @ weights + model.offsets, dtype=np.float64)


def sharpened(model: KindModel, power: float) -> KindModel:
    """The model with shares raised to this power, and scaled to sum to 1 again."""
    scales = model.scales.copy()
    scales[: model.kinds] *= power
    return replace(model, scales=scales, offsets=(model.offsets * power).astype(np.float32))


def _classifier(
    rows: sparse.csr_matrix, kinds: NDArray[np.intp], n_kinds: int, seed: int
) -> tuple[Floats, Floats]:
    """Weights, (buckets, kinds), and constants. One kind needs no classifier."""
    if n_kinds == 1:
        return np.zeros((rows.shape[1], 1)), np.zeros(1)
    settings = {"C": _INVERSE_PENALTY, "max_iter": _MOST_ITERATIONS, "tol": 1e-3}
    model = fitted(LogisticRegression(**settings, random_state=seed), rows, kinds)
    weights, offsets = model.coef_.T, model.intercept_
    if n_kinds == 2:  # scikit-learn keeps the second class's weights alone
        return np.hstack((-weights, weights)) / 2, np.concatenate((-offsets, offsets)) / 2
    return weights, offsets


def _sums(rows: sparse.csr_matrix, kinds: NDArray[np.intp], n_kinds: int) -> Floats:
    member = sparse.csr_matrix(np.eye(n_kinds)[kinds])
    return np.asarray((rows.T @ member).todense())


def _trusts(rows: sparse.csr_matrix, kinds: NDArray[np.intp], sums: Floats) -> Floats:
    """`KindModel.trusts`, each kind's drawn towards that of all prompts together, the more the fewer it has."""
    own, others = _likenesses(rows, kinds, sums)
    nearest = others.argmax(axis=1)
    strangers = others.max(axis=1) if sums.shape[1] > 1 else np.empty(0)
    of_all = np.array(_trust(own, strangers))
    found = np.empty((sums.shape[1], 3))
    for kind in range(sums.shape[1]):
        ours = own[kinds == kind]
        theirs = strangers[nearest == kind] if len(strangers) else strangers
        share = len(ours) / (len(ours) + _PSEUDO_PROMPTS)
        found[kind] = share * np.array(_trust(ours, theirs)) + (1.0 - share) * of_all
    return found


def _beyond(likenesses: Floats, trusts: Floats) -> Floats:
    """`trusts` that begin at the 95th percentile of `likenesses`, those of strangers to their nearest kind."""
    trust, least, most = trusts.T
    least = np.maximum(least, np.quantile(likenesses, 0.95))
    return np.column_stack((trust, least, np.maximum(most, 1.5 * least)))


def _trust(own: Floats, strangers: Floats) -> tuple[float, float, float]:
    """Trust, least and most likeness.

    The trust is by how much more often a kind's own prompts are like it than prompts of other kinds are to
    which nothing else is nearer (Somers' D, 2 AUC - 1), squared, since a likeness that hardly tells them apart
    is hardly to be trusted: 1 where it always does, 0 where it never does. It is in full for all but the rarest
    tenth of its own prompts, and for none below nine tenths of the others.
    """
    most = max(float(np.quantile(own, 0.1)), 1e-6)
    if not len(strangers):
        return 1.0, most / 2, most
    ordered = np.sort(strangers)
    below = np.searchsorted(ordered, own, "left") + np.searchsorted(ordered, own, "right")
    trust = max(0.0, float(below.mean()) / len(strangers) - 1.0) ** 2
    return trust, min(float(np.quantile(strangers, 0.9)), most / 2), most


def _likenesses(
    rows: sparse.csr_matrix, kinds: NDArray[np.intp], sums: Floats
) -> tuple[Floats, Floats]:
    """The likeness of each prompt to its own kind, (prompts,), and to the other kinds, (prompts, kinds).

    The centre of its own kind is that of the other prompts; among the other kinds, its own has -1.
    """
    each = np.arange(rows.shape[0])
    products = np.asarray(rows @ sums)
    others = products / np.maximum(np.linalg.norm(sums, axis=0), 1e-9)
    others[each, kinds] = -1.0
    squares = (sums**2).sum(axis=0)[kinds]
    return _to_the_others(rows, products[each, kinds], squares), others


def _to_the_others(rows: sparse.csr_matrix, products: Floats, squares: Floats) -> Floats:
    """The likeness of each prompt to the sum of all others of its kind.

    `products` are with the sum of all, `squares` the squared lengths of that.
    """
    own = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    lengths = np.sqrt(np.maximum(squares - 2 * products + own, 1e-9))
    return np.asarray((products - own) / lengths, dtype=np.float64)


def _quantised(columns: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Columns as whole numbers from -127 to 127, and the scale of each."""
    scales = np.maximum(np.abs(columns).max(axis=0), 1e-12) / _LARGEST_INT8
    return np.rint(columns / scales).astype(np.int8), scales.astype(np.float32)
