"""What it will cost to replay recorded traffic: shown before anything is sent, and agreed to."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.calibrate.questions import Ask
from router.domain.errors import FarthingError
from router.domain.estimate import CostEstimate
from router.domain.money import ZERO, Money


def print_costs(asks: Sequence[Ask], judge: str, held: int, console: Console) -> None:
    """Calls, expected and maximum cost: a line for each model, for the judge, and for the total."""
    console.print(_table(asks, judge))
    if held:
        console.print(
            f"{held:,} answers are already there, and are not paid for again.", highlight=False
        )


def _table(asks: Sequence[Ask], judge: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title="What it will cost", title_justify="left"
    )
    table.add_column("model")
    for heading in ("calls", "expected USD", "at most USD"):
        table.add_column(heading, justify="right")
    by_model: dict[str, list[CostEstimate]] = defaultdict(list)
    for ask in asks:
        if ask.calls:
            by_model[ask.model.id] += ask.calls
    for model, costs in by_model.items():
        _row(table, model, len(costs), costs)
    judged = [ask.judging for ask in asks if ask.judging is not None] if judge else []
    if judged:
        _row(table, f"{judge} (judge)", len(judged), judged)
    table.add_section()
    calls = sum(map(len, by_model.values())) + len(judged)
    _row(table, "total", calls, [ask.whole for ask in asks])
    return table


def total(asks: Iterable[Ask]) -> Money:
    """The expected cost of all asks."""
    return sum((ask.whole.expected for ask in asks), ZERO)


def agreed(console: Console, *, says_yes: bool) -> None:
    """Ask for a yes. Raises FarthingError without one, or if nobody is there to be asked."""
    if says_yes:
        return
    if not sys.stdin.isatty():
        raise FarthingError("nothing was sent: to spend this without being asked, add --yes")
    console.print("Send them? \\[y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise FarthingError("nothing was sent")


def _row(table: Table, name: str, calls: int, costs: Sequence[CostEstimate]) -> None:
    usual, most = sum((c.expected for c in costs), ZERO), sum((c.upper for c in costs), ZERO)
    table.add_row(escape(name), f"{calls:,}", f"{usual.usd:.6f}", f"{most.usd:.6f}")
