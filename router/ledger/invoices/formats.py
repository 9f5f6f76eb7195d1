"""What an invoice says, whoever wrote it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from router.domain.money import Money

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An amount for a model on a day (ISO). `model` is the vendor's name, "" for an item without a model.

    `item` says what it is for; `is_tokens` is false for searches, tools and the like. Token counts
    are None where the invoice has none.
    """

    day: str
    model: str
    cost: Money
    item: str = ""
    is_tokens: bool = True
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """An export format: the columns that identify it, its documentation, and how to read a row.

    `read` returns None for a row that says nothing, and raises ValueError with what is wrong.
    """

    columns: frozenset[str]
    source: str
    read: Callable[[Row], InvoiceLine | None]


def dollars(text: str) -> Money:
    """An amount as exports write it. Raises ValueError."""
    return Money.from_usd(text.strip().removeprefix("$").replace(",", ""))


def count(text: str | None) -> int | None:
    """A count of tokens, None where there is none. Raises ValueError."""
    return int(float(text)) if text and text.strip() else None
