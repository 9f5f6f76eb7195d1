"""The options of `farthing calibrate`."""

import argparse
from pathlib import Path

from router.cli.arguments.options import add_config, day
from router.cli.arguments.reading import expects, seed, whole
from router.domain.money import Money
from router.domain.scored import ScoreSource
from router.evaluation.scoring import HELP as SCORES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `calibrate`."""
    add_config(parser)
    parser.add_argument(
        "outcomes",
        nargs="*",
        type=Path,
        metavar="OUTCOMES",
        help="scored answers: .parquet, .jsonl or .csv with prompt, model and score (0 to 1)",
    )
    _add_weak_labels(parser)
    parser.add_argument("--models", metavar="A,B", help="only these models (default: all)")
    _add_replay(parser)
    _add_rule(parser)
    parser.add_argument("--dry-run", action="store_true", help="send nothing, and install nothing")
    parser.add_argument("--yes", action="store_true", help="spend without being asked")
    parser.add_argument(
        "--undo", action="store_true", help="restore what was in force before the last calibration"
    )
    parser.add_argument("--html", type=Path, metavar="OUT", help="also write a page, as one file")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write everything as JSON")


def _add_weak_labels(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "other evidence about answers: it counts for less, and decides nothing"
    )
    group.add_argument(
        "--feedback",
        action="store_true",
        help="count the feedback in the ledger, and show what automatic checks found",
    )
    group.add_argument(
        "--since", type=day, metavar="DAY", help="from this day on, YYYY-MM-DD (UTC)"
    )
    group.add_argument(
        "--feedback-file",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="feedback kept elsewhere, in the format of OUTCOMES",
    )
    group.add_argument(
        "--count-automatic",
        type=_signs,
        default=(),
        metavar="SOURCES",
        help="flaws that lower estimates, such as schema,tool_call (default: they are only shown)",
    )


@expects(
    f"some of {', '.join(sorted(set(ScoreSource) - {ScoreSource.FEEDBACK}))}, separated by commas"
)
def _signs(text: str) -> tuple[ScoreSource, ...]:
    """The automatic sources in `text`."""
    found = tuple(ScoreSource(name.strip()) for name in text.split(","))
    if ScoreSource.FEEDBACK in found:
        raise ValueError(text)
    return found


def _add_replay(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("recorded requests, to be sent again")
    group.add_argument(
        "--requests",
        metavar="RECORDED",
        help="chat requests as `farthing try` reads them, to be asked of the models",
    )
    group.add_argument(
        "--twice",
        type=_names,
        default=(),
        metavar="A,B",
        help="ask these models everything twice: is a second answer of a cheap model worth it?",
    )
    group.add_argument("--score", metavar="HOW", help=f"how answers are scored: {SCORES}")
    group.add_argument(
        "--expected",
        metavar="FIELD",
        default="expected",
        help="the field of a record that holds the right answer (default: expected)",
    )
    _add_bounds(group)
    group.add_argument(
        "--outcomes-file",
        type=Path,
        metavar="FILE",
        help="where the answers are kept and looked up (default: RECORDED.outcomes.parquet)",
    )


def _add_bounds(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--limit", type=whole(1), metavar="N", help="at most this many requests, a sample"
    )
    group.add_argument(
        "--max-cost", type=_dollars, metavar="USD", help="start no call that might exceed this"
    )
    group.add_argument(
        "--parallel", type=whole(1), default=4, metavar="N", help="calls at a time (default: 4)"
    )


def _add_rule(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("when own answers count as better")
    group.add_argument(
        "--folds",
        type=whole(2),
        default=5,
        metavar="K",
        help="folds of the cross-validation (default: 5)",
    )
    group.add_argument(
        "--strict",
        action="store_true",
        help="only if they are also significantly better than the best fixed choice, and not just no worse",
    )
    group.add_argument("--seed", type=seed, default=0, help="seed of the folds (default: 0)")


@expects("ids of models, separated by commas")
def _names(text: str) -> tuple[str, ...]:
    """The names in `text`, each once."""
    found = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not found:
        raise ValueError(text)
    return found


@expects("an amount of dollars >= 0")
def _dollars(text: str) -> Money:
    """An amount."""
    if (amount := Money.from_usd(text)).pico < 0:
        raise ValueError(text)
    return amount
