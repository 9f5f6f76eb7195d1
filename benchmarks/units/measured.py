"""What was measured: unit costs, as plain frozen values that are kept as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Self, TypeVar

import orjson

PURPOSES = ("budgets", "limits", "answers", "flights", "sessions", "notices")
"""What Redis is asked for. The first two lie on one node each of a cluster, and so do notices."""


def _nothing_below_0(*numbers: float) -> None:
    if not all(isfinite(number) and number >= 0 for number in numbers):
        raise ValueError(f"a cost is 0 or more, not {numbers}")


@dataclass(frozen=True, slots=True)
class Step:
    """One command to Redis: microseconds of CPU of the server and of its client, and bytes both ways."""

    name: str
    purpose: str
    server_us: float
    client_us: float
    bytes: float

    def __post_init__(self) -> None:
        """Refuse what cannot be a cost, and unknown purposes."""
        _nothing_below_0(self.server_us, self.client_us, self.bytes)
        if self.purpose not in PURPOSES:
            raise ValueError(f"there is no purpose {self.purpose!r}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request through a real Farthing, each number per request.

    `worker_us`, `redis_us` and `database_us` are CPU time, the database's as far as it kept up meanwhile;
    `trips` are commands to Redis by purpose; `rows` are those of the ledger.
    """

    name: str
    worker_us: float
    redis_us: float
    database_us: float
    trips: Mapping[str, float]
    redis_bytes: float
    rows: float

    def __post_init__(self) -> None:
        """Refuse what cannot be a cost."""
        _nothing_below_0(
            self.worker_us, self.redis_us, self.database_us, self.rows, self.redis_bytes
        )
        _nothing_below_0(*self.trips.values())


@dataclass(frozen=True, slots=True)
class Books:
    """One row of the ledger on its way to PostgreSQL, and there.

    `moved_per_s` rows go through one mover; `our_us` and `database_us` are CPU time per row until it is
    committed, `summed_us` the database's for adding it to the sums, of which `summed_per_s` are done, one
    process at a time. `row_bytes` is its size including indexes, `wal_bytes` what is logged for it.
    """

    moved_per_s: float
    our_us: float
    database_us: float
    summed_per_s: float
    summed_us: float
    row_bytes: float
    wal_bytes: float

    def __post_init__(self) -> None:
        """Refuse what cannot be a cost, and rates of 0."""
        _nothing_below_0(self.our_us, self.database_us, self.summed_us)
        if not min(self.moved_per_s, self.summed_per_s, self.row_bytes, self.wal_bytes) > 0:
            raise ValueError(f"rates and sizes are above 0: {self}")


@dataclass(frozen=True, slots=True)
class Units:
    """All unit costs of one run, and where it ran; `lean` are rows without their decisions."""

    machine: str
    steps: tuple[Step, ...]
    kinds: tuple[Kind, ...]
    books: Books
    lean: Books

    def kind(self, name: str) -> Kind:
        """The kind of request with that name. Raises KeyError."""
        return _named(self.kinds, name)

    def step(self, name: str) -> Step:
        """The command with that name. Raises KeyError."""
        return _named(self.steps, name)

    def as_json(self) -> bytes:
        """To be saved in a file."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def of_json(cls, kept: bytes) -> Self:
        """What `as_json` gave. Raises TypeError and ValueError for anything else."""
        told: dict[str, Any] = orjson.loads(kept)
        return cls(
            told["machine"],
            tuple(Step(**each) for each in told["steps"]),
            tuple(Kind(**each) for each in told["kinds"]),
            Books(**told["books"]),
            Books(**told["lean"]),
        )


_T = TypeVar("_T", Step, Kind)


def _named(every: Sequence[_T], name: str) -> _T:
    for each in every:
        if each.name == name:
            return each
    raise KeyError(name)
