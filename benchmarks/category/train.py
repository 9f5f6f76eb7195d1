"""Fit the classifier of categories, and write router/artefacts/categories/.

    python -m benchmarks.category.train [../shared/data] [--ablate]

It learns from the requests of benchmarks/category/written/, from such as are made up by templates, and from public
questions: the folder is that of the outcome data, of which zeroeval.parquet and mmlu_pro.parquet may be learnt
from; without it they are missing. The same data give the same file.
`--ablate` writes nothing: it prints what each part of the recipe contributes on left-out requests.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from math import nan
from pathlib import Path
from typing import Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import orjson
import pyarrow.parquet as pq

from benchmarks.category.cases import cases
from benchmarks.category.fitting import (
    CategoryRecipe,
    Fitter,
    best_temperature,
    labels_of,
    softmax,
    weights_of,
)
from benchmarks.category.labelled_request import LabelledRequest
from benchmarks.category.made_up import drawn, families
from benchmarks.category.public_questions import labelled
from benchmarks.category.scores import Judged
from benchmarks.category.written import WRITTEN, written
from router.config.prices.price_map import cl100k_ranks
from router.domain.members import replace
from router.features.classify import CATEGORIES, CategoryModel
from router.features.tokenizer import cl100k
from router.features.turns import question_of

ARTEFACT = Path(__file__).parents[2] / "router" / "artefacts" / "categories"
_LEFT_OUT: Mapping[str, Literal["template", "family"]] = {
    "situation": "template",
    "writer": "family",
}
_FILES = ("zeroeval.parquet", "mmlu_pro.parquet")
_EACH = 1000
_MADE_UP = 0.3
"""How much a request counts that nobody wrote, beside one that somebody did."""
_MOST_OF_A_SET = 100
_SEED = 0
_WORD = re.compile(rb" ([a-z]{3,12})")
_COMMON = 40_000


def fitter(recipe: CategoryRecipe) -> Fitter:
    """The fitter with the shipped tokenizer."""
    return Fitter(cl100k(cl100k_ranks()), recipe)


def corpus(folder: Path) -> tuple[LabelledRequest, ...]:
    """Everything learnt from."""
    return (*_made_up(folder), *written())


def _made_up(folder: Path) -> Iterator[LabelledRequest]:
    """What nobody wrote to learn from: drawn from templates, and public questions."""
    made = drawn(_EACH, _SEED, _words(cl100k_ranks()))
    for request in made + labelled(_questions(folder), _MOST_OF_A_SET, _SEED):
        yield replace(request, weight=_MADE_UP)


def _words(ranks: Mapping[bytes, int]) -> tuple[str, ...]:
    """Common words in small letters: the tokens that were merged early and stand after a space."""
    found = ((rank, _WORD.fullmatch(token)) for token, rank in ranks.items() if rank < _COMMON)
    return tuple(word[1].decode() for _, word in sorted(found, key=lambda row: row[0]) if word)


def _questions(folder: Path) -> list[tuple[str, str]]:
    """(data set, prompt) of every prompt that may be learnt from, ordered by name."""
    found = {
        row["prompt_id"]: (row["dataset"], row["prompt"])
        for name in _FILES
        if (folder / name).exists()
        for row in pq.read_table(
            folder / name, columns=["prompt_id", "dataset", "prompt"]
        ).to_pylist()
    }
    return [found[name] for name in sorted(found)]


def main(folder: Path) -> int:
    """Fit, write, and print the card."""
    requests = corpus(folder)
    fitting = fitter(CategoryRecipe())
    held = {name: fitting.held_out(requests, by) for name, by in _LEFT_OUT.items()}
    temperature = _calibrated(held["situation"], requests)
    model = fitting.model(requests, temperature)
    scores = {f"left out by {by}": _scores(held[by], requests, temperature) for by in held}
    card = _card(requests, temperature, scores)
    write(model, card, ARTEFACT)
    print(orjson.dumps(card, option=orjson.OPT_INDENT_2).decode())
    return 0


def _calibrated(logits: Any, requests: Sequence[LabelledRequest]) -> float:
    """By situations of which nothing was learnt."""
    out = _is_judged(requests)
    return best_temperature(logits[out], labels_of(requests)[out])


def _scores(logits: Any, requests: Sequence[LabelledRequest], temperature: float) -> dict[str, Any]:
    judged = _judged(logits, requests, temperature)
    low, high = judged.interval(lambda each: each.accuracy)
    return {
        "accuracy": round(judged.accuracy, 4),
        "accuracy_95": [round(low, 4), round(high, 4)],
        "ece": round(judged.ece, 4),
    }


def _judged(logits: Any, requests: Sequence[LabelledRequest], temperature: float) -> Judged:
    out = _is_judged(requests)
    chances = softmax(logits, temperature)[out]
    return Judged(chances.argmax(axis=1), chances.max(axis=1), labels_of(requests)[out])


def _is_judged(requests: Sequence[LabelledRequest]) -> Any:
    """For each request whether somebody wrote it."""
    return np.array([*map(_is_by_hand, requests)])


def _is_by_hand(request: LabelledRequest) -> bool:
    return request.family.startswith(WRITTEN)


def _card(
    requests: Sequence[LabelledRequest], temperature: float, scores: Mapping[str, Any]
) -> dict[str, Any]:
    labels = labels_of(requests)
    sets = sorted({r.family for r in requests if r.family.startswith(("zeroeval/", "mmlu_pro/"))})
    return {
        "what": "multinomial logistic regression over hashed tokens, neighbouring pairs and runs of bytes",
        "data": {
            "requests written one by one": "benchmarks/category/written",
            "made-up requests": f"benchmarks/category/made_up, {len(families())} families of templates",
            "public questions": sets,
            "licence of the public questions": "Apache-2.0 (ZeroEval, MMLU-Pro)",
        },
        "requests": {
            name.value: int((labels == place).sum()) for place, name in enumerate(CATEGORIES)
        },
        "seed": _SEED,
        "temperature": round(temperature, 4),
        "scores": scores,
    }


def write(model: CategoryModel, card: Mapping[str, Any], folder: Path) -> None:
    """The three files: numbers, card, and the digests that verify them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "categories.npz": _archive(model.to_arrays()),
        "card.json": orjson.dumps(card, option=orjson.OPT_INDENT_2) + b"\n",
    }
    digests = {"sha256": {name: sha256(content).hexdigest() for name, content in files.items()}}
    files["manifest.json"] = orjson.dumps(digests, option=orjson.OPT_INDENT_2) + b"\n"
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _archive(arrays: Mapping[str, Any]) -> bytes:
    """An .npz whose bytes depend only on the arrays: numpy's own writer adds the time of day."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            one = BytesIO()
            np.lib.format.write_array(one, array, allow_pickle=False)
            archive.writestr(ZipInfo(f"{name}.npy"), one.getvalue(), ZIP_DEFLATED, 9)
    return whole.getvalue()


def ablate(folder: Path) -> int:
    """Print the accuracy with one part of the recipe changed: on left-out files, and on the first two to judge by."""
    whole = corpus(folder)
    variants: Mapping[str, tuple[CategoryRecipe, tuple[LabelledRequest, ...]]] = {
        "as it ships": (CategoryRecipe(), whole),
        "without requests written one by one": (CategoryRecipe(), tuple(_made_up(folder))),
        "without those made up": (CategoryRecipe(), written()),
        "without spelling": (replace(CategoryRecipe(), runs=False), whole),
        "16,384 rows": (replace(CategoryRecipe(), bits=14), whole),
        "votes of cues as features": (CategoryRecipe(votes=True), whole),
    }
    for name, (recipe, requests) in variants.items():
        fitting = fitter(recipe)
        left_out = _accuracy_left_out(fitting, requests)
        print(f"{name:36} {left_out:.3f} {_accuracy_of_cases(fitting, requests):.3f}", flush=True)
    return 0


def _accuracy_left_out(fitting: Fitter, requests: Sequence[LabelledRequest]) -> float:
    """Of files that nothing was learnt from; NaN where none was."""
    if not any(map(_is_by_hand, requests)):
        return nan
    return _judged(fitting.held_out(requests, "family"), requests, 1.0).accuracy


def _accuracy_of_cases(fitting: Fitter, requests: Sequence[LabelledRequest]) -> float:
    rows = fitting.design([request.text for request in requests])
    fitted = fitting.regression(rows, labels_of(requests), weights_of(requests))
    said = fitted.predict(fitting.design([question_of(c.body["messages"]) for c in cases()]))
    return float(np.mean(said == [CATEGORIES.index(case.category) for case in cases()]))


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--ablate"]
    run = ablate if "--ablate" in sys.argv else main
    sys.exit(run(Path(words[0] if words else "../shared/data")))
