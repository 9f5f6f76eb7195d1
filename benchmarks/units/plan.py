"""How many of each part a rate needs, and which part is full first: arithmetic, with unit costs as arguments.

Some parts can be *added to*: another one takes half of the work, as with workers, machines and nodes of
a cluster. Others cannot: the node of the cluster that has all budgets, and the database. What one of a
part carries is its time (a core has 10^6 us a second) less a reserve, divided by what a request takes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from benchmarks.units.measured import Books, Kind, Units

LEVELS = (100, 1_000, 10_000, 50_000)
"""Requests per second."""

_US_PER_S = 1e6
_DAY_S = 86_400
_ON_ONE_NODE = ("budgets", "limits")


@dataclass(frozen=True, slots=True)
class Mix:
    """What is requested: the share of each kind of request, and bytes of its body and its answer."""

    shares: Mapping[str, float]
    asked_bytes: int = 2_000
    answered_bytes: int = 2_000

    def __post_init__(self) -> None:
        """Refuse shares that do not add up to 1."""
        if abs(sum(self.shares.values()) - 1.0) > 1e-9 or min(self.shares.values()) < 0:
            raise ValueError(f"shares are 0 or more and 1 together: {dict(self.shares)}")


@dataclass(frozen=True, slots=True)
class House:
    """What machines are like; `full` is how busy a core, or anything that works serially, may be on average.

    A process reads notices `notices_per_s` times a second, whatever the load.
    """

    full: float = 0.6
    workers_each: int = 16
    database_cores: int = 16
    notices_per_s: float = 3.3

    def __post_init__(self) -> None:
        """Refuse houses in which nothing fits."""
        if not 0 < self.full <= 1 or min(self.workers_each, self.database_cores) < 1:
            raise ValueError(f"a house has room: {self}")

    @property
    def core_us(self) -> float:
        """What may be used of a core per second."""
        return self.full * _US_PER_S


@dataclass(frozen=True, slots=True)
class Average:
    """The mean request of a mix; `redis_us` is the server's time by purpose, when it is busy."""

    worker_us: float
    redis_us: Mapping[str, float]
    redis_bytes: float
    trips: float
    rows: float


def average(units: Units, mix: Mix) -> Average:
    """What the mean request of `mix` costs. Raises KeyError for a kind that was not measured."""
    weighed = [(share, units.kind(name)) for name, share in mix.shares.items()]
    purposes = sorted({purpose for _, kind in weighed for purpose in kind.trips})
    return Average(
        worker_us=sum(share * kind.worker_us for share, kind in weighed),
        redis_us={each: sum(s * _redis_us(units, kind, each) for s, kind in weighed) for each in purposes},
        redis_bytes=sum(share * kind.redis_bytes for share, kind in weighed),
        trips=sum(share * sum(kind.trips.values()) for share, kind in weighed),
        rows=sum(share * kind.rows for share, kind in weighed),
    )  # fmt: skip


def _redis_us(units: Units, kind: Kind, purpose: str) -> float:
    """By single commands: a Redis with little load takes longer for each than a busy one."""
    return kind.trips.get(purpose, 0.0) * _command_us(units, purpose)


def _command_us(units: Units, purpose: str) -> float:
    costs = [step.server_us for step in units.steps if step.purpose == purpose]
    return sum(costs) / len(costs)


# ------------------------------------------------------------ what one of each can carry


@dataclass(frozen=True, slots=True)
class Part:
    """What one of a part carries, in requests per second; whether adding more helps, and what else does."""

    name: str
    per_s: float
    can_be_added: bool
    remedy: str

    def needed(self, rate: float) -> float:
        """How many that rate would need; for a part that cannot be added to, how full it would be (1 is full)."""
        return rate / self.per_s


