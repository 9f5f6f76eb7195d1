"""`farthing reconcile`: a vendor's invoice against the ledger, by day and model."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.arguments.options import add_config, check_period, day, unlearnt_settings_of
from router.cli.arguments.reading import share, utf8
from router.cli.books import opened_ledger
from router.cli.output.amounts import dollars
from router.cli.output.documents import print_json
from router.cli.output.spreadsheet import print_csv
from router.cli.output.tables import print_table
from router.config.settings import Settings
from router.domain.errors import FarthingError
from router.domain.money import Money
from router.domain.nearest import nearest
from router.ledger.invoices import FORMATS, read_invoice
from router.ledger.reconcile import Booked, Difference, Place, Reconciliation, reconcile
from router.stores.sql.booked import booked_between


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `reconcile`."""
    add_config(parser)
    parser.add_argument("invoice", metavar="INVOICE.csv", help="an export of costs")
    parser.add_argument("--vendor", choices=tuple(FORMATS), help="its format (default: by columns)")
    parser.add_argument(
        "--upstream",
        type=utf8,
        metavar="NAME",
        help="compare it only with what was sent to this upstream",
    )
    parser.add_argument("--since", type=day, metavar="DAY", help="first day, YYYY-MM-DD (UTC)")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day, YYYY-MM-DD (UTC)")
    parser.add_argument(
        "--tolerance",
        type=share,
        default=0.01,
        metavar="SHARE",
        help="ignore differences below this share, or below a cent (default: 0.01)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")


def run(args: argparse.Namespace) -> int:
    """Print the comparison; 1 if a line differs by more than the tolerance."""
    settings = unlearnt_settings_of(args)
    lines = read_invoice(_text(args.invoice), args.vendor)
    days = [line.day for line in lines]
    since, until = args.since or min(days, default=""), args.until or max(days, default="")
    check_period(since, until)
    found = reconcile(
        [line for line in lines if since <= line.day <= until],
        _booked(settings, since, until, args.upstream),
        _names(settings),
        args.tolerance,
    )
    if not found.lines:
        raise FarthingError(f"nothing is invoiced or booked from {since} to {until}")
    _print(found, args)
    return 0 if found.agrees else 1


def _booked(
    settings: Settings, since: str, until: str, upstream: str | None
) -> Mapping[Place, Booked]:
    """What the ledger has. Raises FarthingError if `upstream` is neither in it nor configured."""
    with opened_ledger(settings) as engine:
        booked = booked_between(engine, since, until, upstream)
    if upstream and not booked and upstream not in settings.upstreams:
        hint = nearest(upstream, settings.upstreams)
        raise FarthingError(f"--upstream: nothing is booked for '{upstream}'{hint}")
    return booked


def _text(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except OSError as error:
        raise FarthingError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FarthingError(f"{name} is not text in UTF-8") from None


def _names(settings: Settings) -> dict[str, str]:
    """From vendors' names of models, and our ids, to our ids; also those of models that do not take part here."""
    models = settings.named.values()
    theirs = {place.name: model.id for model in models for place in model.places}
    return theirs | {model.id: model.id for model in models}


def _print(found: Reconciliation, args: argparse.Namespace) -> None:
    if args.json:
        total = {"invoiced_usd": str(found.invoiced), "booked_usd": str(found.booked)}
        told = {"agrees": found.agrees, "total": total, "lines": [_told(x) for x in found.lines]}
        print_json(told)
    elif args.csv:
        columns = list(_told(Difference("", "", Money(), Money(), True)))
        print_csv(columns, map(_told, found.lines))
    else:
        _show(found)


def _told(line: Difference) -> dict[str, Any]:
    return {
        "day": line.day,
        "model": line.model,
        "invoiced_usd": str(line.invoiced),
        "booked_usd": str(line.booked),
        "off_by_usd": str(line.off_by),
        "within_tolerance": line.is_within,
        "reason": line.reason,
    }


def _show(found: Reconciliation) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    table.add_column("day", no_wrap=True)
    table.add_column(" model", overflow="fold", min_width=12)
    for heading in (" invoiced", " booked", " off by"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in found.lines:
        amounts = (line.invoiced, line.booked, line.off_by)
        style = None if line.is_within else "bold"
        table.add_row(line.day, f" {escape(line.model)}", *map(dollars, amounts), style=style)
    table.add_section()
    totals = (found.invoiced, found.booked, found.invoiced - found.booked)
    table.add_row("total", "", *map(dollars, totals), style="bold")
    console = Console()
    print_table(table, console)
    for line in found.lines:
        if not line.is_within:
            why = line.reason or "no reason is known"
            what = line.model or "items without a model"
            console.print(f"{line.day} {escape(what)}: {escape(why)}.", highlight=False)
    if found.agrees:
        console.print("The books agree with the invoice.")
