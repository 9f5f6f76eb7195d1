"""A plain format, for whatever has no reader: date, model, cost_usd, and tokens where they are known."""

from datetime import date

from router.ledger.invoices.formats import Format, InvoiceLine, Row, count, dollars


def _read(row: Row) -> InvoiceLine | None:
    if not row["cost_usd"].strip():
        return None
    return InvoiceLine(
        day=date.fromisoformat(row["date"].strip()[:10]).isoformat(),
        model=row["model"].strip(),
        cost=dollars(row["cost_usd"]),
        input_tokens=count(row.get("input_tokens")),
        output_tokens=count(row.get("output_tokens")),
    )


GENERIC = Format(
    columns=frozenset({"date", "model", "cost_usd"}), source="docs/reconcile.md", read=_read
)
