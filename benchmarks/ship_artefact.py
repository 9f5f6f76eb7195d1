"""Fit the artefact that ships anew; write router/artefacts/quality/, its digest in router/config/evidence/shipped.py.

    python -m benchmarks.ship_artefact ../shared/data [--dry-run]

The folder is that of the outcome data, of which zeroeval.parquet and mmlu_pro.parquet may be learnt from. The
same data give the same bytes. With `--dry-run` the digest is printed and nothing is written.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.category.made_up import drawn
from benchmarks.category.public_questions import category_of
from router.cli.offline import tokenizer
from router.config.evidence.artefact_files import write_artefact
from router.config.evidence.priors import Priors
from router.config.evidence.shipped import shipped_folder
from router.domain.category import Category
from router.domain.outcomes import Outcomes
from router.domain.price import Price
from router.evaluation.outcome_files import read_outcomes
from router.training.fit import Recipe, fit
from router.training.parity import TEXTS, parity_cases

FILES = ("zeroeval.parquet", "mmlu_pro.parquet")
NOTE = (
    "ZeroEval (Apache-2.0) and MMLU-Pro (Apache-2.0) outcomes; tokens are characters / 4, and hidden reasoning"
    " tokens are unknown"
)
_STRANGERS = 100
"""Everyday requests of each category, drawn from our own templates: what is like these is of no kind that ships."""
_PIN = Path(__file__).parents[1] / "router" / "config" / "evidence" / "shipped.py"


def main() -> None:
    """Fit, write, and pin."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    if not all((args.data / name).is_file() for name in FILES):
        sys.exit(f"there is no {' or '.join(FILES)} in {args.data}; nothing was fitted")
    outcomes = read_outcomes([args.data / name for name in FILES])
    tokenize = tokenizer()
    categories = _categories(outcomes)
    recipe = _recipe(outcomes, categories, _prices(args.data))
    artefact = fit(outcomes, None, tokenize, categories, recipe)
    cases = parity_cases(artefact.kinds, [tokenize(text) for text in TEXTS], artefact.agreement)
    if args.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            print(write_artefact(artefact, cases, Path(folder)))
        return
    digest = write_artefact(artefact, cases, shipped_folder())
    pinned = re.sub(r'SHIPPED_SHA256 = ".*"', f'SHIPPED_SHA256 = "{digest}"', _PIN.read_text())
    _PIN.write_text(pinned)
    print(f"{shipped_folder()}: {digest}")


def _categories(outcomes: Outcomes) -> list[Category]:
    """What the data set of each prompt says of it: the classifier takes some exam questions for what they are not."""
    told = []
    for dataset, prompt in zip(outcomes.datasets, outcomes.prompts, strict=True):
        if (category := category_of(dataset, prompt)) is None:
            sys.exit(
                f"benchmarks/category/public_questions.py does not say what {dataset} asks for"
            )
        told.append(category)
    return told


def _recipe(
    outcomes: Outcomes, categories: Sequence[Category], prices: Mapping[str, tuple[float, float]]
) -> Recipe:
    return Recipe(
        floor=0.0,
        anchors=_anchors(outcomes, categories, prices),
        prices=prices,
        note=NOTE,
        sources=FILES,
        strangers=[request.text for request in drawn(_STRANGERS, seed=1)],
    )


def _prices(data: Path) -> Mapping[str, tuple[float, float]]:
    stated = json.loads((data / "prices" / "prices.json").read_text())["models"]
    return {
        name: (each["input_per_1m"], each["output_per_1m"])
        for name, each in stated.items()
        if each.get("input_per_1m") is not None and each.get("output_per_1m") is not None
    }


def _anchors(
    outcomes: Outcomes, categories: Sequence[Category], prices: Mapping[str, tuple[float, float]]
) -> Mapping[str, Mapping[str, float]]:
    """The priors of each model for each kind: the mean over the categories of its prompts."""
    priors = Priors.shipped()
    of_kind: dict[str, Counter[Category]] = {}
    for kind, category in zip(outcomes.datasets, categories, strict=True):
        of_kind.setdefault(kind, Counter())[category] += 1
    found = {}
    for model in outcomes.models:
        abilities = priors.of((model,), Price.per_mtok(*prices.get(model, (1.0, 3.0)))).abilities
        found[model] = {
            kind: sum(n * abilities[category].p for category, n in counts.items()) / counts.total()
            for kind, counts in of_kind.items()
        }
    return found


if __name__ == "__main__":
    main()
