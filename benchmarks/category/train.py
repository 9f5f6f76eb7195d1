"""Fit the classifier of categories, and write router/artefacts/categories/.

    python -m benchmarks.category.train [../shared/data] [--ablate]

The folder is that of the outcome data, of which zeroeval.parquet and mmlu_pro.parquet may be learnt
from; without it the classifier is fitted on the corpus alone. The same data give the same file.
`--ablate` writes nothing: it prints what each part of the recipe contributes on left-out requests.
"""

import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import orjson
import pyarrow.parquet as pq

from benchmarks.category.scores import Judged
from router.config.price_map import cl100k_ranks
from router.domain.members import replace
from router.features.classify import CATEGORIES, CategoryModel
from router.features.tokens import cl100k
from router.training.categories import CategoryRecipe, Fitter, best_temperature, labels_of, softmax
from router.training.cue_words import cue_requests
from router.training.datasets import labelled
from router.training.folding import folds_of, words_of
from router.training.requests import LabelledRequest, drawn, families

ARTEFACT = Path(__file__).parents[2] / "router" / "artefacts" / "categories"
_FILES = ("zeroeval.parquet", "mmlu_pro.parquet")
_EACH = 1000
_MOST_OF_A_SET = 100
_SEED = 0


def fitter(recipe: CategoryRecipe) -> Fitter:
    """The fitter with the shipped tokenizer."""
    ranks = cl100k_ranks()
    return Fitter(cl100k(ranks), folds_of(ranks), recipe)


def corpus(folder: Path, *, cues: bool = True, stray: bool = True) -> tuple[LabelledRequest, ...]:
    """Everything learnt from; without cue words, or without random words, to find out what they contribute."""
    words = words_of(cl100k_ranks()) if stray else ()
    made = drawn(_EACH, _SEED, words) + (tuple(cue_requests(_SEED)) if cues else ())
    return made + labelled(_questions(folder), _MOST_OF_A_SET, _SEED)


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
    held = {by: fitting.held_out(requests, by) for by in ("template", "family")}
    temperature = _calibrated(held["template"], requests)
    model = fitting.model(requests, temperature)
    scores = {f"left out by {by}": _scores(held[by], requests, temperature) for by in held}
    card = _card(requests, temperature, scores)
    write(model, card, ARTEFACT)
    print(orjson.dumps(card, option=orjson.OPT_INDENT_2).decode())
    return 0


def _calibrated(logits: Any, requests: Sequence[LabelledRequest]) -> float:
    """By templates: split by families it comes out far too unsure of requests that people wrote."""
    out = _is_judged(logits)
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
    out = _is_judged(logits)
    chances = softmax(logits, temperature)[out]
    return Judged(chances.argmax(axis=1), chances.max(axis=1), labels_of(requests)[out])


def _is_judged(logits: Any) -> Any:
    """For each request whether it was left out; those made from cue words never are."""
    return np.abs(logits).sum(axis=1) > 0


def _card(
    requests: Sequence[LabelledRequest], temperature: float, scores: Mapping[str, Any]
) -> dict[str, Any]:
    labels = labels_of(requests)
    sets = sorted({r.family for r in requests if r.family.startswith(("zeroeval/", "mmlu_pro/"))})
    return {
        "what": "multinomial logistic regression over hashed tokens, neighbouring pairs and signs",
        "data": {
            "made-up requests": f"router/training/corpus, {len(families())} families of templates",
            "cue words": "router/features/cues.py",
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
    digests = {"sha256": {name: sha256(written).hexdigest() for name, written in files.items()}}
    files["manifest.json"] = orjson.dumps(digests, option=orjson.OPT_INDENT_2) + b"\n"
    for name, written in files.items():
        (folder / name).write_bytes(written)


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
    """Print accuracy on left-out templates and families, with one part of the recipe changed."""
    whole = corpus(folder)
    variants: Mapping[str, tuple[CategoryRecipe, tuple[LabelledRequest, ...]]] = {
        "as it ships": (CategoryRecipe(), whole),
        "without folding": (CategoryRecipe(folds=False), whole),
        "without signs": (CategoryRecipe(signs=False), whole),
        "without cue words": (CategoryRecipe(), corpus(folder, cues=False)),
        "without words at random": (CategoryRecipe(), corpus(folder, stray=False)),
        "8,192 buckets": (replace(CategoryRecipe(), bits=13), whole),
        "votes of cues as features": (CategoryRecipe(votes=True), whole),
    }
    for name, (recipe, requests) in variants.items():
        fitting = fitter(recipe)
        shares = [
            _judged(fitting.held_out(requests, by), requests, 1.0).accuracy
            for by in ("template", "family")
        ]
        print(f"{name:28}", *(f"{share:.3f}" for share in shares), flush=True)
    return 0


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--ablate"]
    run = ablate if "--ablate" in sys.argv else main
    sys.exit(run(Path(words[0] if words else "../shared/data")))
