"""OpenAI's export of costs, by day and line item: `gpt-4o-mini-2024-07-18, input`.

A service tier stands before the model, what its tokens are of behind it: `priority | gpt-5.4, output, long context`,
`gpt-audio-mini-2025-12-15 audio, input`.
"""

import re

from router.ledger.invoices.formats import Format, InvoiceLine, Row, day, dollars

_OF_MODEL = re.compile(r"(?:[a-z ]+ \| )?(\S+)((?: (?:audio|image|text|video))?, .+)")
_TOKEN_ITEMS = ("input", "output", "cached", "audio", "image", "text")


def _read(row: Row) -> InvoiceLine | None:
    if not (amount := row["amount_value"].strip()):
        return None
    if row.get("amount_currency", "usd").strip().lower() not in ("", "usd"):
        raise ValueError(f"amounts are in {row['amount_currency']}, not in US dollars")
    if not (line_item := row["line_item"].strip()):
        raise ValueError("it has no line item; export the costs grouped by line item")
    found = _OF_MODEL.fullmatch(line_item)
    model, item = (found[1], found[2].strip(" ,")) if found else ("", line_item)
    is_tokens = bool(model) and any(word in item.lower() for word in _TOKEN_ITEMS)
    return InvoiceLine(day(row["start_time_iso"]), model, dollars(amount), item, is_tokens)


OPENAI = Format(
    columns=frozenset({"start_time_iso", "amount_value", "line_item"}),
    source="https://platform.openai.com/docs/api-reference/usage/costs",
    read=_read,
)
