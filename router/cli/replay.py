"""`farthing replay`: what would be decided on prompts whose answers are available, but not their scores."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from router.cli.appearing import output
from router.cli.evaluate import add_pool
from router.cli.offline import SHIPPED, taken, watched
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
_AT_ONCE = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay`."""
    parser.add_argument(
        "answers", type=Path, metavar="ANSWERS.parquet", help="a file like outcomes, without scores"
    )
    add_pool(parser)
    parser.add_argument(
        "--artefact",
        default=SHIPPED,
        metavar="DIR",
        help="the artefact that predicts (default: the shipped one)",
    )
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
    Console().print(said, highlight=False, markup=False, soft_wrap=True)
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
        return Menu.of(predictions, Ways.alone(models))
    if len(ways) == models:
        raise FarthingError(
            f"--policy {policy}: needs three models, answers to compare, and an artefact that has learnt from such"
        )
    menu = Menu.of(predictions, ways, is_forced=policy != AUTO)
    return menu.alike() if policy == PAIR else menu


def _strategies(
    menu: Menu, lambdas: list[float] | None, losses: list[float] | None
) -> Mapping[str, Strategy]:
    """A strategy for each point, under a name that states its setting."""
    if losses is not None:
        return {f"max_quality_loss={x:.10g}": menu.within(x) for x in losses}
    if lambdas is None:
        lambdas = FINE.over(menu.predictions.costs_usd).tolist()
    return {f"lambda={each:.10g}": menu.by_lambda(each) for each in lambdas}


def _write(file: BinaryIO, decisions: Iterator[Decided]) -> None:
    """Write the decisions as a table: made of parts, since as objects they take ten times the room."""
    import pyarrow as pa  # noqa: PLC0415 - half a second, which --help need not wait for
    from pyarrow import parquet  # noqa: PLC0415

    tables = [_table(part) for part in iter(lambda: list(islice(decisions, _AT_ONCE)), [])]
    parquet.write_table(pa.concat_tables(tables), file, compression="zstd")


def _table(decisions: Sequence[Decided]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    texts = {
        "prompt_id": [each.prompt_id for each in decisions],
        "point": [each.point for each in decisions],
        "model": [each.model for each in decisions],
    }
    calls = pa.array([list(each.calls) for each in decisions], pa.list_(pa.string()))
    columns = {name: pa.array(column, pa.string()) for name, column in texts.items()}
    return pa.table({**columns, "calls": calls})


def _amounts(text: str) -> list[float]:
    """Numbers from 0 on, separated by commas."""
    with suppress(ValueError):
        amounts = [float(part) for part in text.split(",")]
        if all(0.0 <= amount < inf for amount in amounts):
            return list(dict.fromkeys(amounts))
    raise argparse.ArgumentTypeError(f"takes numbers >= 0 separated by commas, not {text!r}")
