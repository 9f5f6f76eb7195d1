"""The figures of a report's line as plain data, the same wherever they are shown."""

from typing import Any

from router.ledger.report import PARTS, Totals

COUNTS = (
    "requests",
    "answers",
    "cache_hits",
    "attempts",
    "failed_attempts",
    "estimated_attempts",
    "unpriced_attempts",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
)


def figures(totals: Totals) -> dict[str, Any]:
    """All figures of a line; money as exact decimal text."""
    return {
        **{name: getattr(totals, name) for name in COUNTS},
        "cost_usd": str(totals.cost),
        "estimated_cost_usd": str(totals.estimated_cost),
        "baseline_usd": str(totals.baseline),
        "saving_usd": str(totals.saving),
        "saving_share": totals.saving_share,
        **{f"{part}_usd": str(getattr(totals.parts, part)) for part in PARTS},
        "predicted_quality": totals.quality,
    }
