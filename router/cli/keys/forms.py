"""Keys as plain data, and as a table for people; their secrets are in neither."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from router.domain.budget import Budget, RateLimit
from router.domain.key import VirtualKey
from router.stores.sql.keys import StoredKey


def as_document(stored: StoredKey, now_s: float) -> dict[str, Any]:
    """A key that was made by command, as plain data; its times as text."""
    key = stored.key
    return {
        "id": key.id,
        "name": key.name,
        "hint": stored.hint,
        "tags": key.tags,
        "policies": sorted(key.grants.policies),
        "models": sorted(key.grants.models),
        "overrides": None if key.grants.overrides is None else sorted(key.grants.overrides),
        "budgets": [str(budget) for budget in key.grants.budgets],
        "limits": [_rates(limit) for limit in key.grants.limits],
        "created": _iso(stored.created_s),
        "expires": _iso(key.expires_s),
        "revoked": _iso(stored.revoked_s),
        "active": stored.is_active(now_s),
    }


def as_table(stored: Iterable[StoredKey], configured: Iterable[VirtualKey], now_s: float) -> Table:
    """Keys that were made by command, and behind them those of the configuration."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("name", "id", "secret"):
        table.add_column(heading, no_wrap=True)
    for heading in ("may use", "budgets and limits", "until"):
        table.add_column(heading, overflow="fold")
    for each in stored:
        table.add_row(*map(escape, _cells(each, now_s)))
    for key in configured:
        table.add_row(escape(key.name), "-", "configured", *map(escape, _bounds(key)), "-")
    return table


def _cells(stored: StoredKey, now_s: float) -> Sequence[str]:
    key = stored.key
    until = "revoked" if stored.revoked_s else (_iso(key.expires_s) or "-")
    if not stored.is_active(now_s) and not stored.revoked_s:
        until = f"expired {until}"
    return (key.name, key.id, f"{stored.hint}...", *_bounds(key), until)


def _bounds(key: VirtualKey) -> tuple[str, str]:
    grants = key.grants
    named = [*(f"policy {p}" for p in sorted(grants.policies)), *sorted(grants.models)]
    may = named or ["everything"]
    if grants.overrides is not None:
        may.append(f"overrides {' '.join(sorted(grants.overrides)) or 'none'}")
    bounds = map(_budgeted, grants.budgets)
    return ", ".join(may), ", ".join([*bounds, *map(_rates, grants.limits)]) or "-"


def _budgeted(budget: Budget) -> str:
    """The budget in the form of `--budget`."""
    zone = f"@{budget.timezone}" if budget.timezone != "UTC" else ""
    return f"{budget.usd} USD/{budget.window}{zone}"


def _rates(limit: RateLimit) -> str:
    told = {"rpm": limit.requests_per_minute, "tpm": limit.tokens_per_minute}
    return ", ".join(f"{bound} {what}" for what, bound in told.items() if bound)


def _iso(unix_s: float | None) -> str | None:
    if unix_s is None:
        return None
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
