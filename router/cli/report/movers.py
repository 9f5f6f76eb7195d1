"""`farthing report --movers`: what changed from the previous period."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from router.cli.output.amounts import dollars, signed_dollars
from router.cli.output.documents import print_json
from router.cli.output.saying import counted
from router.cli.output.tables import print_table
from router.domain.percent import signed_percent
from router.ledger.movers import Mover, all_together, movers
from router.ledger.report import LINES, Report, Totals


def print_movers(before: Report, now: Report, *, as_json: bool) -> None:
    """Both periods' groups side by side, those that moved most first."""
    if as_json:
        told = {
            "by": now.by,
            "since": now.filters.since,
            "until": now.filters.until,
            "before_since": before.filters.since,
            "before_until": before.filters.until,
            "groups": [_told(each, now.by) for each in movers(before, now)],
            "total": _told(all_together(before, now), now.by),
        }
        print_json(told)
        return
    print_table(_table(before, now))


def _told(mover: Mover, by: str) -> dict[str, Any]:
    return {
        by: mover.name,
        "requests": mover.now.requests,
        "requests_before": mover.before.requests,
        "cost_usd": str(mover.now.cost),
        "cost_before_usd": str(mover.before.cost),
        "change_usd": str(mover.change),
        "change_share": mover.share,
        "by_volume_usd": str(mover.by_volume),
        "by_price_usd": str(mover.by_price),
    }


def _table(before: Report, now: Report) -> Table:
    span = f"{now.filters.since} to {now.filters.until}"
    old = f"{before.filters.since} to {before.filters.until}"
    table = Table(title=f"{span}, against {old}", box=box.SIMPLE_HEAD, padding=0)
    table.add_column(now.by, overflow="fold", min_width=12)
    for heading in ("before", "now", "change", "", "by volume", "by price"):
        table.add_column(f" {heading}", justify="right", no_wrap=True)
    every = movers(before, now)
    for mover in every[:LINES]:
        table.add_row(escape(mover.name or "-"), *_cells(mover))
    if rest := every[LINES:]:
        olds, news = (each.before for each in rest), (each.now for each in rest)
        others = Mover(counted(len(rest), "other"), sum(olds, Totals()), sum(news, Totals()))
        table.add_row(others.name, *_cells(others))
    table.add_section()
    table.add_row("total", *_cells(all_together(before, now)), style="bold")
    return table


def _cells(mover: Mover) -> Iterator[str]:
    yield dollars(mover.before.cost)
    yield dollars(mover.now.cost)
    yield signed_dollars(mover.change)
    yield _how_much(mover)
    yield signed_dollars(mover.by_volume)
    yield signed_dollars(mover.by_price)


def _how_much(mover: Mover) -> str:
    if mover.is_new or mover.is_gone:
        return "new" if mover.is_new else "gone"
    return "" if mover.share is None else signed_percent(mover.share)
