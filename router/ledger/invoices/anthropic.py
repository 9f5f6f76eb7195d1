"""Anthropic's export of costs from its console, by day, model and type of token."""

from router.ledger.invoices.formats import Format, InvoiceLine, Row, day, dollars


def _read(row: Row) -> InvoiceLine | None:
    if not (amount := row["cost_usd"].strip()):
        return None
    kind = (row.get("token_type") or row.get("cost_type") or row.get("usage_type") or "").strip()
    model = (row.get("model") or row.get("model_version") or "").strip()
    is_tokens = bool(model) and "search" not in kind and "code_execution" not in kind
    return InvoiceLine(day(row["usage_date_utc"]), model, dollars(amount), kind, is_tokens)


ANTHROPIC = Format(
    columns=frozenset({"usage_date_utc", "cost_usd"}),
    source="https://support.claude.com/en/articles/9534590-cost-and-usage-reporting-in-the-claude-console",
    read=_read,
)
