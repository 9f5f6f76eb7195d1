"""A report as JSON, as CSV, and as a table for people."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, structs
from rich import box
from rich.markup import escape
from rich.table import Table

from router.cli.output.amounts import dollars
from router.cli.output.saying import counted
from router.cli.output.spreadsheet import print_csv
from router.domain.money import Money
from router.domain.percent import percent
from router.ledger.figures import figures
from router.ledger.report import IN_TIME, PARTS, Decomposition, Report, Totals


def as_json(found: Report) -> dict[str, Any]:
    """The report as plain data."""
    filters = {
        name: value
        for name, value in structs.asdict(found.filters).items()
        if value not in ("", None)
    }
    return {
        "by": found.by,
        "since": found.filters.since or None,
        "until": found.filters.until or None,
        "filters": {k: v for k, v in filters.items() if k not in ("since", "until")},
        "baseline": found.baseline,
        "groups": [{found.by: group.name, **figures(group.totals)} for group in found.groups],
        "total": figures(found.total),
    }


def write_csv(found: Report) -> None:
    """The groups as CSV on standard output, without the total: spreadsheets can add."""
    print_csv([found.by, *figures(Totals())], as_json(found)["groups"])


def as_table(found: Report) -> Table:
    """The report for people: dollars rounded for reading, columns of zeros left out."""
    against = "each request's reference" if found.baseline == "reference" else found.baseline
    table = Table(
        title=f"Spend and saving by {found.by}, against {escape(against)}",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    table.add_column(found.by, overflow="fold", min_width=12, no_wrap=found.by in IN_TIME)
    columns = [column for column in _SHOWN if column.always or column.cell(found.total) != "0"]
    for column in columns:
        table.add_column(f" {column.heading}", justify="right", no_wrap=True)
    for group in found.groups:
        cells = (column.cell(group.totals) for column in columns)
        table.add_row(escape(group.name or "-"), *cells)
    if found.others:
        rest = counted(found.others.names, "other")
        table.add_row(rest, *(column.cell(found.others.totals) for column in columns))
    table.add_section()
    table.add_row("total", *(column.cell(found.total) for column in columns), style="bold")
    return table


def remarks(found: Report) -> Iterator[str]:
    """The remarks beneath the table: what it leaves out, where the saving comes from, and what is uncertain."""
    total = found.total
    if found.others:
        yield "The others cost less each; --csv and --json have a line for each of them."
    if text := _decomposed(total.parts, total.saving):
        yield text
    if total.estimated_attempts:
        yield (
            f"{counted(total.estimated_attempts, 'attempt')} charged by estimate"
            f" ({dollars(total.estimated_cost)}): the upstream reported no usage, or not its cost,"
            " or there is no rate of its own."
        )
    if total.unpriced_attempts:
        yield (
            f"{counted(total.unpriced_attempts, 'attempt')} used something without a known rate, which"
            " is missing from the cost: add the rate to the model's price (cost_note in the ledger)."
        )


_WORDS = {
    "model_choice": "choice of models",
    "cache": "cache",
    "retries": "retries",
    "hedges": "hedges",
    "cascades": "cascades' other calls",
    "abandoned": "answers that clients abandoned",
}


def _decomposed(parts: Decomposition, saving: Money) -> str:
    """The saving as a sum of its parts; "" if there are fewer than two."""
    amounts = {_WORDS[name]: getattr(parts, name) for name in PARTS if getattr(parts, name)}
    if len(amounts) < 2:
        return ""
    sides = [
        f"{'- ' if amount.pico < 0 else '+ '}{dollars(_positive(amount))} {word}"
        for word, amount in amounts.items()
    ]
    return f"Saved {dollars(saving)} = {' '.join(sides).removeprefix('+ ')}."


def _positive(amount: Money) -> Money:
    return -amount if amount.pico < 0 else amount


class _Column(Struct, frozen=True):
    """A column of the table; unless it is `always` shown, it is left out if it is all zeros."""

    heading: str
    cell: Callable[[Totals], str]
    always: bool = True


def _share(totals: Totals) -> str:
    return "" if totals.saving_share is None else percent(totals.saving_share)


def _short(count: int) -> str:
    """A count in at most six characters below 10**12: 999, 12.3k, 4.5M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= 0.99995 * size:  # else it is rounded to 1000.0 of the unit below
            return f"{count / size:.1f}{unit}"
    return str(count)


_SHOWN = (
    _Column("requests", lambda t: _short(t.requests)),
    _Column("cached", lambda t: _short(t.cache_hits), always=False),
    _Column("failed", lambda t: _short(t.failed_attempts), always=False),
    _Column("in", lambda t: _short(t.input_tokens)),
    _Column("out", lambda t: _short(t.output_tokens)),
    _Column("cost", lambda t: dollars(t.cost)),
    _Column("baseline", lambda t: dollars(t.baseline)),
    _Column("saved", lambda t: dollars(t.saving)),
    _Column("", _share),
)
"""The columns of the table for each group; `in` and `out` are tokens."""
