"""Two policies on the same requests: what changes, what it costs, and how sure that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.compare import (
    Pair,
    TrialChoice,
    TrialRefusal,
    TrialRequest,
    TrialTotals,
    changes,
    compared,
    grouped,
    totals,
)
from router.decision.experience import Experience
from router.decision.policy import Otherwise, Policy, Terms
from router.domain.category import Category
from router.domain.decision import Reason
from router.domain.estimate import QualityEstimate
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Model
from router.domain.money import Money
from tests.decision.catalogs import CATALOGS, CIRCUMSTANCES, FEATURES, NOBODY, TERMS, policy
from tests.domain.builders import catalog, features, model

BEST = model("best", price=("10", "10"), p=0.9)
GOOD = model("good", price=("1", "1"), p={**dict.fromkeys(Category, 0.8), Category.CHAT: 0.9})
MODELS = catalog(BEST, GOOD)
STRICT = policy(within=0.0)
LOOSE = policy(within=0.2)

CASES = st.lists(st.builds(TrialRequest, st.just("r"), FEATURES, CIRCUMSTANCES), max_size=6).map(
    lambda cases: [replace(case, id=f"r{index}") for index, case in enumerate(cases)]
)
POLICIES = TERMS.map(policy)


def case(name: str = "r", category: Category = Category.MATHS, tokens: int = 1000) -> TrialRequest:
    return TrialRequest(name, features(tokens, category), NOBODY)


def pairs(
    old: Policy, new: Policy, *cases: TrialRequest, models: dict[str, Model] = MODELS
) -> list[Pair]:
    return list(compared(cases, old, new, models, Experience()))


# ------------------------------------------------------------------------------ transcripts


def test_another_model_with_its_price_and_its_quality_is_a_change() -> None:
    (pair,) = pairs(STRICT, LOOSE, case())

    assert pair.is_changed
    assert pair.flow == ("best", "good")
    assert pair.old == TrialChoice(
        "best",
        Reason.CHEAPEST_ADEQUATE,
        "",
        Money.from_usd("0.014"),  # 1000 tokens in and 400 out, which is usual for maths
        QualityEstimate(0.9, 0.05),
    )
    assert pair.cost_change == Money.from_usd("-0.0126")


def test_the_same_model_is_no_change() -> None:
    found = totals(pairs(STRICT, LOOSE, case(category=Category.CHAT)))

    assert (found.requests, found.changed, found.cost_change) == (1, 0, Money(0))


def test_totals_are_exact_and_per_thousand_requests() -> None:
    found = totals(pairs(STRICT, LOOSE, case("a"), case("b"), case("c", Category.CHAT)))

    assert found.changed_share == pytest.approx(2 / 3)
    assert found.cost_change == Money.from_usd("-0.0252")
    assert found.old.cost == Money.from_usd("0.02915")
    assert found.per_thousand(found.old.cost) == Money(9_716_666_666_667)
    assert found.cost_change_share == pytest.approx(-0.0252 / 0.02915)
    assert found.quality_change == pytest.approx(-0.2 / 3)


def test_a_refusal_has_no_cost_no_quality_and_no_saving() -> None:
    refusing = policy(floor=0.95, otherwise=Otherwise.REFUSE)
    (pair,) = every = pairs(STRICT, refusing, case())
    found = totals(every)

    assert isinstance(pair.new, TrialRefusal)
    assert "allows no model" in pair.new.why
    assert pair.is_changed
    assert pair.flow == ("best", "")
    assert (found.changed, found.answered, found.new.refused) == (1, 0, 1)
    assert (found.old.cost, found.cost_change_share, found.old.quality) == (Money(0), None, None)
    assert found.quality_interval == (0.0, 0.0)


def test_two_refusals_are_the_same() -> None:
    refusing = policy(floor=0.95, otherwise=Otherwise.REFUSE)

    assert not pairs(refusing, policy(refusing.terms, within=0.3), case())[0].is_changed


def test_a_model_that_answered_the_session_before_holds_neither_policy() -> None:
    in_session = replace(case(), circumstances=replace(NOBODY, stays_with="best"))

    assert pairs(STRICT, LOOSE, in_session)[0].flow == ("best", "good")


def test_the_changes_with_most_money_in_them_come_first() -> None:
    small, large, none = case("small"), case("large", tokens=50_000), case("none", Category.CHAT)
    found = changes(pairs(STRICT, LOOSE, small, none, large))

    assert [pair.case.id for pair in found] == ["large", "small"]


def test_the_groups_of_most_requests_come_first() -> None:
    every = pairs(STRICT, LOOSE, case("a", Category.CHAT), case("b"), case("c"))
    found = grouped(every, lambda pair: pair.flow)

    assert {flow: each.requests for flow, each in found.items()} == {
        ("best", "good"): 2,
        ("good", "good"): 1,
    }
    assert list(found) == [("best", "good"), ("good", "good")]


def test_a_hundred_requests_of_a_category_are_no_surer_than_one() -> None:
    one = totals(pairs(STRICT, LOOSE, case()))
    hundred = totals(pairs(STRICT, LOOSE, *(case(f"r{n}") for n in range(100))))

    # Both models' abilities have an sd of 0.05, and err independently.
    assert one.quality_sd == pytest.approx(0.05 * 2**0.5)
    assert hundred.quality_sd == pytest.approx(one.quality_sd)
    assert hundred.quality_interval == pytest.approx((-0.1 - 0.1386, -0.1 + 0.1386), abs=1e-4)


def test_errors_of_a_model_in_two_categories_go_together() -> None:
    cases = (case("a", Category.MATHS), case("b", Category.REASONING))

    assert totals(pairs(STRICT, LOOSE, *cases)).quality_sd == pytest.approx(0.05 * 2**0.5)


def moved(category: Category, old: str, new: str) -> Pair:
    """A request that goes from one model to another, both of the same quality."""
    quality = QualityEstimate(0.8, 0.05)
    by_id = {name: TrialChoice(name, Reason.PINNED, "", Money(1), quality) for name in (old, new)}
    return Pair(case(category=category), by_id[old], by_id[new])


def test_what_a_model_wins_and_loses_in_a_category_cancels_out() -> None:
    there_and_back = (moved(Category.MATHS, "a", "b"), moved(Category.MATHS, "b", "a"))

    assert totals(there_and_back).quality_sd == 0.0
    assert totals((*there_and_back, there_and_back[0])).quality_sd == pytest.approx(
        0.05 * 2**0.5 / 3
    )


def test_what_a_model_wins_in_one_category_and_loses_in_another_does_not() -> None:
    crossed = (moved(Category.MATHS, "a", "b"), moved(Category.CHAT, "b", "a"))

    assert totals(crossed).quality_sd == pytest.approx(0.05 * 2**0.5)


def test_what_both_policies_answer_alike_dilutes_the_error() -> None:
    cases = (case("a", Category.MATHS), case("b", Category.CHAT))

    assert totals(pairs(STRICT, LOOSE, *cases)).quality_sd == pytest.approx(0.025 * 2**0.5)


def test_totals_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible totals"):
        TrialTotals(requests=1, changed=2)


def test_of_nothing_there_is_nothing() -> None:
    found = totals(())

    assert (found, found.changed_share) == (TrialTotals(), 0.0)
    assert found.per_thousand(found.old.cost) == Money(0)


# ------------------------------------------------------------------------------------- laws


@given(CATALOGS, CASES, POLICIES)
def test_a_policy_compared_with_itself_changes_nothing_and_costs_the_same(
    models: dict[str, Model], cases: list[TrialRequest], one: Policy
) -> None:
    every = pairs(one, one, *cases, models=models)
    found = totals(every)

    assert [pair.case for pair in every] == cases
    assert not changes(every)
    assert found.old == found.new
    assert (found.changed, found.cost_change) == (0, Money(0))
    assert found.quality_interval == (0.0, 0.0)


@given(CATALOGS, CASES, POLICIES, POLICIES)
def test_the_way_back_undoes_the_way_there(
    models: dict[str, Model], cases: list[TrialRequest], one: Policy, other: Policy
) -> None:
    there = totals(pairs(one, other, *cases, models=models))
    back = totals(pairs(other, one, *cases, models=models))

    assert (back.old, back.new) == (there.new, there.old)
    assert (back.changed, back.cost_change) == (there.changed, -there.cost_change)
    assert (back.quality_change, back.quality_sd) == (-there.quality_change, there.quality_sd)


@given(CATALOGS, CASES, POLICIES, POLICIES)
def test_groups_add_up_to_the_total(
    models: dict[str, Model], cases: list[TrialRequest], one: Policy, other: Policy
) -> None:
    every = pairs(one, other, *cases, models=models)
    found, parts = totals(every), grouped(every, lambda pair: (pair.category, pair.flow)).values()

    for name in ("requests", "changed", "answered"):
        assert sum(getattr(part, name) for part in parts) == getattr(found, name)
    assert sum(part.cost_change.pico for part in parts) == found.cost_change.pico
    assert sum(part.answered * part.quality_change for part in parts) == pytest.approx(
        found.answered * found.quality_change
    )


@given(CATALOGS, CASES, POLICIES, POLICIES, st.integers(2, 4))
def test_asking_again_changes_no_mean_and_makes_nothing_surer(
    models: dict[str, Model], cases: list[TrialRequest], one: Policy, other: Policy, times: int
) -> None:
    every = pairs(one, other, *cases, models=models)
    once, often = totals(every), totals(every * times)

    assert often.cost_change == once.cost_change * times
    assert often.per_thousand(often.new.cost) == once.per_thousand(once.new.cost)
    assert often.quality_change == pytest.approx(once.quality_change)
    assert often.quality_sd == pytest.approx(once.quality_sd)


@given(CATALOGS, FEATURES, st.sampled_from([0.0, 0.05, 0.1]), st.sampled_from([0.1, 0.3, 1.0]))
def test_a_wider_tolerance_costs_no_more_and_promises_no_more(
    models: dict[str, Model], asked: Features, narrow: float, wide: float
) -> None:
    terms = Terms(reference="best", within=narrow)
    found = totals(
        pairs(
            policy(terms),
            policy(terms, within=wide),
            TrialRequest("r", asked, NOBODY),
            models=models,
        )
    )

    assert found.cost_change.pico <= 0
    assert found.quality_change <= 0
