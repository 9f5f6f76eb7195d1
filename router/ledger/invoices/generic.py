"""A plain format, for whatever has no reader: date, model, cost_usd, and tokens where they are known."""

from router.ledger.invoices.formats import Format, InvoiceLine, Row, count, day, dollars


def _read(row: Row) -> InvoiceLine | None:
    if not row["cost_usd"].strip():
        return None
    return InvoiceLine(
        day=day(row["date"]),
        model=row["model"].strip(),
        cost=dollars(row["cost_usd"]),
        input_tokens=count(row.get("input_tokens")),
        output_tokens=count(row.get("output_tokens")),
    )


GENERIC = Format(
    columns=frozenset({"date", "model", "cost_usd"}), source="docs/reconcile.md", read=_read
)
