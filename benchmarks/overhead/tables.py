"""The findings as tables in Markdown, each number with its ratio to the bare forwarder's."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.overhead.asked import PLAIN
from benchmarks.overhead.findings import DIRECT, Findings
from benchmarks.overhead.turn import (
    CONNECTIONS,
    FEW_STREAMS,
    LIFE,
    MANY_STREAMS,
    RATES,
    rate_name,
)
from benchmarks.routing import findings as pages
from benchmarks.routing.findings import renewed

YARDSTICK = "bare"
"""Whom the others are compared with."""
_AT_ITS_LIMIT = 0.9
"""Of a core: a contestant that used less was waiting for the load, or for others on its core."""

Value = Callable[[Findings, str], float]


@dataclass(frozen=True, slots=True)
class Column:
    """A title, where its numbers come from, and of whom they say only that it would have been more."""

    title: str
    value: Value
    digits: int = 0
    is_at_least: Callable[[Findings, str], bool] = lambda _findings, _name: False


@dataclass(frozen=True, slots=True)
class Table:
    """Its name in a page, its title and its columns."""

    name: str
    title: str
    columns: Sequence[Column]

    def lines(self, findings: Findings) -> tuple[list[str], list[list[str]]]:
        """The heading, and a line for each contestant that has figures."""
        every = [
            [name, *(cell(column, findings, name) for column in self.columns)]
            for name in findings.contestants()
        ]
        head = ["", *(column.title for column in self.columns)]
        return head, [line for line in every if any(line[1:])]


def _median(measure: str, unit: str) -> Value:
    return lambda findings, name: findings.median(name, measure, unit)


def _added(measure: str, unit: str) -> Value:
    return lambda findings, name: (
        math.nan if name == DIRECT else findings.added(name, measure, unit)
    )


def _rate(title: str, measure: str) -> Column:
    def is_at_least(findings: Findings, name: str) -> bool:
        return findings.median(name, measure, "share") < _AT_ITS_LIMIT

    return Column(title, _median(measure, "per_s"), is_at_least=is_at_least)


TABLES = (
    Table(
        "cpu",
        f"The processor's time for a request, in µs, at {CONNECTIONS} connections",
        [Column(shape.name, _median(shape.name, "cpu_us")) for shape in PLAIN],
    ),
    Table(
        "rates",
        f"Requests a second on one core at {CONNECTIONS} connections",
        [_rate(shape.name, shape.name) for shape in PLAIN],
    ),
    Table(
        "latency",
        "Latency added to a request of 300 B at a fixed rate, in µs, and the processor's time for it",
        [
            column
            for per_s in RATES
            for column in (
                Column(f"p50 at {rate_name(per_s)}", _added(rate_name(per_s), "p50_us")),
                Column(f"p99 at {rate_name(per_s)}", _added(rate_name(per_s), "p99_us")),
                Column(f"CPU at {rate_name(per_s)}", _median(rate_name(per_s), "cpu_us")),
            )
        ],
    ),
    Table(
        "streams",
        f"Streams: an event's cost in µs and events a second at {MANY_STREAMS}; time added at {FEW_STREAMS}, in µs",
        [
            Column("CPU an event", _median(MANY_STREAMS, "cpu_us"), digits=1),
            _rate("events/s", MANY_STREAMS),
            Column("first p50", _added(FEW_STREAMS, "first_p50_us")),
            Column("first p99", _added(FEW_STREAMS, "first_p99_us")),
            Column("event p50", _added(FEW_STREAMS, "chunk_p50_us")),
            Column("event p99", _added(FEW_STREAMS, "chunk_p99_us")),
        ],
    ),
    Table(
        "life",
        "Memory in MB, and seconds from the start to the first answer",
        [
            Column("at rest", _median(LIFE, "idle_mb")),
            Column("after the load", _median(LIFE, "loaded_mb")),
            Column("first answer", _median(LIFE, "start_s"), digits=2),
        ],
    ),
)


def written(findings: Findings, told: Mapping[str, str]) -> str:
    """All tables; `told` is what is to be said of each contestant."""
    parts = [f"**{table.title}**\n\n{markdown(*table.lines(findings))}" for table in TABLES]
    return "\n\n".join([*parts, *_remarks(findings, told)]) + "\n"


def in_page(page: str, findings: Findings) -> str:
    """A page with all tables replaced, each in the place that has its name."""
    return renewed(page, [_as_in_pages(table, findings) for table in TABLES])


def _as_in_pages(table: Table, findings: Findings) -> pages.Table:
    head, lines = table.lines(findings)
    columns = tuple(pages.text(title) for title in head)
    return pages.Table(table.name, columns, tuple(tuple(line) for line in lines))


def cell(column: Column, findings: Findings, name: str) -> str:
    """A number, and in parentheses its ratio to the yardstick's; empty if there is none.

    A number that is known to be too small is written after a sign, and has no ratio.
    """
    value, yardstick = column.value(findings, name), column.value(findings, YARDSTICK)
    if math.isnan(value):
        return ""
    own = f"{value:,.{column.digits}f}"
    if column.is_at_least(findings, name):
        return f"≥ {own}"
    if (
        name == YARDSTICK
        or not min(value, yardstick) > 0
        or column.is_at_least(findings, YARDSTICK)
    ):
        return own
    return f"{own} (×{_short(value / yardstick)})"


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns are aligned in plain text as well."""
    lines = [head, *rows]
    widths = [max(3, *(len(line[at]) for line in lines)) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(line, widths) for line in (head, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"


def _remarks(findings: Findings, told: Mapping[str, str]) -> Iterator[str]:
    yield "\n".join(f"- {name}: {words}" for name, words in told.items())
    for name, reason in findings.absent.items():
        yield f"- {name} did not take part: {reason}"
    for name, counts in findings.problems.items():
        for problem, times in counts.most_common(3):
            yield f"- **{name}: {times} WRONG ANSWERS**, {problem}"
