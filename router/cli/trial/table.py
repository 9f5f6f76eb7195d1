"""A trial of two policies as tables for people."""

from collections.abc import Iterator
from itertools import islice

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.output.amounts import dollars, signed_dollars, unsigned_zero
from router.cli.output.tables import print_lines
from router.cli.trial.forms import Trial, by_category, by_stream, notes
from router.decision.compare import Pair, Side, TrialTotals, changes, grouped, totals
from router.domain.percent import percent, signed_percent

_MOST_CHANGES = 10
_REFUSED = "refused"


def print_trial(trial: Trial, console: Console) -> None:
    """The overall change, the changes from model to model, and the requests with most at stake."""
    found = totals(trial.pairs)
    count = "1 request" if found.requests == 1 else f"{found.requests:,} requests"
    console.print(
        f"{count} of {escape(trial.source)}, decided twice. Nothing was sent.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(_summary(trial, found))
    if found.changed:
        console.print(_flows(trial))
        console.print(_changes(trial, found))
    else:
        console.print("No request would go to another model.")
    print_lines(notes(trial), console)


def _summary(trial: Trial, found: TrialTotals) -> Table:
    table = _table("", *map(escape, trial.names), "change", title="Altogether")
    old, new = found.old, found.new
    table.add_row("expected cost", dollars(old.cost), dollars(new.cost), _cost_change(found))
    thousand = [dollars(found.per_thousand(side.cost)) for side in (old, new)]
    table.add_row(
        "  per 1,000 requests", *thousand, signed_dollars(found.per_thousand(found.cost_change))
    )
    table.add_row("mean predicted quality", _mean(old), _mean(new), _points(found.quality_change))
    if found.quality_sd:
        table.add_row("  with 95 %", "", "", _interval(found))
    if old.refused or new.refused:
        change = f"{new.refused - old.refused:+,}"
        table.add_row(_REFUSED, f"{old.refused:,}", f"{new.refused:,}", change)
    changed = f"{found.changed:,} of {found.requests:,} ({percent(found.changed_share)})"
    table.add_row("requests that change", "", "", changed)
    return table


def _flows(trial: Trial) -> Table:
    """Which model takes over from which, with one line per category, those with most requests first."""
    title = "Which model replaces which"
    table = _table("category", "requests", "from", "to", "cost", "quality", title=title)
    streams = grouped(trial.pairs, by_stream)
    for category, whole in grouped(trial.pairs, by_category).items():
        for (kind, old, new), found in streams.items():
            if kind is category and old != new:
                share = f"{found.requests:,} of {whole.requests:,}"
                names = (category.value, share, _name(old), _name(new))
                table.add_row(*names, *_differences(found))
    return table


def _changes(trial: Trial, found: TrialTotals) -> Table:
    shown = min(_MOST_CHANGES, found.changed)
    title = f"The {shown} of {found.changed:,} changes that involve the most money"
    table = _table("request", "category", "from", "to", "cost", "quality", title=title)
    for pair in islice(changes(trial.pairs), shown):
        table.add_row(escape(pair.case.id), pair.category.value, *_cells(pair))
    return table


def _cells(pair: Pair) -> Iterator[str]:
    yield from map(_name, pair.flow)
    yield signed_dollars(pair.cost_change)
    yield "-" if (both := pair.both) is None else _points(both[1].quality.p - both[0].quality.p)


def _table(*headings: str, title: str) -> Table:
    """A table with numbers on the right: every column except the first and those for names."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for index, heading in enumerate(headings):
        is_name = index == 0 or heading in ("category", "from", "to")
        table.add_column(
            heading,
            justify="left" if is_name else "right",
            overflow="fold",
            no_wrap=heading == "category",
        )
    return table


def _name(model_id: str) -> str:
    return escape(model_id) or _REFUSED


def _mean(side: Side) -> str:
    return "-" if side.quality is None else f"{side.quality:.3f}"


def _differences(found: TrialTotals) -> Iterator[str]:
    yield _cost_change(found) if found.answered else "-"
    yield _points(found.quality_change) if found.answered else "-"


def _cost_change(found: TrialTotals) -> str:
    """A share of the previous cost; a multiple if it has at least doubled."""
    share = found.cost_change_share
    if share is None:
        return signed_dollars(found.cost_change)
    return f"×{1 + share:,.1f}" if share >= 1 else signed_percent(share)


def _points(change: float) -> str:
    return unsigned_zero(f"{change:+.3f}")


def _interval(found: TrialTotals) -> str:
    return " to ".join(map(_points, found.quality_interval))
