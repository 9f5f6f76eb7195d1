"""`farthing evaluate`: what a router would have scored and cost on known outcomes."""

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from router.cli.arguments.reading import seed, whole
from router.cli.evaluate.forms import Document, Evaluated, document
from router.cli.evaluate.table import print_evaluation
from router.cli.offline import NONE, SHIPPED, add_pool, forecasting, watched
from router.cli.output.appearing import output
from router.cli.output.page import EVALUATION, page
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Fit
from router.evaluation.crossing import Forecast, forecast, gathered, held_out, priced
from router.evaluation.folds import Split, by_dataset, by_prompt
from router.evaluation.judge import judged
from router.evaluation.pool_file import read_pool
from router.evaluation.resampling import SAMPLES, Resamples

PROMPT, DATASET = "prompt", "dataset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    parser.add_argument(
        "outcomes", nargs="+", type=Path, metavar="OUTCOMES.parquet", help="files of outcomes"
    )
    add_pool(parser)
    _add_split(parser)
    parser.add_argument(
        "--artefact",
        default=NONE,
        metavar=f"{SHIPPED}|{NONE}|DIR",
        help="predict by the shipped artefact, one of your own, or what the other folds teach"
        " (default: none)",
    )
    _add_samples(parser)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every number to this file")
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a page to this file")


def _add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--split",
        choices=(PROMPT, DATASET),
        default=PROMPT,
        help="hold out random prompts, or one dataset at a time (default: prompt)",
    )
    parser.add_argument(
        "--folds",
        type=whole(2, 9999),
        default=5,
        metavar="K",
        help="folds of random prompts (default: 5)",
    )


def _add_samples(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of folds and samples (default: 0)"
    )
    parser.add_argument(
        "--samples",
        type=whole(1, 999_999),
        default=SAMPLES,
        metavar="N",
        help="resamples for intervals (default: 1000)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the evaluation, and write what is asked for."""
    with ExitStack() as files:
        asked = (("--json", args.json), ("--html", args.html))
        opened = {
            option: files.enter_context(output(option, path)) for option, path in asked if path
        }
        evaluated = _evaluated(args)
        for option, file in opened.items():
            file.write(_FORMS[option](document(evaluated)).encode())
    print_evaluation(evaluated, Console())
    return 0


def _evaluated(args: argparse.Namespace) -> Evaluated:
    from router.evaluation.outcome_files import read_outcomes  # noqa: PLC0415 - half a second for pyarrow

    pool = read_pool(args.pool)
    outcomes = priced(read_outcomes(args.outcomes, pool.names, pool.datasets), pool)
    split = _split(outcomes, args)
    found = _forecast(outcomes, split, pool, forecasting(args.artefact), args.seed)
    resamples = Resamples.drawn(len(found.outcomes), args.samples, args.seed)
    with Console(stderr=True).status("Resampling"):
        evaluation = judged(found, resamples)
    return Evaluated(
        evaluation=evaluation,
        pool=pool.name,
        files=tuple(path.name for path in args.outcomes),
        datasets=found.outcomes.datasets,
        left_out=len(outcomes) - len(found.outcomes),
        split=args.split,
        folds=len(split.names),
        artefact=args.artefact,
        seed=args.seed,
        samples=args.samples,
    )


def _split(outcomes: Outcomes, args: argparse.Namespace) -> Split:
    if args.split == DATASET:
        return by_dataset(outcomes)
    return by_prompt(outcomes, args.folds, args.seed)


def _forecast(outcomes: Outcomes, split: Split, pool: Pool, fit: Fit, seed: int) -> Forecast:
    folds = watched(held_out(outcomes, split), "Fitting", len(split.names))
    return gathered(outcomes, split, [forecast(fold, pool, fit, seed) for fold in folds])


_FORMS: Mapping[str, Callable[[Document], str]] = {
    "--json": lambda told: json.dumps(told, indent=2, allow_nan=False) + "\n",
    "--html": lambda told: page(told, EVALUATION),
}
