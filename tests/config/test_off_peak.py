"""Prices that hold in certain hours of the week, from the price map to the catalog of a moment."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.prices.off_peak import spans_of
from router.config.prices.price_map import PriceMap
from router.domain.catalog import WEEK_MIN, DatedCatalog
from tests.config.files import loaded

CONFIG = """\
version: 1
upstreams:
  deepseek: {kind: openai, base_url: "https://api.deepseek.com/v1", catalog_prefix: deepseek}
  other: {kind: openai, base_url: "http://127.0.0.1:8000/v1", catalog_prefix: deepseek}
models:
  deepseek-v4-flash:
    upstreams: [{upstream: deepseek}, {upstream: other}]
  gpt-4o: {upstream: other, price: {input_usd_per_mtok: 1, output_usd_per_mtok: 2}}
"""
ALL_DAY = {"hours_utc": "00:00-00:00"}


@pytest.mark.parametrize(
    ("moment", "is_cheap"),
    [
        ("2026-11-23T00:59", True),  # a Monday
        ("2026-11-23T01:00", False),
        ("2026-11-23T05:59", True),
        ("2026-11-23T06:00", False),
        ("2026-11-23T10:00", True),
        ("2026-11-23T23:59", True),
        ("2026-11-27T09:59", False),
        ("2026-11-28T08:00", True),  # a Saturday
        ("2026-11-29T23:59", True),
    ],
)
def test_a_model_costs_what_its_vendor_charges_at_that_hour(
    moment: str, is_cheap: bool, tmp_path: Path
) -> None:
    catalog = DatedCatalog.of(loaded(tmp_path, CONFIG).catalog)
    found = catalog.at(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    model = found["deepseek-v4-flash"]

    assert {place.price.input_pico for place in model.places} == {150_000 if is_cheap else 300_000}
    rates = (model.price.output_pico, model.price.reasoning_pico, model.price.cache_read_pico)
    assert rates == ((600_000, 600_000, 3_000) if is_cheap else (1_200_000, 1_200_000, 6_000))
    assert ("off-peak" in model.price.origin) == is_cheap
    assert found["gpt-4o"].price.input_pico == 1_000_000


def test_every_price_of_the_map_has_hours_that_can_be_read() -> None:
    shipped = PriceMap.shipped()
    prices = [facts.price for key in shipped.keys if (facts := shipped.find(key))]
    cheaper = [price.off_peak for price in prices if price.off_peak is not None]

    assert len(cheaper) == 10
    for each in cheaper:
        assert 0 < sum(end - begin for begin, end in each.spans) < WEEK_MIN


@pytest.mark.parametrize(
    ("stated", "spans"),
    [
        ({}, ()),
        (ALL_DAY, ((0, WEEK_MIN),)),
        ({"windows": [{**ALL_DAY, "weekdays": [7]}]}, ((6 * 1440, WEEK_MIN),)),
        (
            {"windows": [{"hours_utc": ["23:30-00:30"], "weekdays": [1]}]},
            ((0, 30), (23 * 60 + 30, 1440)),
        ),
        (
            {"windows": [{**ALL_DAY, "weekdays": [1]}], "weekday_timezone": "Asia/Shanghai"},
            ((0, 16 * 60), (WEEK_MIN - 8 * 60, WEEK_MIN)),
        ),
    ],
)
def test_hours_are_spans_of_the_week(
    stated: dict[str, Any], spans: tuple[tuple[int, int], ...]
) -> None:
    assert spans_of(stated) == spans


@given(
    moment=st.integers(1_700_000_000, 1_900_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    days=st.sets(st.integers(1, 7), min_size=1),
    begin=st.integers(0, 1439),
    end=st.integers(0, 1439),
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kolkata"]),
)
def test_a_moment_is_in_the_spans_if_its_clock_and_its_day_are(
    moment: datetime, days: set[int], begin: int, end: int, zone: str
) -> None:
    hours = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    rule = {"hours_utc": hours, "weekdays": sorted(days)}
    clock = moment.hour * 60 + moment.minute
    goes_on = begin <= clock < end if begin < end else clock >= begin or clock < end
    minute = moment.weekday() * 1440 + clock

    found = any(a <= minute < b for a, b in spans_of({"windows": [rule], "weekday_timezone": zone}))

    assert found == (goes_on and moment.astimezone(ZoneInfo(zone)).isoweekday() in days)
