"""`farthing fit`: an artefact from outcomes."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console

from router.cli.arguments.reading import seed
from router.cli.offline import add_pool, categories_of, published_of, tokenizer
from router.cli.output.tables import print_lines
from router.config.evidence.artefact_files import place_for, write_artefact
from router.config.evidence.priors import Priors
from router.domain.errors import FarthingError
from router.domain.outcomes import Outcomes
from router.evaluation.pool_file import read_pool
from router.pipeline.artefact import Artefact


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fit`."""
    parser.add_argument(
        "outcomes", nargs="+", type=Path, metavar="OUTCOMES.parquet", help="files of outcomes"
    )
    add_pool(parser)
    parser.add_argument(
        "--exclude-dataset",
        action="append",
        default=[],
        metavar="D",
        help="learn nothing from this dataset; may be repeated",
    )
    parser.add_argument(
        "--ids", type=Path, metavar="FILE", help="learn only from these prompt ids, one per line"
    )
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of everything random (default: 0)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="ARTEFACT", help="the folder to write"
    )


def run(args: argparse.Namespace) -> int:
    """Write the artefact, and print its digest."""
    from router.evaluation.crossing import learnable  # noqa: PLC0415 - half a second for pyarrow
    from router.evaluation.outcome_files import read_outcomes  # noqa: PLC0415 - as above
    from router.training.fit import Recipe, fit  # noqa: PLC0415 - two seconds for scikit-learn
    from router.training.parity import TEXTS, parity_cases  # noqa: PLC0415 - as above

    pool = read_pool(args.pool)
    read = read_outcomes(args.outcomes, pool.names, pool.datasets)
    outcomes = _wanted(learnable(read, pool), args)
    tokenize = tokenizer()
    with _place(args.out):
        with Console(stderr=True).status(f"Learning from {len(outcomes)} prompts"):
            categories = categories_of(outcomes.prompts, tokenize)
            published = published_of(outcomes.models, Priors.shipped())
            recipe = Recipe(seed=args.seed, published=published)
            artefact = fit(outcomes, pool, tokenize, categories, recipe)
            texts = [tokenize(text) for text in TEXTS]
            cases = parity_cases(artefact.kinds, texts, artefact.agreement)
        digest = write_artefact(artefact, cases, args.out)
    _tell(artefact, outcomes, args.out, digest)
    return 0


@contextmanager
def _place(folder: Path) -> Iterator[None]:
    """The folder for the artefact. Raises FarthingError if it cannot be written, mostly before anything is learnt."""
    try:
        with place_for(folder):
            yield
    except OSError as error:
        raise FarthingError(
            f"--out: {folder} cannot be written: {error.strerror or error}"
        ) from None


def _wanted(outcomes: Outcomes, args: argparse.Namespace) -> Outcomes:
    """The outcomes to learn from. Raises FarthingError if none are left."""
    excluded = set(args.exclude_dataset)
    if unknown := sorted(excluded - set(outcomes.datasets)):
        raise FarthingError(f"--exclude-dataset: no outcome is from {', '.join(unknown)}")
    keeps = np.array([dataset not in excluded for dataset in outcomes.datasets], dtype=bool)
    if args.ids:
        ids = _ids(args.ids)
        keeps &= np.array([each in ids for each in outcomes.prompt_ids], dtype=bool)
    if not np.isfinite(outcomes.scores[keeps]).any():
        raise FarthingError("no prompt with a score is left to learn from")
    return outcomes.at(keeps)


def _ids(path: Path) -> frozenset[str]:
    try:
        return frozenset(map(str.strip, path.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        raise FarthingError(f"--ids: {path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FarthingError(f"--ids: {path} is not text") from None


def _tell(artefact: Artefact, outcomes: Outcomes, folder: Path, digest: str) -> None:
    said = (
        f"Learnt from {len(outcomes):,} prompts, of {len(artefact.kind_names)} kinds, and"
        f" {len(artefact.models)} models: {folder}\nSHA-256 {digest}"
    )
    if unscored := [name for name in outcomes.models if name not in artefact.models]:
        said += f"\nWithout any score, and so not learnt: {', '.join(unscored)}"
    print_lines([said])
