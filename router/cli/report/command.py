"""`farthing report`: what was spent and saved, and on what."""

import argparse
import re
import time
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine

from router.cli.arguments.named_key import keys_of
from router.cli.arguments.options import add_config, check_period, day, unlearnt_settings_of
from router.cli.arguments.reading import expects, utf8
from router.cli.books import opened_ledger
from router.cli.output.documents import print_json
from router.cli.output.page import write_page
from router.cli.output.saying import say
from router.cli.output.tables import print_table
from router.cli.report.forms import as_json, as_table, remarks, write_csv
from router.cli.report.movers import print_movers
from router.config.settings import Settings
from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.domain.model import Model
from router.domain.nearest import nearest
from router.domain.price import STANDARD, Price
from router.ledger.movers import filters_before
from router.ledger.overview import document
from router.ledger.report import GROUPINGS, IN_TIME, Cell, Filters, Report
from router.ledger.static_mix import StaticMix, static_mix
from router.ledger.unrouted import UnroutedKind
from router.stores.sql.overview import overview
from router.stores.sql.reports import read_cells, report
from router.stores.sql.rollup_schema import SIZE_THRESHOLDS
from router.stores.sql.rollups import roll_up

_NAMES = ("key", "tag", "policy", "category", "model", "upstream")
STATIC = "static"
_EVEN = 0.0005
"""Qualities that differ by less are written alike."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `report`."""
    add_config(parser)
    parser.add_argument(
        "--by", choices=GROUPINGS, default="model", help="what to group by (default: model)"
    )
    _add_filters(parser)
    parser.add_argument(
        "--baseline",
        metavar="MODEL",
        help="count savings against this model, or against 'static', the best fixed mix of models,"
        " instead of each request's own reference",
    )
    parser.add_argument(
        "--movers",
        action="store_true",
        help="compare with the preceding period of the same length: needs --last or --since",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    form.add_argument(
        "--html", type=Path, metavar="FILE", help="write the dashboard of the period to one file"
    )


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """`--since`, `--until`, `--last`, and one option for each name to filter by."""
    parser.add_argument("--since", type=day, metavar="DAY", help="first day, YYYY-MM-DD (UTC)")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day, YYYY-MM-DD (UTC)")
    parser.add_argument(
        "--last", type=_days, metavar="Nd", help="the last N days, today's included: 7d"
    )
    for name in _NAMES:
        parser.add_argument(
            f"--{name}",
            type=utf8,
            metavar="NAME",
            help=f"only this {name} ('' for requests without)",
        )


def _filters_of(args: argparse.Namespace, now_s: float) -> Filters:
    """The filters that the options ask for. Raises FarthingError for --last with --since."""
    since = args.since or ""
    if args.last is not None:
        if since:
            raise FarthingError("--last and --since: use only one of them")
        today = datetime.fromtimestamp(now_s, UTC).date()
        since = (today - timedelta(days=args.last - 1)).isoformat()
    check_period(since, args.until or "")
    return Filters(since, args.until or "", **{name: getattr(args, name) for name in _NAMES})


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    settings = unlearnt_settings_of(args)
    now_s = time.time()
    filters = _filters_of(args, now_s)
    with opened_ledger(settings) as engine:
        baseline = _baseline(args.baseline, settings, engine, filters) if args.baseline else None
        if args.movers:
            _print_movers(engine, args, filters, now_s)
        elif args.html:
            shown = overview(engine, filters=filters, now_s=now_s, baseline=baseline)
            write_page(args.html, document(shown))
        else:
            found = report(engine, by=args.by, filters=filters, baseline=baseline)
            _print(found, args)
            _tell_strangers(found, settings)
    return 0


def _print_movers(engine: Engine, args: argparse.Namespace, filters: Filters, now_s: float) -> None:
    if not filters.since or args.by in IN_TIME or args.csv or args.html:
        raise FarthingError(
            "--movers compares periods: give --last 7d, or --since; not by day or hour, nor as CSV or HTML"
        )
    today = datetime.fromtimestamp(now_s, UTC).date().isoformat()
    now = replace(filters, until=filters.until or today)
    if now.until < now.since:
        raise FarthingError("--movers: the period ends before it begins")
    old, new = (report(engine, by=args.by, filters=each) for each in (filters_before(now), now))
    print_movers(old, new, as_json=args.json)


def _print(found: Report, args: argparse.Namespace) -> None:
    if args.json:
        print_json(as_json(found))
    elif args.csv:
        write_csv(found)
    else:
        console = Console()
        print_table(as_table(found), console)
        for remark in remarks(found):
            console.print(escape(remark), highlight=False)


def _tell_strangers(found: Report, settings: Settings) -> None:
    """Say on standard error which names in an empty report neither ledger nor configuration knows."""
    if found.total.attempts:
        return
    known = {
        "policy": settings.policies,
        "model": settings.named,
        "upstream": settings.upstreams,
        "category": {*Category, *UnroutedKind},
        "key": keys_of(settings),
    }
    for what, names in known.items():
        if (name := getattr(found.filters, what)) and name not in names:
            say(f"Nothing is recorded for the {what} '{name}'{nearest(name, names)}")


@expects("a number of days, 7d")
def _days(text: str) -> int:
    """A number of days, written 7d or 7."""
    if not re.fullmatch(r"[1-9]\d{0,4}d?", text):
        raise ValueError(text)
    return int(text.removesuffix("d"))


def _baseline(
    name: str, settings: Settings, engine: Engine, filters: Filters
) -> tuple[str, Price] | None:
    """The baseline's name and price; None for each request's own reference."""
    if name == "reference":
        return None
    now_s = time.time()
    if name == STATIC:
        return _static(_at(now_s, settings.catalog), engine, filters)
    # Where reports are read, the keys of providers need not be set: their models count all the same.
    known = _at(now_s, settings.known)
    if name not in known:
        raise FarthingError(f"--baseline: there is no model '{name}'{nearest(name, known)}")
    _tell_lengths(name, known[name].price)
    return name, known[name].price


def _at(now_s: float, models: Mapping[str, Model]) -> Mapping[str, Model]:
    """The models at today's prices: those of most hours, whatever hour it is."""
    return {key: model.at(now_s) for key, model in models.items()}


def _tell_lengths(name: str, price: Price) -> None:
    """Say on standard error for prompts of which lengths the sums cannot tell that `price` has other rates."""
    bands = [band for band in price.bands if band.tier == STANDARD]
    for above in sorted({band.above_input_tokens for band in bands} - {*SIZE_THRESHOLDS}):
        longer = next((size for size in SIZE_THRESHOLDS if size > above), None)
        up_to = f" to {longer:,}" if longer else " and more"
        say(
            f"--baseline: sums do not tell prompts of {above + 1:,}{up_to} tokens from shorter ones,"
            f" so they count at {name}'s rates for those"
        )


def _static(
    catalog: Mapping[str, Model], engine: Engine, filters: Filters
) -> tuple[str, Price] | None:
    roll_up(engine)
    mix = static_mix(read_cells(engine, "category", filters), catalog.values())
    _tell_doubts(mix, {*catalog}, read_cells(engine, "model", filters))
    return (f"the best static mix ({mix})", mix.price) if mix else None


def _tell_doubts(mix: StaticMix | None, catalog: Set[str], by_model: Sequence[Cell]) -> None:
    """Say on standard error in what the best static mix is not what its name says."""
    if absent := sorted({cell.name for cell in by_model if cell.predicted} - catalog):
        say(
            f"--baseline static: {', '.join(absent)} answered, but cannot be in the mix here: set the keys"
            " that the server has, if they are missing"
        )
    if mix is None:
        say("--baseline static: no answer has a predicted quality, so references count as recorded")
    elif mix.quality < mix.wanted - _EVEN:
        say(
            f"--baseline static: no mix is predicted to be as good as the answers, {mix.wanted:.3f};"
            f" this one is the best, {mix.quality:.3f}"
        )
