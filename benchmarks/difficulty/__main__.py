"""Fit the linear function behind `difficulty`, and report how well it holds where it was not fitted.

    python -m benchmarks.difficulty ../shared/data

Reads zeroeval.parquet and mmlu_pro.parquet of that folder (both may be learnt from); prints the
weights for router/features/difficulty.py, and rank correlations with the share of models that fail:
over all prompts by 5-fold validation, split by prompt, and within each data set when it is left out.
"""

import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from router.features.difficulty import signs_of

_FILES = ("zeroeval.parquet", "mmlu_pro.parquet")
_RIDGE = 10.0
_FOLDS = 5
Floats = NDArray[np.float64]


def main(folder: Path) -> int:
    """Print the figures; 0, even if there is no data."""
    if not all((folder / name).exists() for name in _FILES):
        print(f"skipped: there is no outcome data in {folder}")
        return 0
    sets, signs, failures = _read(folder)
    folds = np.random.default_rng(0).integers(0, _FOLDS, len(failures)).astype(str)
    overall = _spearman(_left_out(signs, failures, folds), failures)
    print(f"{len(failures)} prompts; rank correlation by {_FOLDS}-fold validation: {overall:.3f}")
    predicted = _left_out(signs, failures, sets)
    within = {s: _spearman(predicted[sets == s], failures[sets == s]) for s in sorted({*sets})}
    for name, correlation in within.items():
        print(f"  within {name}, left out: {correlation:+.3f}")
    print(f"  their median: {median(within.values()):+.3f}")
    weights, at_none = _fit(signs, failures)
    print("weights:", ", ".join(f"{w:.4f}" for w in weights), f"at none: {at_none:.4f}")
    return 0


def _read(folder: Path) -> tuple[NDArray[np.str_], Floats, Floats]:
    """For each prompt its data set, its signs, and the share of models that failed on it."""
    scores: dict[str, list[float]] = {}
    about: dict[str, dict[str, Any]] = {}
    for name in _FILES:
        columns = ["dataset", "prompt_id", "prompt", "score"]
        for row in pq.read_table(folder / name, columns=columns).to_pylist():
            scores.setdefault(row["prompt_id"], []).append(row["score"])
            about[row["prompt_id"]] = row
    sets = np.array([row["dataset"] for row in about.values()])
    signs = np.array([signs_of(row["prompt"]) for row in about.values()])
    return sets, signs, np.array([1 - np.mean(each) for each in scores.values()])


def _fit(signs: Floats, failures: Floats) -> tuple[Floats, float]:
    mean = signs.mean(axis=0)
    centred = signs - mean
    gram = centred.T @ centred + _RIDGE * np.eye(signs.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (failures - failures.mean()))
    return weights, float(failures.mean() - mean @ weights)


def _left_out(signs: Floats, failures: Floats, groups: NDArray[Any]) -> Floats:
    """Each prompt's prediction by a linear function that was fitted without its group."""
    predicted = np.zeros(len(failures))
    for group in sorted({*groups}):
        out = groups == group
        weights, at_none = _fit(signs[~out], failures[~out])
        predicted[out] = signs[out] @ weights + at_none
    return predicted


def _spearman(first: Floats, second: Floats) -> float:
    """Rank correlation; ties share their mean rank."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Floats) -> Floats:
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[where])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")))
