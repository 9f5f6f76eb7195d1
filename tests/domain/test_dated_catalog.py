"""Catalogs whose prices change, with as many changes as a large price list has."""

from hypothesis import given
from hypothesis import strategies as st

from router.domain.catalog import DatedCatalog
from router.domain.members import replace
from router.domain.model import Model, PriceChange
from router.domain.price import Price
from tests.domain.builders import model

DAYS_S = st.integers(1, 6).map(lambda n: n * 86_400.0)


@st.composite
def models(draw: st.DrawFn, name: str) -> Model:
    """A model in one to three places, each with price changes of its own."""
    places = tuple(
        replace(
            model(name),
            replica=f"{name}@{place}",
            price_changes=tuple(
                PriceChange(at_s, Price.per_mtok(str(draw(st.integers(1, 9))), "9"))
                for at_s in sorted(draw(st.sets(DAYS_S, max_size=3)))
            ),
        )
        for place in range(draw(st.integers(1, 3)))
    )
    return places[0].answering_in(places)


@given(one=models("one"), other=models("other"), now_s=st.floats(0, 7 * 86_400.0))
def test_a_catalog_has_each_model_at_its_price_of_the_moment(
    one: Model, other: Model, now_s: float
) -> None:
    catalog = DatedCatalog.of({"one": one, "other": other}).at(now_s)
    assert catalog == {"one": one.at(now_s), "other": other.at(now_s)}


def test_a_model_whose_price_does_not_change_is_not_made_anew_for_each_change_of_another() -> None:
    days = (PriceChange(n * 86_400.0, Price.per_mtok(str(n), "9")) for n in range(1, 9))
    changing = replace(model("changing"), price_changes=tuple(days))
    steady = replace(model("steady"), replica="steady@a")
    steady = steady.answering_in((steady, replace(steady, replica="steady@b")))
    dated = DatedCatalog.of({"changing": changing, "steady": steady})

    assert len(dated.weeks) == 9
    assert all(dated.at(n * 86_400.0)["steady"] is steady for n in range(9))
