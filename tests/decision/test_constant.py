"""Policies that decide nothing are distinguished from those that are meant not to."""

import pytest
from hypothesis import given

from router.decision.compare import TrialChoice, TrialRequest, ruling
from router.decision.conditions import CONDITIONS
from router.decision.constant import LEAST_REQUESTS, constant_choice
from router.decision.experience import Experience
from router.decision.policy import Otherwise, Policy, PolicyPool, Rule
from router.domain.category import Category
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Capability, Model
from tests.decision.catalogs import CATALOGS, FEATURES, NOBODY, TERMS, policy
from tests.domain.builders import catalog, features, model

BEST = model("best", price=("10", "10"), p=0.9)
GOOD = model("good", price=("1", "1"), p=0.8)
MODELS = catalog(BEST, GOOD)


def asked(*every: Features, times: int = LEAST_REQUESTS) -> list[TrialRequest]:
    return [TrialRequest(f"r{n}", each, NOBODY) for n in range(times) for each in every]


CHATS = asked(features())


def constant(
    of: Policy, requests: list[TrialRequest] = CHATS, models: dict[str, Model] = MODELS
) -> str | None:
    return constant_choice(of, requests, models, Experience())


def test_a_tolerance_that_lets_everything_pass_is_constant() -> None:
    assert constant(policy(within=0.5)) == "good"


def test_a_tolerance_that_lets_nothing_pass_is_constant() -> None:
    assert constant(policy(within=0.0)) == "best"


def test_one_request_that_another_model_answers_is_enough() -> None:
    maths = features(category=Category.MATHS)
    by_kind = Rule("maths", (CONDITIONS["category"]("maths"),), policy(within=0).terms)
    deciding = Policy("p", "v", "a test", policy(within=0.5).terms, (by_kind,))

    assert constant(deciding) == "good"
    assert constant(deciding, [*CHATS, *asked(maths, times=1)]) is None


def test_a_session_that_stays_with_its_model_is_no_choice_of_the_policy() -> None:
    staying = TrialRequest("s", features(), replace(NOBODY, stays_with="best"))

    assert constant(policy(within=0.5), [*CHATS, staying]) == "good"


def test_twenty_nine_requests_may_be_alike_by_chance() -> None:
    assert constant(policy(within=0.5), CHATS[1:]) is None


@pytest.mark.parametrize(
    "pool", [PolicyPool(ids=frozenset({"good"})), PolicyPool(without_tags=frozenset({"dear"}))]
)
def test_a_policy_that_allows_one_model_means_to(pool: PolicyPool) -> None:
    models = catalog(model("best", price=("10", "10"), p=0.9, tags=frozenset({"dear"})), GOOD)

    assert constant(policy(pool=pool), models=models) is None


def test_a_single_model_that_is_able_is_no_finding() -> None:
    blind = model("blind", price=("0", "0"), capabilities=frozenset())
    seeing = Features(100, Category.VISION, needs=frozenset({Capability.VISION}))

    assert constant(policy(within=0.5), asked(seeing), catalog(BEST, blind)) is None
    assert constant(policy(within=0.5), [*asked(seeing), *CHATS], catalog(BEST, blind)) is None


def test_a_catalog_of_one_model_is_no_finding() -> None:
    assert constant(policy(), models=catalog(GOOD)) is None


def test_a_ceiling_that_only_one_model_keeps_is_a_finding() -> None:
    found = policy(within=0.0, ceiling=GOOD.price.charge_uncached(2000, 200))

    assert constant(found) == "good"


def test_what_is_refused_says_nothing() -> None:
    strict = policy(floor=0.85, otherwise=Otherwise.REFUSE)
    too_long = features(10**6)

    assert constant(strict, [*CHATS, *asked(too_long)]) == "best"
    assert constant(strict, asked(too_long)) is None


@given(CATALOGS, FEATURES, FEATURES, TERMS.map(policy))
def test_a_constant_policy_never_takes_another_model(
    models: dict[str, Model], one: Features, other: Features, of: Policy
) -> None:
    requests = asked(one, other)
    rulings = {ruling(case, of, models, Experience()) for case in (requests[0], requests[1])}
    chosen = {each.model_id for each in rulings if isinstance(each, TrialChoice)}
    found = constant(of, requests, models)

    assert found is None or chosen == {found}
