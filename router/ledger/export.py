"""What leaves the ledger in files: columns, each with what kind of values it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Attempt = Mapping[str, Any]
"""An attempt by the names of the ledger's columns, and its `tags` as a list of words."""


class Kind(Enum):
    """What a column's values are, each of which may be None."""

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


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file, and how its value comes from an attempt."""

    name: str
    kind: Kind
    value: Callable[[Attempt], Any]
