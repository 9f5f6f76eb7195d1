"""`farthing calibrate`: scored answers of one's own become evidence, where they are the better evidence."""

import argparse
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from router.app import dry_pipeline, real_world
from router.cli.calibrate_forms import About, Document, card, document
from router.cli.calibrate_labels import Gathered, from_files
from router.cli.calibrate_replay import from_requests
from router.cli.calibrate_table import print_calibration
from router.cli.options import add_config
from router.cli.report_html import CALIBRATION, write_page
from router.config.load import load_settings
from router.config.local_install import install, undo, version_of
from router.config.settings import Settings
from router.domain.errors import FarthingError
from router.domain.local_quality import LocalQuality
from router.domain.model import Model
from router.domain.money import Money
from router.domain.nearest import nearest
from router.evaluation.calibration import Calibration, calibrate
from router.evaluation.local import Rule
from router.evaluation.scoring import HELP as SCORES

HELP = "learn from scored answers of your own, and use that where it is better than what is shipped"


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
    parser.add_argument(
        "--feedback",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="scores by users or by chance signs: they count for less, and judge nothing",
    )
    parser.add_argument("--models", metavar="A,B", help="of these models only (default: all)")
    _add_replay(parser)
    _add_rule(parser)
    parser.add_argument("--dry-run", action="store_true", help="send nothing, and install nothing")
    parser.add_argument("--yes", action="store_true", help="spend without being asked")
    parser.add_argument(
        "--undo", action="store_true", help="put in force what was before the last calibration"
    )
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a page to one file, too")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything as JSON, too")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("recorded requests, asked again")
    group.add_argument(
        "--requests",
        metavar="RECORDED",
        help="chat requests as `farthing try` reads them, to be asked of the models",
    )
    group.add_argument("--score", metavar="HOW", help=f"how answers are scored: {SCORES}")
    group.add_argument(
        "--expected",
        metavar="FIELD",
        default="expected",
        help="the member of a record with the right answer (default: expected)",
    )
    group.add_argument(
        "--limit", type=_count, metavar="N", help="at most so many requests, a sample"
    )
    group.add_argument(
        "--max-cost", type=_dollars, metavar="USD", help="begin no call that might go beyond this"
    )
    group.add_argument(
        "--parallel", type=_count, default=4, metavar="N", help="calls at a time (default: 4)"
    )
    group.add_argument(
        "--outcomes-file",
        type=Path,
        metavar="FILE",
        help="where the answers are kept, and found again (default: RECORDED.outcomes.parquet)",
    )


def _add_rule(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("when own answers count as better")
    group.add_argument(
        "--folds", type=_folds, default=5, metavar="K", help="of the cross-validation (default: 5)"
    )
    group.add_argument(
        "--strict",
        action="store_true",
        help="only if they are significantly better than Zero, too, and not merely not worse",
    )
    group.add_argument("--seed", type=int, default=0, help="another seed, other folds (default: 0)")


def _count(text: str) -> int:
    """A number from 1 on; argparse turns the ValueError of anything else into its own message."""
    if (count := int(text)) < 1:
        raise ValueError(text)
    return count


def _folds(text: str) -> int:
    """A number from 2 on; argparse turns the ValueError of anything else into its own message."""
    if (count := int(text)) < 2:
        raise ValueError(text)
    return count


def _dollars(text: str) -> Money:
    """An amount; argparse turns the ValueError of anything else into its own message."""
    if (amount := Money.from_usd(text)).pico < 0:
        raise ValueError(text)
    return amount


def run(args: argparse.Namespace) -> int:
    """Print what was found, and install what is better. Raises FarthingError for what cannot be done."""
    console = Console()
    # What was learnt before is no prior for learning the same answers again.
    settings = load_settings(Path(args.config), os.environ, uses_local=False)
    if args.undo:
        return _undone(settings, console)
    models = _models(args.models, settings)
    gathered = _gathered(args, settings, models, console)
    if gathered is None:
        return 0
    found = _calibrated(args, gathered, models)
    about = About(time.time(), gathered.files, gathered.notes, gathered.spent_usd)
    told = document(found, about)
    print_calibration(told, console)
    _write(args, told)
    _install(args, settings, found, about, console)
    return 0


def _undone(settings: Settings, console: Console) -> int:
    pointer = undo(settings.quality_folder)
    now = pointer.current or "what is shipped"
    console.print(f"In force now: {now}. Once more --undo takes it back.", highlight=False)
    return 0


def _models(wanted: str | None, settings: Settings) -> Mapping[str, Model]:
    """The models to look at. Raises FarthingError for names that are none."""
    if wanted is None:
        return settings.catalog
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in settings.catalog:
            raise FarthingError(
                f"--models: there is no model '{name}'{nearest(name, settings.catalog)}"
            )
    return {name: settings.catalog[name] for name in names}


def _gathered(
    args: argparse.Namespace, settings: Settings, models: Mapping[str, Model], console: Console
) -> Gathered | None:
    """The scored answers; None when a dry run has told what they would cost. Raises FarthingError."""
    judge = dry_pipeline(settings, real_world()).judge
    if bool(args.requests) == bool(args.outcomes):
        raise FarthingError("calibrate needs files of outcomes, or --requests: one of the two")
    if not args.requests:
        return from_files(args.outcomes, args.feedback, models, judge)
    rows = from_requests(args, settings, models, console)
    return None if rows is None else rows.with_feedback(args.feedback, models, judge)


def _calibrated(
    args: argparse.Namespace, gathered: Gathered, models: Mapping[str, Model]
) -> Calibration:
    shipped = {model_id: model.abilities for model_id, model in models.items()}
    rule = Rule(folds=args.folds, is_strict=args.strict)
    return calibrate(gathered.labelled, shipped, rule, args.seed)


def _write(args: argparse.Namespace, told: Document) -> None:
    """The page and the JSON, where they are wished. Raises FarthingError."""
    if args.html:
        write_page(args.html, told, CALIBRATION)
    if args.json:
        try:
            args.json.write_text(json.dumps(told, indent=2), encoding="utf-8")
        except OSError as error:
            raise FarthingError(
                f"--json: {args.json} cannot be written: {error.strerror}"
            ) from None


def _install(
    args: argparse.Namespace,
    settings: Settings,
    found: Calibration,
    about: About,
    console: Console,
) -> None:
    better = found.to_install
    if not better:
        console.print("Nothing is installed: what was in force stays so.")
        return
    measured = sorted({model for each in better.values() for model in each.models})
    names = {model: settings.catalog[model].name for model in measured}
    local = LocalQuality("", names, better)
    local = LocalQuality(version_of(local, about.unix_s), names, better)
    listed = ", ".join(category.value for category in better)
    if args.dry_run:
        console.print(f"A dry run: own answers would be installed for {listed}.")
        return
    install(settings.quality_folder, local, card(found, about))
    console.print(
        f"Installed for {listed}: {settings.quality_folder / local.version}"
        "\nA server that runs takes it over by itself; --undo takes it back.",
        highlight=False,
        soft_wrap=True,
    )
