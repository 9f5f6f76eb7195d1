"""What an experiment found, as tables and pictures: to be printed as Markdown, and kept as JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isinf, isnan

from router.evaluation.resampling import Interval

Cell = str | int | float | Interval
Form = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how the numbers below it are written: alone, and as bounds of an interval."""

    heading: str
    alone: Form = str
    bound: Form = str

    def written(self, cell: Cell) -> str:
        """The cell as text."""
        if isinstance(cell, str):
            return cell
        if not isinstance(cell, Interval):
            return self.alone(cell)
        low, high = self.bound(cell.low), self.bound(cell.high)
        alone = self.alone(cell.estimate)
        return alone if isnan(cell.low) or low == high else f"{alone} ({low} to {high})"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under headings."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        """Refuse rows with more or fewer cells than columns."""
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"'{self.title}' has rows that are not {len(self.columns)} cells")


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG file."""

    name: str
    svg: str


Found = Table | Picture


def markdown(table: Table) -> Iterator[str]:
    """The table's lines."""
    yield "| " + " | ".join(column.heading for column in table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        cells = (column.written(cell) for column, cell in zip(table.columns, row, strict=True))
        yield "| " + " | ".join(cells) + " |"


def renewed(page: str, tables: Sequence[Table]) -> str:
    """A Markdown page in which each table is replaced between `<!-- TITLE -->` and the next `<!-- / -->`."""
    for table in tables:
        start = f"<!-- {table.title} -->\n"
        before, found, after = page.partition(start)
        if found:
            lines = "\n".join(markdown(table))
            page = f"{before}{start}\n{lines}\n\n<!-- / -->{after.partition('<!-- / -->')[2]}"
    return page


def document(table: Table) -> Mapping[str, object]:
    """The table as plain values; anything that is no number, or infinite, is null."""
    names = [column.heading for column in table.columns]
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in table.rows]
    return {"title": table.title, "rows": rows}


def _plain(cell: Cell) -> object:
    if isinstance(cell, Interval):
        numbers = {"estimate": cell.estimate, "low": cell.low, "high": cell.high}
        return {name: _finite(number) for name, number in numbers.items()}
    return _finite(cell) if isinstance(cell, float) else cell


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def text(heading: str) -> Column:
    """A column of text."""
    return Column(heading)


def count(heading: str) -> Column:
    """A column of integers."""
    return Column(heading, "{:,.0f}".format, "{:,.0f}".format)


def quality(heading: str) -> Column:
    """A column of numbers from 0 to 1."""
    return Column(heading, lambda x: _fraction(x, ".4f"), lambda x: _fraction(x, ".3f"))


def difference(heading: str) -> Column:
    """A column of numbers from -1 to 1."""
    return Column(heading, lambda x: _fraction(x, "+.4f"), lambda x: _fraction(x, "+.3f"))


def share(heading: str) -> Column:
    """A column of shares, in percent; minus infinity is "never"."""
    return Column(heading, lambda x: _percent(x, ".1f"), lambda x: _percent(x, ".0f"))


def microseconds(heading: str) -> Column:
    """A column of durations in us."""
    return Column(heading, "{:,.0f}".format)


def ratio(heading: str) -> Column:
    """A column of ratios."""
    return Column(heading, "{:.2f}".format)


_DIGITS = 12
"""Beyond these, what is left of 0 depends on the machine, and so does its sign."""


def _fraction(number: float, form: str) -> str:
    if isnan(number):
        return "-"
    number = round(number, _DIGITS) + 0.0
    return format(number, form).replace("0.", ".", 1) if abs(number) < 1.0 else format(number, form)


def _percent(number: float, form: str) -> str:
    if isnan(number):
        return "-"
    return "never" if isinf(number) else format(100.0 * round(number, _DIGITS) + 0.0, form)
