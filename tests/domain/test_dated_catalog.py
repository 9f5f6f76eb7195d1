"""Catalogs whose prices change, with as many changes as a large price list has."""

from hypothesis import given
from hypothesis import strategies as st

from router.domain.catalog import WEEK_MIN, DatedCatalog, Week
from router.domain.members import replace
from router.domain.model import Model, PriceChange
from router.domain.price import OffPeak, Price
from tests.domain.builders import model

THURSDAY_MIN = 3 * 24 * 60
"""When Unix time begins, in minutes from Monday on."""
RATES = st.integers(1, 9).map(str)
MINUTES = st.sampled_from([0, 60, 1440, 5000, WEEK_MIN])
DAYS_S = st.integers(1, 6).map(lambda n: n * 86_400.0)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """A price, which may be another in one or two spans of the week."""
    price = Price.per_mtok(draw(RATES), "9")
    spans = draw(st.lists(st.tuples(MINUTES, MINUTES), max_size=2))
    if not spans:
        return price
    cheaper = Price.per_mtok(draw(RATES), "8")
    return replace(price, off_peak=OffPeak(cheaper, tuple(spans)))


@st.composite
def models(draw: st.DrawFn, name: str) -> Model:
    """A model in one to three places, each with price changes of its own."""
    places = tuple(
        replace(
            model(name, price=draw(prices())),
            replica=f"{name}@{place}",
            price_changes=tuple(
                PriceChange(at_s, draw(prices()))
                for at_s in sorted(draw(st.sets(DAYS_S, max_size=3)))
            ),
        )
        for place in range(draw(st.integers(1, 3)))
    )
    return places[0].answering_in(places)


@given(one=models("one"), other=models("other"), now_s=st.floats(0, 14 * 86_400.0))
def test_a_catalog_has_each_model_at_its_price_of_the_moment(
    one: Model, other: Model, now_s: float
) -> None:
    catalog = DatedCatalog.of({"one": one, "other": other}).at(now_s)
    minute = (int(now_s // 60) + THURSDAY_MIN) % WEEK_MIN
    assert catalog == {each.id: each.at(now_s).in_minute(minute) for each in (one, other)}


def test_a_model_whose_price_does_not_change_is_not_made_anew_for_each_change_of_another() -> None:
    days = (PriceChange(n * 86_400.0, Price.per_mtok(str(n), "9")) for n in range(1, 9))
    changing = replace(model("changing"), price_changes=tuple(days))
    steady = replace(model("steady"), replica="steady@a")
    steady = steady.answering_in((steady, replace(steady, replica="steady@b")))
    dated = DatedCatalog.of({"changing": changing, "steady": steady})

    assert len(dated.weeks) == 9
    assert all(dated.at(n * 86_400.0)["steady"] is steady for n in range(9))


def test_a_model_whose_price_is_of_all_hours_is_not_made_anew_for_the_hours_of_another() -> None:
    cheaper = Price.per_mtok("1", "9")
    nightly = replace(Price.per_mtok("2", "9"), off_peak=OffPeak(cheaper, ((0, 60),)))
    steady = replace(model("steady"), replica="steady@a")
    steady = steady.answering_in((steady, replace(steady, replica="steady@b")))
    week = Week.of({"nightly": model("nightly", price=nightly), "steady": steady})

    assert [each["nightly"].price for each in week.catalogs] == [cheaper, nightly]
    assert all(each["steady"] is steady for each in week.catalogs)
