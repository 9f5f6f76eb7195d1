"""Attempts as rows of FOCUS, the FinOps Open Cost and Usage Specification, version 1.2.

A row is an attempt. The ledger knows its cost as a whole, for tokens of several prices. So there is
no column of unit prices, the quantity is all tokens together, and the buckets are in columns of our
own (`x_`). Of the specification's conditional columns, those that the ledger knows are included.
A cached answer is a row with neither cost nor quantity, since nobody was asked; its baseline stays.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from router.domain.ledger import Outcome
from router.domain.money import Money
from router.domain.usage import BUCKETS, INPUT_BUCKETS, OUTPUT_BUCKETS
from router.ledger.export import Attempt, Column, ColumnKind

_HOUR = timedelta(hours=1)


def _always(value: str | None) -> Callable[[Attempt], str | None]:
    return lambda _: value


def _of(name: str) -> Callable[[Attempt], Any]:
    return lambda attempt: attempt[name]


def _named(name: str) -> Callable[[Attempt], str | None]:
    """A reader of a name, None where it is empty."""
    return lambda attempt: attempt[name] or None


def _money(name: str) -> Callable[[Attempt], Money]:
    return lambda attempt: Money(attempt[name])


def _hour_of(attempt: Attempt) -> datetime:
    day = datetime.fromisoformat(attempt["day"]).replace(tzinfo=UTC)
    return day.replace(hour=attempt["hour"])


def _month_of(attempt: Attempt) -> datetime:
    return _hour_of(attempt).replace(day=1, hour=0)


def _next_month(attempt: Attempt) -> datetime:
    """The first of the next month, which 31 days after a month's first day always lie in."""
    return (_month_of(attempt) + timedelta(days=31)).replace(day=1)


def _tokens(attempt: Attempt) -> int:
    if attempt["outcome"] == Outcome.CACHE_HIT:
        return 0
    return sum(attempt[bucket] for bucket in (*INPUT_BUCKETS, *OUTPUT_BUCKETS))


def _bucket(bucket: str) -> Column:
    def count(attempt: Attempt) -> int:
        return 0 if attempt["outcome"] == Outcome.CACHE_HIT else int(attempt[bucket])

    name = "".join(word.capitalize() for word in bucket.split("_"))
    return Column(f"x_{name}", ColumnKind.WHOLE, count)


def _description(attempt: Attempt) -> str:
    return f"{attempt['model']}, {attempt['service_tier']}: {attempt['outcome']}"


def _sku(attempt: Attempt) -> str:
    return f"{attempt['upstream']}/{attempt['model']}"


def _sku_price(attempt: Attempt) -> str:
    return f"{_sku(attempt)}/{attempt['service_tier']}"


def _tags(attempt: Attempt) -> str:
    """Our tags have no value, for which the specification wants `true`."""
    return json.dumps(dict.fromkeys(attempt["tags"], True), ensure_ascii=False)


def _sub_account_type(attempt: Attempt) -> str | None:
    return "Key" if attempt["key"] else None


def _at(attempt: Attempt) -> datetime:
    return datetime.fromtimestamp(attempt["at_s"], UTC)


_TEXTS: dict[str, Callable[[Attempt], str | None]] = {
    "BillingAccountId": _of("upstream"),
    "BillingAccountName": _of("upstream"),
    "BillingAccountType": _always("Upstream"),
    "BillingCurrency": _always("USD"),
    "ChargeCategory": _always("Usage"),
    "ChargeClass": _always(None),
    "ChargeDescription": _description,
    "ChargeFrequency": _always("Usage-Based"),
    "ConsumedUnit": _always("Tokens"),
    "InvoiceId": _always(None),
    "InvoiceIssuerName": _of("upstream"),
    "PricingCategory": _always("Standard"),
    "PricingCurrency": _always("USD"),
    "PricingUnit": _always("Tokens"),
    "ProviderName": _of("upstream"),
    "PublisherName": _of("upstream"),
    "ResourceId": _of("model"),
    "ResourceName": _of("model"),
    "ResourceType": _always("Model"),
    "ServiceCategory": _always("AI and Machine Learning"),
    "ServiceName": _always("Chat Completions"),
    "ServiceSubcategory": _always("Generative AI"),
    "SkuId": _sku,
    "SkuMeter": _always("Tokens"),
    "SkuPriceId": _sku_price,
    "SubAccountId": _named("key"),
    "SubAccountName": _named("key"),
    "SubAccountType": _sub_account_type,
    "Tags": _tags,
    "x_Category": _named("category"),
    "x_CostNote": _named("cost_note"),
    "x_CostSource": _of("cost_source"),
    "x_Outcome": _of("outcome"),
    "x_Policy": _named("policy"),
    "x_PriceSource": _named("price_source"),
    "x_ReferenceModel": _named("reference"),
    "x_RequestId": _of("request_id"),
    "x_ServiceTier": _of("service_tier"),
    "x_UpstreamRequestId": _of("upstream_request_id"),
    "x_UsageSource": _of("usage_source"),
}
_COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
"""All the same: the ledger knows one cost, as configured or as its provider has stated it."""

_TIMES: dict[str, Callable[[Attempt], datetime]] = {
    "BillingPeriodEnd": _next_month,
    "BillingPeriodStart": _month_of,
    "ChargePeriodEnd": lambda attempt: _hour_of(attempt) + _HOUR,
    "ChargePeriodStart": _hour_of,
    "x_AttemptStart": _at,
}

_COLUMNS = (
    *(Column(name, ColumnKind.TEXT, value) for name, value in _TEXTS.items()),
    *(Column(name, ColumnKind.MONEY, _money("cost_pico")) for name in _COSTS),
    Column("x_BaselineCost", ColumnKind.MONEY, _money("baseline_pico")),
    *(Column(name, ColumnKind.TIME, value) for name, value in _TIMES.items()),
    Column("ConsumedQuantity", ColumnKind.WHOLE, _tokens),
    Column("PricingQuantity", ColumnKind.WHOLE, _tokens),
    Column("x_AttemptNumber", ColumnKind.WHOLE, _of("attempt")),
    Column("x_IsAnswer", ColumnKind.TRUTH, _of("is_answer")),
    Column("x_TotalSeconds", ColumnKind.REAL, _of("total_s")),
    *(_bucket(bucket) for bucket in BUCKETS),
)

FOCUS = tuple(sorted(_COLUMNS, key=lambda column: (column.name.startswith("x_"), column.name)))
"""In the order that the specification wants: its own columns by name, then ours by name."""
