"""The table of a report, as people read it."""

from io import StringIO

from rich.console import Console

from router.cli.output.tables import print_table
from router.cli.report.forms import as_table
from router.domain.money import Money
from router.ledger.report import EVERYTHING, Group, Report, Totals


def printed(by: str, *groups: Group) -> str:
    total = sum((group.totals for group in groups), Totals())
    console = Console(file=StringIO(), width=80)
    print_table(as_table(Report(by, EVERYTHING, "reference", groups, total)), console)
    said = console.file
    assert isinstance(said, StringIO)
    return said.getvalue()


def test_an_hour_stays_on_one_line_however_many_columns_there_are() -> None:
    busy = Totals(
        requests=10**5,
        cache_hits=10**4,
        failed_attempts=10**4,
        input_tokens=10**6,
        output_tokens=10**6,
        cost=Money.from_usd("0.12345"),
        baseline=Money.from_usd("0.23456"),
    )
    assert "2026-11-01T07" in printed("hour", Group("2026-11-01T07", busy))


def test_counts_are_never_a_thousand_of_a_unit() -> None:
    counts = (999, 999_949, 999_950, 999_999_999, 10**9)
    groups = (Group(str(count), Totals(requests=count)) for count in counts)
    shown = [line.split() for line in printed("model", *groups).splitlines()]
    found = [line[1] for line in shown if line and line[0] in map(str, counts)]
    assert found == ["999", "999.9k", "1.0M", "1.0G", "1.0G"]


def test_little_is_not_shown_as_nothing_nor_nearly_all_as_all() -> None:
    line = printed("key", Group("a", Totals(cost=Money(60_000), baseline=Money(10**9))))
    assert "$0.000000060" in line
    assert ">99%" in line
    assert "100%" not in line
