"""`farthing outcomes`: how good answers were, and according to whom."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from rich import box
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from router.cli.arguments.options import (
    add_config,
    check_period,
    day,
    unlearnt_settings_of,
)
from router.cli.books import opened_ledger
from router.cli.output.documents import print_json
from router.cli.output.spreadsheet import print_csv
from router.cli.output.tables import print_table
from router.domain.days import midnight_s
from router.ledger.outcomes import OUTCOME_GROUPINGS, ScoreTally
from router.ledger.report import Filters
from router.stores.sql.outcomes import tallies
from router.stores.sql.reports import report

_SOURCE = "source"
_FIGURES = ("outcomes", "mean_score", "answers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `outcomes`."""
    add_config(parser)
    parser.add_argument(
        "--by", choices=OUTCOME_GROUPINGS, default="model", help="what to group by (default: model)"
    )
    parser.add_argument("--since", type=day, metavar="DAY", help="first day, YYYY-MM-DD (UTC)")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day, YYYY-MM-DD (UTC)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")


def run(args: argparse.Namespace) -> int:
    """Print the counts and means."""
    settings = unlearnt_settings_of(args)
    check_period(args.since or "", args.until or "")
    period = Filters(since=args.since or "", until=args.until or "")
    with opened_ledger(settings) as engine:
        found = _read(engine, args.by, period)
    if args.json:
        told = {"by": args.by, "since": args.since, "until": args.until, "groups": found.lines()}
        print_json(told)
    elif args.csv:
        print_csv(found.columns, found.lines())
    else:
        print_table(found.as_table())
    return 0


class _Found(Struct, frozen=True):
    """Scores by group and source; `answers` is the number of answered requests in each group, "" for all."""

    by: str
    tallies: Sequence[ScoreTally]
    answers: Mapping[str, int]

    @property
    def columns(self) -> list[str]:
        """The names of a line's members."""
        return [*dict.fromkeys((self.by, _SOURCE)), *_FIGURES]

    def lines(self) -> list[dict[str, Any]]:
        """A line for each group and source."""
        return [
            {
                self.by: tally.name,
                _SOURCE: tally.source.value,
                "outcomes": tally.count,
                "mean_score": tally.mean,
                "answers": self.answers.get("" if self.by == _SOURCE else tally.name, 0),
            }
            for tally in self.tallies
        ]

    def as_table(self) -> Table:
        """The lines as a table for people."""
        table = Table(title=f"Outcomes by {self.by}", box=box.SIMPLE_HEAD, padding=(0, 1))
        for name in self.columns:
            heading = name.replace("_", " ")
            if name in _FIGURES:
                table.add_column(heading, justify="right", no_wrap=True)
            else:
                table.add_column(heading, overflow="fold")
        for line in self.lines():
            cells = {**line, "mean_score": f"{line['mean_score']:.3f}"}
            cells |= {name: f"{line[name]:,}" for name in ("outcomes", "answers")}
            table.add_row(*(escape(cells[name]) for name in self.columns))
        return table


def _read(engine: Engine, by: str, period: Filters) -> _Found:
    since_s = midnight_s(period.since) if period.since else 0.0
    until_s = midnight_s(period.until, days_later=1) if period.until else None
    counted = report(engine, by="model" if by == _SOURCE else by, filters=period)
    answers = {group.name: group.totals.answers for group in counted.groups}
    answers[""] = counted.total.answers
    return _Found(by, tallies(engine, by, since_s, until_s), answers)
