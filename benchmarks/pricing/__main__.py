"""The same usage, priced by Farthing, by litellm and by hand.

    python -m benchmarks.pricing

Each fixture is what a vendor's API reports for one answer, plain and streamed, in its documented form.
By hand means: the counts that its price list names, times the rates on that list, in whole
pico-dollars. litellm reads each through its own code for that vendor and prices it by its own
functions; both use the price map that litellm ships, so only arithmetic can differ. A row is wrong
if it is off by more than a ten-millionth of the true amount.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from benchmarks.pricing.litellm_side import Litellm, NotRead
from router.config.prices.price_map import PriceMap
from router.domain.money import Money
from router.wire.usage.layouts import LAYOUTS
from router.wire.usage.reading import read, read_stream
from tests.wire.usage_fixtures import FIXTURES, Fixture, by_hand

_TOLERANCE = Decimal("1e-7")
"""Relative: the noise of floats is forgiven, a token is not."""


@dataclass(frozen=True)
class Row:
    """One fixture: the true amount, and what each computes; None if it cannot read it."""

    fixture: Fixture
    truth: Money
    plain: Decimal | None
    streamed: Decimal | None
    litellm: Decimal | None
    remark: str


def rows(prices: PriceMap, litellm: Litellm) -> Iterator[Row]:
    for fixture in FIXTURES:
        facts = prices.find(fixture.model)
        if facts is None:
            continue
        dialect = LAYOUTS[fixture.dialect]
        plain, streamed = read(dialect, fixture.plain), read_stream(dialect, fixture.events)
        try:
            theirs, remark = litellm.cost_usd(fixture), ""
        except NotRead as error:
            theirs, remark = None, str(error)
        yield Row(
            fixture,
            by_hand(fixture),
            facts.price.charge(plain, fixture.tier).usd if plain else None,
            facts.price.charge(streamed, fixture.tier).usd if streamed else None,
            theirs,
            remark,
        )


def is_right(amount: Decimal | None, truth: Money) -> bool:
    return amount is not None and abs(amount - truth.usd) <= truth.usd * _TOLERANCE


def _cell(amount: Decimal | None, truth: Money) -> str:
    if amount is None:
        return "[red]none[/]"
    if is_right(amount, truth):
        return "[green]right[/]"
    return f"[red]{amount / truth.usd - 1:+.1%}[/]"


def main() -> int:
    found = list(rows(PriceMap.shipped(), Litellm.imported()))
    table = Table(title="Off the true amount by")
    for heading in ("usage", "true, USD", "Farthing", "streamed", "litellm"):
        table.add_column(heading, justify="left" if heading == "usage" else "right")
    for row in found:
        table.add_row(
            row.fixture.name,
            f"{row.truth.usd:.8f}",
            _cell(row.plain, row.truth),
            _cell(row.streamed, row.truth),
            _cell(row.litellm, row.truth) + (f" {row.remark}" if row.remark else ""),
        )
    Console(width=120).print(table)
    ours = sum(not is_right(r.plain, r.truth) for r in found)
    streamed = sum(not is_right(r.streamed, r.truth) for r in found)
    theirs = sum(not is_right(row.litellm, row.truth) for row in found)
    print(f"wrong of {len(found)}: Farthing {ours}, streamed {streamed}; litellm {theirs}")
    return 1 if ours or streamed else 0


if __name__ == "__main__":
    sys.exit(main())
