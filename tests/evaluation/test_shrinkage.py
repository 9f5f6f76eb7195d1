"""Own scores draw an estimate towards themselves, the more of them the nearer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.domain.local_quality import logit
from router.domain.model import Ability
from router.evaluation.shrinkage import Seen, local_category, seen, shrunk, worth
from tests.evaluation.own import drawn

SHARES = st.floats(0.0, 1.0)
SHIPPED = st.builds(Ability, SHARES, st.floats(0.0, 0.5), st.just("a test"))
ANSWERS = st.integers(1, 10_000)


@given(SHIPPED, SHARES, ANSWERS)
def test_an_estimate_lies_between_what_was_shipped_and_what_was_seen(
    shipped: Ability, mean: float, answers: int
) -> None:
    found = shrunk(shipped, mean, answers)

    low, high = sorted((shipped.p, mean))
    assert low - 1e-12 <= found.p <= high + 1e-12
    assert 0.0 <= found.sd <= 0.5


@given(SHIPPED, SHARES, ANSWERS, ANSWERS)
def test_more_answers_bring_it_nearer_to_what_was_seen(
    shipped: Ability, mean: float, answers: int, more: int
) -> None:
    before, after = shrunk(shipped, mean, answers), shrunk(shipped, mean, answers + more)

    assert abs(after.p - mean) <= abs(before.p - mean) + 1e-12


@given(SHIPPED)
def test_without_answers_nothing_moves(shipped: Ability) -> None:
    assert shrunk(shipped, 0.0, 0).p == shipped.p


@given(st.floats(0.05, 0.95), st.floats(0.02, 0.15))
def test_a_surer_estimate_yields_less(p: float, sd: float) -> None:
    sure, unsure = Ability(p, sd / 2, "a test"), Ability(p, sd, "a test")

    assert worth(sure) >= worth(unsure)
    assert abs(shrunk(sure, 1 - p, 20).p - p) <= abs(shrunk(unsure, 1 - p, 20).p - p) + 1e-12


def test_the_formula_is_that_of_a_beta_distribution() -> None:
    found = shrunk(Ability(0.8, 0.1, "a test"), 0.5, 30)  # worth 15: Beta(12, 3)

    assert worth(Ability(0.8, 0.1, "a test")) == pytest.approx(15)
    assert found.p == pytest.approx((12 + 15) / (15 + 30))
    assert found.sd == pytest.approx((0.6 * 0.4 / 46) ** 0.5)


def test_a_model_with_too_few_answers_is_moved_as_the_others_were() -> None:
    shipped = {name: Ability(0.9, 0.05, "a test") for name in ("asked", "barely asked")}
    of_each = {"asked": Seen(0.5, 200.0, 200), "barely asked": Seen(1.0, 3.0, 3)}
    found = local_category(of_each, shipped)

    assert found is not None
    assert list(found.models) == ["asked"]
    moved = found.ability("barely asked", shipped["barely asked"])
    assert logit(moved.p) - logit(0.9) == pytest.approx(found.shift)
    assert moved.p == pytest.approx(found.models["asked"].p)
    assert moved.sd > 0.05


def test_where_no_model_has_enough_answers_nothing_is_measured() -> None:
    shipped = {"asked": Ability(0.9, 0.05, "a test")}

    assert local_category({"asked": Seen(0.5, 9.0, 9)}, shipped) is None


def test_hearsay_counts_for_what_it_weighs() -> None:
    found = seen(drawn({Category.CHAT: (1.0, 1.0, 1.0)}, 40, 0, weight=0.25), Category.CHAT)

    assert (found["small"].weight, found["small"].answers) == (10.0, 40)
