"""Lines and tables for people: if a terminal is too narrow, lines get too long, but no figure is cut."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

_UNBOUNDED = 10_000
_NAME = 12
"""The width to which a name is folded, unless its own column says otherwise."""


def print_table(table: Table, console: Console | None = None) -> None:
    """Print `table` as wide as the terminal, or wider if its figures need it; what may wrap is folded first."""
    console = console or Console()
    needed = _narrowest(table, console)
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)


def print_lines(lines: Iterable[str], console: Console | None = None) -> None:
    """Print texts as they are, each as one line, however long."""
    console = console or Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _narrowest(table: Table, console: Console) -> int:
    """How wide the table must be so that columns that do not wrap are complete."""
    wide = console.options.update(width=_UNBOUNDED)
    spared = 0
    for column in table.columns:
        if not column.no_wrap:
            cells = (column.header, *column.cells)
            widest = max(console.measure(cell, options=wide).maximum for cell in cells)
            spared += max(0, widest - (column.min_width or _NAME))
    return console.measure(table, options=wide).maximum - spared