def parts_of(mean: Average, books: Books, house: House) -> tuple[Part, ...]:
    """What one of each part carries of requests like `mean`, with such rows. Raises ValueError for no rows."""
    if not mean.rows > 0:
        raise ValueError("every request has a row")
    return (
        Part("a worker's core", house.core_us / mean.worker_us, True, "more workers, then machines"),
        Part("a machine's mover of rows", _movers_per_s(mean, books, house), True, "more machines"),
        *_nodes(mean, house),
        *_database(mean, books, house),
    )  # fmt: skip


def _movers_per_s(mean: Average, books: Books, house: House) -> float:
    """The number of requests whose rows one mover can move; a machine has one mover."""
    return house.full * books.moved_per_s / mean.rows


def _nodes(mean: Average, house: House) -> tuple[Part, ...]:
    """Those of Redis that have anything to do."""
    spread_us = sum(us for purpose, us in mean.redis_us.items() if purpose not in _ON_ONE_NODE)
    apart = "cells; fewer budgets and limits for a request"
    lone = [(name, mean.redis_us.get(name, 0.0)) for name in _ON_ONE_NODE]
    return (
        *_node("a node with answers, flights, sessions", spread_us, house, "more nodes", can_be_added=True),
        *(each for name, us in lone for each in _node(f"the node with {name}", us, house, apart)),
    )  # fmt: skip


def _node(
    name: str, us: float, house: House, remedy: str, *, can_be_added: bool = False
) -> tuple[Part, ...]:
    return (Part(name, house.core_us / us, can_be_added, remedy),) if us > 0 else ()


def _database(mean: Average, books: Books, house: House) -> tuple[Part, ...]:
    """Rows are committed by many at once, but added up by one while nobody commits."""
    row_us = books.database_us + books.summed_us
    cores = house.database_cores * house.core_us / (mean.rows * row_us)
    sums = house.full * books.summed_per_s / mean.rows
    return (
        Part("PostgreSQL's cores", cores, False, "rows without decisions; cells"),
        Part("PostgreSQL's sums", sums, False, "cells: one process at a time takes them"),
    )


# ------------------------------------------------------------ what a rate needs


@dataclass(frozen=True, slots=True)
class Level:
    """A rate, how many of each part it needs, and its traffic; `cells` are installations that share nothing."""

    rate: int
    first: Part
    cells: int
    workers: int
    machines: int
    redis_nodes: int
    database_cores: float
    gb_per_day: float
    line_gbit: float


def level(rate: int, units: Units, mix: Mix, house: House, *, decisions: bool) -> Level:
    """What this many requests per second need."""
    mean, books = average(units, mix), units.books if decisions else units.lean
    parts = parts_of(mean, books, house)
    workers = ceil(rate * mean.worker_us / house.core_us)
    notices_us = workers * house.notices_per_s * _command_us(units, "notices")
    row_us = mean.rows * (books.database_us + books.summed_us)
    passed_bytes = 2 * (mix.asked_bytes + mix.answered_bytes) + mean.redis_bytes
    return Level(
        rate=rate,
        first=first_full(rate, parts),
        cells=ceil(_tightest(parts).needed(rate)),
        workers=workers,
        machines=ceil(max(workers / house.workers_each, rate / _movers_per_s(mean, books, house))),
        redis_nodes=ceil((rate * sum(mean.redis_us.values()) + notices_us) / house.core_us),
        database_cores=rate * row_us / house.core_us,
        gb_per_day=rate * mean.rows * books.row_bytes * _DAY_S / 1e9,
        line_gbit=rate * passed_bytes * 8 / 1e9,
    )


def first_full(rate: float, parts: tuple[Part, ...]) -> Part:
    """What to look at first: a part that cannot be added to and is over half full, else what must be added next."""
    tightest = _tightest(parts)
    if tightest.needed(rate) > 1 / 2:
        return tightest
    return min((part for part in parts if part.can_be_added), key=lambda part: part.per_s)


def _tightest(parts: tuple[Part, ...]) -> Part:
    return min((part for part in parts if not part.can_be_added), key=lambda part: part.per_s)
