"""OpenAI's export of costs, by day and line item: `gpt-4o-mini-2024-07-18, input`."""

from router.ledger.invoices.formats import Format, InvoiceLine, Row, day, dollars

_TOKEN_ITEMS = ("input", "output", "cached", "audio", "image", "text")


def _read(row: Row) -> InvoiceLine | None:
    if not (amount := row["amount_value"].strip()):
        return None
    if row.get("amount_currency", "usd").strip().lower() not in ("", "usd"):
        raise ValueError(f"amounts are in {row['amount_currency']}, not in US dollars")
    if not (line_item := row["line_item"].strip()):
        raise ValueError("it has no line item; export the costs grouped by line item")
    model, _, item = (part.strip() for part in line_item.partition(","))
    is_tokens = any(word in item.lower() for word in _TOKEN_ITEMS)
    on = day(row["start_time_iso"])
    return InvoiceLine(on, model if item else "", dollars(amount), item or model, is_tokens)


OPENAI = Format(
    columns=frozenset({"start_time_iso", "amount_value", "line_item"}),
    source="https://platform.openai.com/docs/api-reference/usage/costs",
    read=_read,
)
