"""Tables on terminals that are too narrow for them."""

from io import StringIO

from rich.console import Console
from rich.table import Table

from router.cli.output.tables import print_table

FIGURES = ("$0.01819", "$0.03409", "$0.01589", "47%")


def printed(width: int, name: str) -> str:
    table = Table(box=None, padding=0)
    table.add_column("model", overflow="fold", min_width=5)
    for index in range(len(FIGURES)):
        table.add_column(f" {index}", justify="right", no_wrap=True)
    table.add_row(name, *FIGURES)
    console = Console(file=StringIO(), width=width)
    print_table(table, console)
    said = console.file
    assert isinstance(said, StringIO)
    return said.getvalue()


def test_no_figure_is_cut_short_however_narrow_the_terminal_is() -> None:
    for width in (10, 25, 31, 80):
        said = printed(width, "sim-mid")
        assert all(figure in said for figure in FIGURES), said


def test_a_name_is_folded_before_a_line_is_too_long() -> None:
    said = printed(40, "a-model-with-a-name-as-long-as-this")
    assert max(map(len, said.splitlines())) <= 40
    assert all(figure in said for figure in FIGURES), said
