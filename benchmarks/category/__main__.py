"""Print how well requests are categorised by cue words, by the trained classifier, and by both.

    python -m benchmarks.category [../shared/data]

The requests are the 600 of broad.txt that are not about a picture, which would tell their category, then those of
requests_talk.yaml and requests_work.yaml. `both` is fitted here, with the votes of the cue words as further features,
from what the shipped classifier was fitted from; it is left out without the outcome data.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from timeit import repeat

import numpy as np

from benchmarks.category.cases import HURRIED, Case, broad, cases
from benchmarks.category.fitting import CategoryRecipe, labels_of, softmax, weights_of
from benchmarks.category.scores import Judged
from benchmarks.category.tables import (
    judged,
    show,
    show_confusion,
    show_head,
    show_sureness,
    trained_by,
)
from benchmarks.category.train import corpus, fitter
from router.config.evidence.categories import shipped_categories
from router.config.prices.price_map import cl100k_ranks
from router.domain.category import Category
from router.features.category import categorise
from router.features.classify import CATEGORIES, CategoryModel
from router.features.tokenizer import Tokenizer, cl100k
from router.features.turns import question_of

_RUNS = 300


def main(folder: Path) -> int:
    """Print the figures; always 0."""
    model, tokenizer = shipped_categories(), cl100k(cl100k_ranks())
    for title, every in (("broad.txt", broad()), ("the first two files", cases())):
        asked = [case for case in every if case.category is not Category.VISION]
        print(f"\n{title}: {len(asked)} requests that have no picture, of {len(every)}")
        _show_all(asked, model, tokenizer, folder)
    _show_time(model, tokenizer)
    return 0


def _show_all(
    asked: Sequence[Case], model: CategoryModel, tokenizer: Tokenizer, folder: Path
) -> None:
    of_cues = judged(asked, lambda case: categorise(case.body))
    trained = judged(asked, trained_by(model, tokenizer))
    show_head()
    show("cue words", of_cues)
    show("trained (ships)", trained)
    if (folder / "zeroeval.parquet").exists():
        show("both", _both(asked, folder))
    _show_parts(asked, of_cues, trained)
    show_sureness(trained)
    show_confusion(trained)


def _both(asked: Sequence[Case], folder: Path) -> Judged:
    fitting, requests = fitter(CategoryRecipe(votes=True)), corpus(folder)
    design = fitting.design([request.text for request in requests])
    fitted = fitting.regression(design, labels_of(requests), weights_of(requests))
    rows = fitting.design([question_of(case.body["messages"]) for case in asked])
    chances = softmax(fitted.decision_function(rows))
    true = np.array([CATEGORIES.index(case.category) for case in asked])
    return Judged(chances.argmax(axis=1), chances.max(axis=1), true)


def _show_parts(asked: Sequence[Case], of_cues: Judged, trained: Judged) -> None:
    print("\naccuracy                requests  cue words  trained")
    known = sorted({case.category for case in asked}, key=CATEGORIES.index)
    parts = {category.value: [case.category is category for case in asked] for category in known}
    parts["English"] = [case.language == "en" for case in asked]
    parts["hurried"] = [case.language in HURRIED for case in asked]
    parts["other languages"] = [case.language not in {"en", *HURRIED} for case in asked]
    for name, rows in parts.items():
        mask = np.array(rows)
        shares = (each.at(mask).accuracy for each in (of_cues, trained))
        print(f"{name:22} {mask.sum():8}", *(f"{share:10.3f}" for share in shares))


def _show_time(model: CategoryModel, tokenizer: Tokenizer) -> None:
    text = ("Please summarise this for the board. " + "Shops fear for 12% of their trade. " * 30)[
        :1000
    ]
    body = {"messages": [{"role": "user", "content": text}]}
    tokens = tokenizer.encode_ordinary(text)
    print("\nmicroseconds at 1,000 characters")
    _show_us("tokenising", lambda: tokenizer.encode_ordinary(text))
    _show_us("cue words", lambda: categorise(body))
    _show_us("trained, all in all", lambda: categorise(body, model, tokens))
    _show_us("  its tables", lambda: model.probabilities(text, tokens, sees=False))


def _show_us(name: str, act: Callable[[], object]) -> None:
    print(f"{name:22} {min(repeat(act, number=_RUNS, repeat=7)) / _RUNS * 1e6:8.1f}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")))
