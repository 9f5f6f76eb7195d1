"""Budgets that are held against the books."""

from collections.abc import Mapping
from typing import Any

import orjson

from router.domain.money import Money
from tests.pipeline.kit import Proxy

BUDGETS = [{"usd": 100, "per": "month"}, {"usd": 10, "per": "day"}]


async def balances(it: Proxy) -> list[Mapping[str, Any]]:
    """What operators are told of each budget."""
    async with it.client.get(f"{it.running.url}/admin/budgets") as response:
        found: list[Mapping[str, Any]] = orjson.loads(await response.read())["budgets"]
    return found


async def agree(it: Proxy) -> None:
    """The budgets have spent what is in the books, and nothing is set aside any more."""
    booked = Money(sum(row["cost_pico"] for row in it.rows()))
    assert booked
    for told in await balances(it):
        assert Money.from_usd(told["spent_usd"]) == booked
        assert told["reserved_usd"] == "0"
