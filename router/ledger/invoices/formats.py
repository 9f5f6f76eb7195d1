"""What an invoice says, whoever wrote it."""

import re
from collections.abc import Callable, Mapping
from datetime import date

from msgspec import Struct

from router.domain.money import Money

Row = Mapping[str, str]


class InvoiceLine(Struct, frozen=True):
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


class Format(Struct, frozen=True):
    """An export format: the columns that identify it, its documentation, and how to read a row.

    `read` returns None for a row that says nothing, and raises ValueError with what is wrong.
    """

    columns: frozenset[str]
    source: str
    read: Callable[[Row], InvoiceLine | None]


_AMOUNT = re.compile(
    r"(-?)\$?(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d{1,2})?|-?\.\d+)"
)
_MOST = Money.from_usd(10**12)


def dollars(text: str) -> Money:
    """An amount as exports write it: `0.25`, `$1,234.50`, `-$3`. Raises ValueError.

    A comma parts thousands and nothing else: `0,25` is no amount, and not 25 dollars.
    """
    found = _AMOUNT.fullmatch(text.strip())
    amount = Money.from_usd(f"{found[1]}{found[2]}".replace(",", "")) if found else None
    if amount is None or abs(amount.pico) > _MOST.pico:
        raise ValueError(f"{text.strip()!r} is not an amount of dollars such as 1234.50")
    return amount


def day(text: str) -> str:
    """The day that a date or a moment begins with, as ISO has it. Raises ValueError."""
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a date such as 2026-11-30") from None


def count(text: str | None) -> int | None:
    """A count of tokens, None where there is none. Raises ValueError."""
    try:
        return int(float(text)) if text and text.strip() else None
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a number of tokens") from None
