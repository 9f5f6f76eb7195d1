"""Vendors' invoices, read into lines: one file per format, and one row here.

A format is recognised by the columns of its header; the first that fits is taken.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.domain.errors import FarthingError
from router.ledger.invoices.anthropic import ANTHROPIC
from router.ledger.invoices.formats import Format, InvoiceLine, Row
from router.ledger.invoices.generic import GENERIC
from router.ledger.invoices.openai import OPENAI

FORMATS: Mapping[str, Format] = {"openai": OPENAI, "anthropic": ANTHROPIC, "generic": GENERIC}

_JSON = {"{", "["}


class UnknownInvoice(FarthingError):
    """A file that is no invoice of a known format; the message names its columns."""


def read_invoice(text: str, vendor: str | None = None) -> tuple[InvoiceLine, ...]:
    """The lines of an invoice, one at least. Raises UnknownInvoice, also for a line that makes no sense."""
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in _JSON:
        raise UnknownInvoice(
            "the invoice is JSON, as APIs answer; it must be CSV (docs/reconcile.md)"
        )
    rows = csv.DictReader(io.StringIO(text))
    try:
        lines = tuple(_lines(rows, vendor))
    except ValueError as error:
        raise UnknownInvoice(f"line {rows.line_num} of the invoice: {error}") from None
    except csv.Error as error:
        said = f"line {rows.line_num} of the invoice: {error}; is a quote before it not closed?"
        raise UnknownInvoice(said) from None
    if not lines:  # a report that did not come must not pass for one that agrees
        raise UnknownInvoice("the invoice has a header and no amounts")
    return lines


def _lines(rows: "csv.DictReader[str]", vendor: str | None) -> Iterator[InvoiceLine]:
    """The rows that say something. Raises ValueError for one that makes no sense."""
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    form = _format(columns, vendor)
    for name in form.columns:
        if columns.count(name) > 1:
            raise ValueError(f"several columns are called {name}")
    found = (form.read(_whole(row)) for row in rows)
    return (line for line in found if line is not None)


def _whole(row: dict[Any, Any]) -> Row:
    """The row, if it has as many columns as the header, apart from empty ones. Raises ValueError."""
    if None in row.values():
        raise ValueError("it has fewer columns than the header")
    if any(row.pop(None, ())):
        raise ValueError("it has more columns than the header; text with a comma must be in quotes")
    return row


def _format(columns: Sequence[str], vendor: str | None) -> Format:
    wanted = [FORMATS[vendor]] if vendor else list(FORMATS.values())
    for form in wanted:
        if form.columns <= set(columns):
            return form
    known = "; ".join(f"{name}: {', '.join(sorted(f.columns))}" for name, f in FORMATS.items())
    if not columns:
        raise UnknownInvoice("the invoice is empty")
    if len(columns) == 1:
        raise UnknownInvoice(
            f"the invoice has one column, {columns[0]!r}; commas must be between columns"
        )
    raise UnknownInvoice(
        f"the invoice has the columns {', '.join(columns)}; the known formats are {known}"
    )
