"""The state of budgets as `/admin/budgets` shows it: of those that one process, or any worker, has drawn on."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from router.domain.budget import Balance


def budgets_told(balances: Iterable[Balance]) -> bytes:
    """The balances as JSON."""
    return _written(map(_told, balances))


def crew_budgets_told(told: Mapping[int, bytes | None]) -> bytes:
    """What all workers know, by number: each budget once, which they share.

    Where they count apart, because they have lost what they share, it is the one that most was spent of.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for text in told.values():
        for each in orjson.loads(text)["budgets"] if text is not None else ():
            name = (each["budget"], each["timezone"], each["started_s"])
            found[name] = max(found.get(name, each), each, key=_spent)
    return _written(found.values())


def _spent(each: Mapping[str, Any]) -> Decimal:
    return Decimal(each["spent_usd"])


def _written(each: Iterable[Mapping[str, Any]]) -> bytes:
    return orjson.dumps({"budgets": list(each)})


def _told(balance: Balance) -> dict[str, Any]:
    """A balance as JSON; money as exact decimal text in USD, times as Unix times."""
    return {
        "budget": str(balance.budget),
        "scope": {"kind": balance.budget.scope.kind, "name": balance.budget.scope.name},
        "window": balance.budget.window,
        "timezone": balance.budget.timezone,
        "usd": str(balance.budget.usd),
        "spent_usd": str(balance.spent),
        "reserved_usd": str(balance.reserved),
        "left_usd": str(balance.left),
        "share_left": balance.share_left,
        "started_s": balance.period.start_s,
        "resets_s": balance.period.resets_s,
    }
