"""An attempt as a row of FOCUS."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from router.domain.money import Money
from router.ledger.focus import FOCUS
from router.stores.sql.schema import COLUMNS, row_of
from tests.stores.entries import day, entry

MANDATORY = """
    BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
    BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargePeriodEnd
    ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingQuantity
    PricingUnit ProviderName PublisherName ServiceCategory ServiceName ServiceSubcategory
""".split()
"""What version 1.2 wants in every data set."""

MAY_BE_NULL = {"ChargeClass"}


def focus(**fields: Any) -> dict[str, Any]:
    made = entry(**fields)
    attempt = {**dict(zip(COLUMNS, row_of(made), strict=True)), "tags": list(made.tags)}
    return {column.name: column.value(attempt) for column in FOCUS}


def test_every_mandatory_column_is_there_and_has_a_value() -> None:
    row = focus()

    assert [name for name in MANDATORY if name not in row] == []
    assert [name for name in MANDATORY if row[name] is None and name not in MAY_BE_NULL] == []


def test_columns_stand_in_the_order_of_the_specification_and_then_ours() -> None:
    names = [column.name for column in FOCUS]
    theirs = [name for name in names if not name.startswith("x_")]

    assert names == [*sorted(theirs), *sorted(set(names) - set(theirs))]


def test_an_attempt_is_a_charge_of_its_hour() -> None:
    row = focus(at_s=day("2026-12-31", 23) + 90)

    assert row["ChargePeriodStart"] == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert row["ChargePeriodEnd"] == datetime(2027, 1, 1, tzinfo=UTC)
    assert row["BillingPeriodStart"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert row["BillingPeriodEnd"] == datetime(2027, 1, 1, tzinfo=UTC)
    assert row["x_AttemptStart"] == datetime(2026, 12, 31, 23, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_billing_period_ends_where_the_next_begins(month: int) -> None:
    row = focus(at_s=datetime(2027, month, 28, tzinfo=UTC).timestamp())
    end = row["BillingPeriodEnd"]

    assert (end.month, end.day, end.hour) == (month % 12 + 1, 1, 0)


def test_it_says_who_was_paid_how_much_for_what() -> None:
    row = focus(key="k", tags=("b", "a"), service_tier="flex")
    costs = {row[name] for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")}

    assert costs == {Money(1_000_000)}
    assert row["x_BaselineCost"] == Money(3_000_000)
    assert (row["PricingQuantity"], row["ConsumedQuantity"]) == (1050, 1050)
    assert (row["x_UncachedInputTokens"], row["x_CacheReadTokens"]) == (900, 100)
    assert (row["ProviderName"], row["ResourceId"], row["SubAccountId"]) == ("up", "cheap", "k")
    assert (row["SkuId"], row["SkuPriceId"]) == ("up/cheap", "up/cheap/flex")
    assert json.loads(row["Tags"]) == {"a": True, "b": True}


def test_a_cached_answer_costs_nothing_and_consumes_nothing() -> None:
    row = focus(outcome="cache_hit", cost=Money(0), cost_source="free")

    assert (row["BilledCost"], row["ConsumedQuantity"], row["x_OutputTokens"]) == (Money(0), 0, 0)
    assert row["x_BaselineCost"] == Money(3_000_000)


def test_who_has_no_key_has_no_sub_account() -> None:
    row = focus()

    assert (row["SubAccountId"], row["SubAccountType"], row["Tags"]) == (None, None, "{}")
