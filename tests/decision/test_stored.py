"""A stored answer is a candidate: of its writer's quality, for nothing, and with no say in the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import NothingAdequate, choose, pin
from router.decision.document import document
from router.decision.experience import Experience
from router.decision.explain import headline, rows, sentences
from router.decision.policy import Circumstances, FallBackTo, Otherwise, PolicyPool, Terms
from router.domain.decision import Decision, ExclusionReason
from router.domain.features import Features
from router.domain.model import Model
from router.domain.money import ZERO, Money
from tests.decision.catalogs import CATALOGS, FEATURES, NOBODY, TERMS, policy
from tests.domain.builders import catalog, features, model

BEST = model("top", price=("3", "15"), p=0.95, tags=frozenset({"closed"}))
MIDDLE = model("middle", price=("0.6", "2.4"), p=0.88)
SMALL = model("small", price=("0.05", "0.08"), p=0.65)
FREE = model("free", price=("0", "0"), p=0.93)
ALL = catalog(BEST, MIDDLE, SMALL)


def deciding(*stored: str, who: Circumstances = NOBODY, **terms: Any) -> Decision:
    return choose(features(), who, policy(**terms), ALL, Experience(), stored)


def test_an_answer_that_is_good_enough_is_taken_and_costs_nothing() -> None:
    decision = deciding("middle", within=0.1)

    assert (decision.chosen.model.id, decision.chosen.is_stored) == ("middle", True)
    assert decision.chosen.cost.expected == ZERO
    assert [each.model.id for each in decision.fallbacks] == ["middle", "top"]
    assert not any(each.is_stored for each in decision.fallbacks)
    assert headline(decision) == (
        "cheapest-adequate; chat; a stored answer; quality 0.88 (needs 0.85, top 0.95)"
    )
    assert "The stored answer of middle (quality 0.880) meets this and costs nothing." in list(
        sentences(decision)
    )


def test_a_strict_policy_does_not_take_what_a_weaker_model_wrote() -> None:
    strict, lenient = deciding("small", within=0.1), deciding("small", within=0.4)

    assert (strict.chosen.model.id, strict.chosen.is_stored) == ("middle", False)
    (refused,) = [each for each in strict.exclusions if each.candidate.is_stored]
    assert (refused.model_id, refused.reason) == ("small", ExclusionReason.QUALITY)
    assert headline(strict).endswith("; stored answer of small refused")
    assert (
        "A stored answer of small is not used: its predicted quality of 0.650 is below 0.850."
        in list(sentences(strict))
    )
    assert "small (stored)" in [row.model_id for row in rows(document(strict, NOBODY))]
    assert (lenient.chosen.model.id, lenient.chosen.is_stored) == ("small", True)


def test_where_no_model_may_answer_each_is_named_once_whatever_is_stored() -> None:
    with pytest.raises(NothingAdequate) as refused:
        deciding("middle", who=Circumstances(models=frozenset({"another"})))

    assert refused.value.message.count("middle: the key does not allow it") == 1


def test_of_several_the_best_is_taken_and_the_others_need_no_word() -> None:
    decision = deciding("small", "middle", within=0.4)

    assert (decision.chosen.model.id, decision.chosen.is_stored) == ("middle", True)
    assert not any(each.candidate.is_stored for each in decision.exclusions)


def test_it_is_taken_even_where_its_writer_would_be_too_dear_or_too_late() -> None:
    nothing_left = Circumstances(money_left=ZERO)
    for who, terms in (
        (NOBODY, {"ceiling": Money(1)}),
        (nothing_left, {}),
    ):
        decision = deciding("top", who=who, **terms)
        assert (decision.chosen.model.id, decision.chosen.is_stored) == ("top", True)
    with pytest.raises(NothingAdequate):
        deciding(who=nothing_left)


def test_it_is_not_taken_where_its_writer_is_not_allowed() -> None:
    pool = PolicyPool(without_tags=frozenset({"closed"}))
    for decision in (
        deciding("top", pool=pool),
        deciding("top", who=Circumstances(models=frozenset({"middle"}))),
    ):
        assert not decision.chosen.is_stored


def test_it_comes_before_a_free_model_of_our_own() -> None:
    decision = choose(
        features(), NOBODY, policy(), catalog(BEST, MIDDLE, FREE), Experience(), ["free"]
    )
    assert (decision.chosen.model.id, decision.chosen.is_stored) == ("free", True)
    assert [each.model.id for each in decision.fallbacks] == ["free", "top"]


def test_a_policy_without_fallbacks_takes_it_all_the_same() -> None:
    decision = deciding("middle", within=0.1, fall_back_to=FallBackTo.NONE)
    assert decision.chosen.is_stored
    assert decision.fallbacks == ()


def test_a_pinned_model_is_answered_for_by_itself_only() -> None:
    decision = pin(features(), SMALL, Experience(), is_stored=True)

    assert (decision.chosen.cost.expected, decision.reference.is_stored) == (ZERO, False)
    assert headline(decision) == "pinned by the request; a stored answer"
    assert list(sentences(decision))[-1] == "Its stored answer costs nothing."


def outcome(
    terms: Terms, models: dict[str, Model], what: Features, stored: list[str]
) -> Decision | None:
    try:
        return choose(what, NOBODY, policy(terms), models, Experience(), stored)
    except NothingAdequate:
        return None


@given(terms=TERMS, models=CATALOGS, what=FEATURES, data=st.data())
def test_what_is_stored_changes_nothing_but_whether_it_is_taken(
    terms: Terms, models: dict[str, Model], what: Features, data: st.DataObject
) -> None:
    stored = data.draw(st.lists(st.sampled_from(sorted(models)), unique=True))
    without, with_it = outcome(terms, models, what, []), outcome(terms, models, what, stored)
    if without is None or with_it is None or with_it.chosen.is_stored:
        return
    assert with_it.chosen == without.chosen
    assert with_it.fallbacks == without.fallbacks
    assert with_it.required_p == without.required_p


@given(terms=TERMS, models=CATALOGS, what=FEATURES, data=st.data())
def test_a_stored_answer_is_never_weaker_than_the_policy_asks_while_a_model_is_not(
    terms: Terms, models: dict[str, Model], what: Features, data: st.DataObject
) -> None:
    stored = data.draw(st.lists(st.sampled_from(sorted(models)), unique=True, min_size=1))
    without, with_it = outcome(terms, models, what, []), outcome(terms, models, what, stored)
    if with_it is None or not with_it.chosen.is_stored:
        return
    assert with_it.chosen.model.id in stored
    if without is not None and without.chosen.quality.p >= without.required_p:
        assert with_it.chosen.quality.p >= without.required_p
    if terms.otherwise is Otherwise.REFUSE:
        assert with_it.chosen.quality.p >= with_it.required_p
