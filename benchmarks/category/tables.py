"""What the classifier makes of cases, and tables of how often that is right."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.category.cases import Case
from benchmarks.category.scores import Judged
from router.domain.category import Category
from router.features.category import categorise
from router.features.classify import CATEGORIES, CategoryModel
from router.features.tokenizer import Tokenizer
from router.features.turns import question_of

Verdict = tuple[Category, float]


def trained_by(model: CategoryModel, tokenizer: Tokenizer) -> Callable[[Case], Verdict]:
    """What the trained classifier makes of a case."""

    def verdict(case: Case) -> Verdict:
        tokens = tokenizer.encode_ordinary(question_of(case.body["messages"]))
        return categorise(case.body, model, tokens)

    return verdict


def judged(asked: Sequence[Case], verdict: Callable[[Case], Verdict]) -> Judged:
    """The verdicts with the true categories."""
    said = [verdict(case) for case in asked]
    return Judged(
        np.array([CATEGORIES.index(category) for category, _ in said]),
        np.array([sure for _, sure in said]),
        np.array([CATEGORIES.index(case.category) for case in asked]),
    )


def show_head() -> None:
    """Print what the columns of `show` are."""
    print(f"{'':20} accuracy             macro-F1             ECE")


def show(name: str, figures: Judged) -> None:
    """Print accuracy, macro-F1 and calibration error with their intervals."""
    scores: Sequence[Callable[[Judged], float]] = (
        lambda each: each.accuracy,
        lambda each: each.macro_f1,
        lambda each: each.ece,
    )
    ranges = (figures.interval(score) for score in scores)
    print(
        f"{name:20}",
        *(
            f"{score(figures):.3f} ({low:.3f} to {high:.3f})"
            for score, (low, high) in zip(scores, ranges, strict=True)
        ),
        flush=True,
    )


def show_sureness(figures: Judged) -> None:
    """Print how many are right at which confidence."""
    print("\nits confidence         requests  share  right")
    for low, high in pairwise((0.0, 0.3, 0.5, 0.7, 0.9, 1.01)):
        mask = (figures.sure >= low) & (figures.sure < high)
        if mask.any():
            share, right = mask.mean(), figures.at(mask).accuracy
            print(f"{low:.1f} to {min(high, 1.0):.1f} {mask.sum():21} {share:6.2f} {right:6.2f}")


def show_confusion(figures: Judged) -> None:
    """Print what was mistaken for what at least twice, most often first."""
    print("\ntaken for another (times, is, said)")
    for times, true, said in figures.confused():
        print(f"{times:4}  {CATEGORIES[true].value:14} {CATEGORIES[said].value}")
