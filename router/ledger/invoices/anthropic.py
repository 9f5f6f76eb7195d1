"""Anthropic's export of costs from its console, by day, model and type of token.

Models stand there under the names that people call them, `Claude Haiku 4.5`, and amounts in whole cents.
"""

import re

from router.ledger.invoices.formats import Format, InvoiceLine, Row, day, dollars


def _read(row: Row) -> InvoiceLine | None:
    if not (amount := row["cost_usd"].strip()):
        return None
    kind = (row.get("token_type") or row.get("cost_type") or row.get("usage_type") or "").strip()
    model = _as_in_api(row.get("model") or row.get("model_version") or "")
    is_tokens = bool(model) and "search" not in kind and "code_execution" not in kind
    return InvoiceLine(day(row["usage_date_utc"]), model, dollars(amount), kind, is_tokens)


def _as_in_api(name: str) -> str:
    """A model's name as its API spells it: `claude-haiku-4-5`, and `Claude 3.5 Haiku 2024-10-22` with its date."""
    dashed = re.sub(r"[\s.]+", "-", name.strip().lower())
    return re.sub(r"(?<=-)(\d{4})-(\d{2})-(\d{2})$", r"\1\2\3", dashed)


ANTHROPIC = Format(
    columns=frozenset({"usage_date_utc", "cost_usd"}),
    source="https://support.claude.com/en/articles/9534590-cost-and-usage-reporting-in-the-claude-console",
    read=_read,
)
