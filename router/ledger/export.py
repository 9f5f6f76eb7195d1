"""What leaves the ledger in files: columns, each with the kind of its values."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from msgspec import Struct

Attempt = Mapping[str, Any]
"""An attempt, by the names of the ledger's columns, with its `tags` as a list of words."""


class ColumnKind(Enum):
    """The kind of a column's values, each of which may be None."""

    TEXT = auto()
    WHOLE = auto()
    REAL = auto()
    TRUTH = auto()
    MONEY = auto()
    """`router.domain.money.Money`."""
    TIME = auto()
    """A datetime of UTC."""
    WORDS = auto()
    """A list of texts."""


class Column(Struct, frozen=True):
    """A column of a file, and how its value comes from an attempt."""

    name: str
    kind: ColumnKind
    value: Callable[[Attempt], Any]
