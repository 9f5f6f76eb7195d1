"""The quality that is expected of a model, where it is not certain what a request is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import choose
from router.decision.estimate import quality_of
from router.decision.experience import Experience
from router.domain.category import Category
from router.domain.features import Features
from router.domain.members import replace
from tests.decision.catalogs import NOBODY, policy
from tests.domain.builders import catalog, model

GOOD_AT_LABELS = {**dict.fromkeys(Category, 0.6), Category.EXTRACTION: 0.95}
LABELLER = model("labeller", p=GOOD_AT_LABELS, price=("0.1", "0.1"))
EXPERT = model("expert", p=0.95, price=("1", "1"))
SURE = Features(100, Category.EXTRACTION, 0.9)
SHARES = st.lists(
    st.tuples(st.sampled_from([*Category][1:]), st.floats(0.02, 0.3)), min_size=1, max_size=3
)


def test_abilities_in_all_categories_that_it_may_be_of_count_by_how_probable_each_is() -> None:
    unsure = Features(1, Category.EXTRACTION, 0.5, perhaps=((Category.KNOWLEDGE, 0.3),))

    held = quality_of(LABELLER, unsure)

    assert held.p == pytest.approx((0.5 * 0.95 + 0.3 * 0.6) / 0.8)
    assert held.sd == pytest.approx(0.05)
    assert quality_of(EXPERT, unsure).p == pytest.approx(0.95)


@given(SHARES, st.floats(0.1, 0.89))
def test_it_is_never_beyond_the_abilities_in_them(
    perhaps: list[tuple[Category, float]], confidence: float
) -> None:
    what = Features(1, Category.CHAT, confidence, perhaps=tuple(perhaps))
    among = [LABELLER.abilities[each].p for each in (Category.CHAT, *dict(perhaps))]

    p = quality_of(LABELLER, what).p

    assert min(among) - 1e-9 <= p <= max(among) + 1e-9


@given(SHARES, st.floats(0.1, 0.89), st.floats(0.01, 0.99))
def test_of_a_model_that_is_as_good_at_everything_it_is_just_that(
    perhaps: list[tuple[Category, float]], confidence: float, p: float
) -> None:
    """By a hair less, and a policy with this floor would not take the model."""
    what = Features(1, Category.CHAT, confidence, perhaps=tuple(perhaps))
    even = model("even", p=p)

    assert quality_of(even, what) == even.abilities[Category.CHAT].estimate


def test_what_may_be_something_harder_is_not_left_to_who_is_good_at_the_likeliest() -> None:
    models = catalog(LABELLER, EXPERT)
    unsure = replace(SURE, category_confidence=0.5, perhaps=((Category.KNOWLEDGE, 0.4),))

    for what, wanted in ((SURE, "labeller"), (unsure, "expert")):
        decision = choose(what, NOBODY, policy(within=0.05), models, Experience())
        assert decision.chosen.model.id == wanted
