"""`farthing replay`: what would be decided on prompts whose answers are available, but not their scores."""

import argparse
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from math import inf
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from router.cli.offline import add_artefact, add_pool, taken, watched
from router.cli.output.appearing import output
from router.cli.output.tables import print_lines
from router.domain.errors import FarthingError
from router.domain.nearest import nearest
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool
from router.domain.predictions import Predictions
from router.evaluation.cascades import Ways, ways_of
from router.evaluation.pool_file import read_pool
from router.evaluation.replay import Decided, Menu, Strategy, replayed
from router.evaluation.sweep import FINE

AUTO, SINGLE, PAIR, CASCADE = "auto", "single", "pair", "cascade"
POLICIES = (AUTO, SINGLE, PAIR, CASCADE)
_AT_ONCE = 2**20
"""Decisions written together, as many as Parquet has in a row group: there may be a hundred for each prompt."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument(
        "answers", type=Path, metavar="ANSWERS.parquet", help="a file like outcomes, without scores"
    )
    add_pool(parser)
    add_artefact(parser)
    parser.add_argument(
        "--policy",
        default="auto",
        metavar="NAME",
        help="how models are asked: single asks one, pair always the same two and a third if they differ,"
        " cascade two and a third that suit the prompt, auto whichever serves best (default: auto)",
    )
    settings = parser.add_mutually_exclusive_group()
    settings.add_argument(
        "--max-quality-loss",
        type=_amounts,
        metavar="X,...",
        help="the cheapest way whose predicted quality is within X of the best model's",
    )
    settings.add_argument(
        "--lambda",
        dest="lambdas",
        type=_amounts,
        metavar="L,...",
        help="the way with the highest predicted quality minus L per dollar (default: a sweep)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DEC.parquet", help="decisions")


def run(args: argparse.Namespace) -> int:
    """Write the decisions."""
    if args.policy not in POLICIES:
        hint = nearest(args.policy, POLICIES)
        raise FarthingError(f"--policy: there is no '{args.policy}' to replay{hint}")
    pool = read_pool(args.pool)
    answers = _answers(args.answers, pool)
    with output("--out", args.out) as file:
        with Console(stderr=True).status("Predicting"):
            predictions = _predictions(answers, pool, args.artefact)
            menu = _menu(args.policy, predictions, answers)
            points = _strategies(menu, args.lambdas, args.max_quality_loss)
        decisions = replayed(answers, points)
        _write(file, watched(decisions, "Deciding", len(answers) * len(points)))
    said = f"{len(answers):,} prompts at {len(points)} points: {args.out}"
    print_lines([said])
    return 0


def _answers(path: Path, pool: Pool) -> Outcomes:
    """The answers of the pool's models. Raises FarthingError if one of them has none at all."""
    from router.evaluation.outcome_files import read_answers  # noqa: PLC0415 - half a second for pyarrow

    found = read_answers([path])
    if missing := [name for name in pool.names if name not in found.models]:
        raise FarthingError(f"{path} has no answer of {', '.join(missing)}")
    return found.of(pool.names)


def _predictions(answers: Outcomes, pool: Pool, artefact: str) -> Predictions:
    """The predictions for the prompts, made without their answers."""
    return taken(artefact).predict(answers.prompts, pool, answers.prompt_ids)


def _menu(policy: str, predictions: Predictions, answers: Outcomes) -> Menu:
    """What the policy decides between. Raises FarthingError if it needs cascades, but none is known."""
    models = len(predictions.models)
    ways = ways_of(predictions, answers)
    if policy == SINGLE or (policy == AUTO and len(ways) == models):
        return Menu(predictions, Ways.alone(models))
    if len(ways) == models:
        raise FarthingError(
            f"--policy {policy}: needs three models, answers to compare, and an artefact that has learnt from such"
        )
    return Menu(predictions, ways, is_forced=policy != AUTO, is_alike=policy == PAIR)


def _strategies(
    menu: Menu, lambdas: list[float] | None, losses: list[float] | None
) -> Mapping[str, Strategy]:
    """A strategy for each point, under a name that states its setting."""
    if losses is not None:
        names = [f"max_quality_loss={each:.10g}" for each in losses]
        return dict(zip(names, menu.within(losses), strict=True))
    if lambdas is None:
        lambdas = FINE.over(menu.predictions.costs_usd).tolist()
    names = [f"lambda={each:.10g}" for each in lambdas]
    return dict(zip(names, menu.by_lambdas(lambdas), strict=True))


def _write(file: BinaryIO, decisions: Iterable[Decided]) -> None:
    """Write the decisions as a table."""
    import pyarrow as pa  # noqa: PLC0415 - half a second, which --help need not wait for
    from pyarrow import parquet  # noqa: PLC0415

    text, calls = pa.string(), pa.list_(pa.string())
    schema = pa.schema({"prompt_id": text, "point": text, "model": text, "calls": calls})
    left = iter(decisions)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while some := list(islice(left, _AT_ONCE)):
            columns = [[getattr(each, name) for each in some] for name in schema.names]
            writer.write_table(pa.table(columns, schema=schema))


def _amounts(text: str) -> list[float]:
    """Numbers from 0 on, separated by commas."""
    with suppress(ValueError):
        amounts = [float(part) for part in text.split(",")]
        if all(0.0 <= amount < inf for amount in amounts):
            return list(dict.fromkeys(amounts))
    raise argparse.ArgumentTypeError(f"takes numbers >= 0 separated by commas, not {text!r}")
