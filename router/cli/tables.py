"""Tables for people: where a terminal is too narrow a line is too long, and no figure is cut short."""

from rich.console import Console
from rich.table import Table

_UNBOUNDED = 10_000
_NAME = 12
"""A name is folded to so many columns, unless its own column says otherwise."""


def print_table(table: Table, console: Console | None = None) -> None:
    """Print `table` as wide as the terminal, or as its figures need; what may wrap is folded before."""
    console = console or Console()
    needed = _narrowest(table, console)
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)


def _narrowest(table: Table, console: Console) -> int:
    """How wide the table must be for the columns that do not wrap to be whole."""
    wide = console.options.update(width=_UNBOUNDED)
    spared = 0
    for column in table.columns:
        if not column.no_wrap:
            cells = (column.header, *column.cells)
            widest = max(console.measure(cell, options=wide).maximum for cell in cells)
            spared += max(0, widest - (column.min_width or _NAME))
    return console.measure(table, options=wide).maximum - spared
