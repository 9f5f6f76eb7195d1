"""What was measured, and what it means for a rate, as tables for a page."""

from collections.abc import Iterator

from benchmarks.routing.findings import Cell, Column, Table, count, renewed, text
from benchmarks.units.measured import PURPOSES, Kind, Units
from benchmarks.units.plan import LEVELS, House, Mix, average, level, parts_of

MIX = Mix({"auto": 0.4, "session": 0.2, "stream": 0.2, "pinned": 0.1, "hit": 0.1})
HOUSE = House()
_ASKED = tuple(purpose for purpose in PURPOSES if purpose != "notices")
_YES = {True: "yes", False: "no"}


def small(heading: str) -> Column:
    """A column of numbers with one decimal."""
    return Column(heading, "{:,.1f}".format)


def tables(units: Units) -> tuple[Table, ...]:
    """All tables of the page."""
    every = (_machine, _commands, _kinds, _ledger, _carried, _needed)
    return tuple(each(units) for each in every)


def in_page(page: str, units: Units) -> str:
    """The page with its tables replaced."""
    return renewed(page, tables(units))


def told(units: Units) -> Iterator[str]:
    """The mean request in words."""
    mean = average(units, MIX)
    yield f"the mean request: {mean.worker_us:.0f} us of a worker, {mean.trips:.1f} commands to Redis"
    yield "us of Redis: " + ", ".join(f"{name} {us:.0f}" for name, us in mean.redis_us.items())


def _machine(units: Units) -> Table:
    return Table("measured on", (text("measured on"),), ((units.machine,),))


def _commands(units: Units) -> Table:
    columns = (
        text("to"),
        text("for"),
        count("CPU µs of Redis"),
        count("of its client"),
        count("bytes both ways"),
    )
    rows = tuple(
        (step.name, step.purpose, step.server_us, step.client_us, step.bytes)
        for step in units.steps
    )
    return Table("commands", columns, rows)


def _kinds(units: Units) -> Table:
    columns = (
        text("request"),
        count("CPU µs of a worker"),
        count("of Redis"),
        count("of PostgreSQL"),
        *(small(purpose) for purpose in _ASKED),
        count("bytes to and from Redis"),
        small("rows"),
    )
    return Table("kinds", columns, tuple(map(_of_kind, units.kinds)))


def _of_kind(kind: Kind) -> tuple[Cell, ...]:
    return (
        *(kind.name, kind.worker_us, kind.redis_us, kind.database_us),
        *(kind.trips.get(purpose, 0.0) for purpose in _ASKED),
        *(kind.redis_bytes, kind.rows),
    )


def _ledger(units: Units) -> Table:
    columns = (
        text("a row"),
        count("rows/s by one mover"),
        count("CPU µs of the mover"),
        count("of PostgreSQL"),
        count("rows/s added up"),
        count("CPU µs of PostgreSQL for it"),
        count("bytes on disk"),
        count("in the log"),
    )
    both = {"with its decision": units.books, "without": units.lean}
    rows = tuple(
        (
            *(name, each.moved_per_s, each.our_us, each.database_us),
            *(each.summed_per_s, each.summed_us, each.row_bytes, each.wal_bytes),
        )
        for name, each in both.items()
    )
    return Table("rows", columns, rows)


def _carried(units: Units) -> Table:
    """What one of each part can carry."""
    mean = average(units, MIX)
    full, lean = (parts_of(mean, books, HOUSE) for books in (units.books, units.lean))
    columns = (
        text("one of these"),
        count("carries, requests/s"),
        count("with rows without decisions"),
        text("can be added to"),
        text("what helps"),
    )
    rows = tuple(
        (part.name, part.per_s, other.per_s, _YES[part.can_be_added], part.remedy)
        for part, other in zip(full, lean, strict=True)
    )
    return Table("carried", columns, rows)


def _needed(units: Units) -> Table:
    columns = (
        count("requests/s"),
        count("workers, a core each"),
        count("machines of 16 cores"),
        count("nodes of Redis"),
        small("cores of PostgreSQL"),
        count("GB of rows a day"),
        count("without decisions"),
        Column("Gbit/s", "{:,.2f}".format),
        text("full first"),
        count("it carries"),
        count("cells"),
    )
    return Table("needed", columns, tuple(_row(rate, units) for rate in LEVELS))


def _row(rate: int, units: Units) -> tuple[Cell, ...]:
    full, lean = (level(rate, units, MIX, HOUSE, decisions=each) for each in (True, False))
    return (
        *(rate, full.workers, full.machines, full.redis_nodes, full.database_cores),
        *(full.gb_per_day, lean.gb_per_day, full.line_gbit),
        *(full.first.name, full.first.per_s, full.cells),
    )
