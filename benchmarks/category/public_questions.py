"""Labels of public questions: which category the prompts of an outcome file are of, by their data set.

Only data sets that may train what ships are known (docs/categories.md); of a prompt nothing but
weights is kept.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from benchmarks.category.labelled_request import LabelledRequest
from router.domain.category import Category

_OF: Mapping[str, Category] = {
    "zeroeval/gsm": Category.MATHS,
    "zeroeval/math-l5": Category.MATHS,
    "zeroeval/crux": Category.REASONING,
    "zeroeval/numersense-v2": Category.KNOWLEDGE,
    "mmlu_pro/math": Category.MATHS,
    "mmlu_pro/law": Category.REASONING,
}
_CALCULATING = frozenset(
    f"mmlu_pro/{subject}" for subject in "physics chemistry engineering business economics".split()
)
_OTHER = "mmlu_pro/"
_OPTION = re.compile(r"\n[A-J]\. (.*)")
_NUMBER = re.compile(r"[-+$£€(~]*\s*\d")
_MOSTLY = 0.7
_PARTS = 20


def category_of(dataset: str, prompt: str) -> Category | None:
    """What a user would call `prompt`, None where the data set says nothing of it.

    A question of a calculating subject whose options are mostly numbers is maths.
    """
    if known := _OF.get(dataset):
        return known
    if not dataset.startswith(_OTHER):
        return None
    options = _OPTION.findall(prompt)
    numbers = sum(_NUMBER.match(option) is not None for option in options)
    counts = dataset in _CALCULATING and options and numbers >= _MOSTLY * len(options)
    return Category.MATHS if counts else Category.KNOWLEDGE


def labelled(rows: Sequence[tuple[str, str]], most: int, seed: int) -> tuple[LabelledRequest, ...]:
    """Of `rows` (data set, prompt) at most `most` a data set, half of them without their options."""
    by_set: dict[str, list[str]] = {}
    for dataset, prompt in rows:
        by_set.setdefault(dataset, []).append(prompt)
    return tuple(
        request
        for dataset, prompts in sorted(by_set.items())
        for request in _some(dataset, prompts, most, Random(f"{seed}/{dataset}"))
    )


def _some(dataset: str, prompts: list[str], most: int, dice: Random) -> Iterator[LabelledRequest]:
    for place, prompt in enumerate(dice.sample(prompts, min(most, len(prompts)))):
        if category := category_of(dataset, prompt):
            text = _OPTION.split(prompt)[0] if dice.random() < 0.5 else prompt
            yield LabelledRequest(text, category, dataset, f"{dataset}/{place % _PARTS}")
