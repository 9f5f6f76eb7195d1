"""Vendors' invoices, read into lines: one file per format, and one row here.

A format is recognised by the columns of its header; the first that fits is taken.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from router.domain.errors import FarthingError
from router.ledger.invoices.anthropic import ANTHROPIC
from router.ledger.invoices.formats import Format, InvoiceLine
from router.ledger.invoices.generic import GENERIC
from router.ledger.invoices.openai import OPENAI

FORMATS: Mapping[str, Format] = {"openai": OPENAI, "anthropic": ANTHROPIC, "generic": GENERIC}


class UnknownInvoice(FarthingError):
    """A file that is no invoice of a known format; the message names its columns."""


def read_invoice(text: str, vendor: str | None = None) -> tuple[InvoiceLine, ...]:
    """The lines of an invoice. Raises UnknownInvoice, also for a line that makes no sense."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    form = _format(columns, vendor)
    lines = []
    for number, row in enumerate(rows, 2):
        try:
            line = form.read(row)
        except (KeyError, ValueError, AttributeError) as error:
            raise UnknownInvoice(f"line {number} of the invoice: {error}") from None
        if line is not None:
            lines.append(line)
    return tuple(lines)


def _format(columns: Sequence[str], vendor: str | None) -> Format:
    wanted = [FORMATS[vendor]] if vendor else list(FORMATS.values())
    for form in wanted:
        if form.columns <= set(columns):
            return form
    known = "; ".join(f"{name}: {', '.join(sorted(f.columns))}" for name, f in FORMATS.items())
    raise UnknownInvoice(
        f"the invoice has the columns {', '.join(columns) or 'of no header'}; the known formats are {known}"
    )
