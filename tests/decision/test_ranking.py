"""Who leads and who follows: after a tool was called, where a prompt may not fit, and by a list of fallbacks."""

from typing import Any

import pytest

from router.decision.choose import NothingAdequate
from router.decision.policy import Circumstances, FallBackTo, Otherwise, PolicyPool
from router.domain.features import Features
from router.domain.members import replace
from router.domain.money import Money
from tests.decision.choosing import deciding, refusal, told
from tests.domain.builders import features


def test_the_model_that_called_a_tool_gets_its_result() -> None:
    decision = deciding(who=Circumstances(stays_with="small"), within=0.1)

    assert told(decision) == "session small | middle top | "
    assert decision.required_p == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("keep", "line"),
    [
        (FallBackTo.ADEQUATE, "session top | middle | small:quality"),
        (FallBackTo.ANY, "session top | middle small | "),
        (FallBackTo.NONE, "session top |  | middle:no_fallbacks small:quality"),
        (("small",), "session top | small | middle:no_fallbacks"),
    ],
)
def test_only_what_the_policy_falls_back_to_follows_the_model_that_called_a_tool(
    keep: Any, line: str
) -> None:
    who = Circumstances(stays_with="top")
    assert told(deciding(who=who, within=0.1, fall_back_to=keep)) == line


@pytest.mark.parametrize(
    ("stays_with", "terms"),
    [
        ("gone", {}),
        ("top", {"pool": PolicyPool(without_tags=frozenset({"closed"}))}),
        ("top", {"ceiling": Money.from_usd("0.0001")}),
        ("small", {"otherwise": Otherwise.REFUSE, "floor": 0.99}),
    ],
)
def test_a_model_that_may_not_answer_may_not_in_a_session_either(
    stays_with: str, terms: dict[str, Any]
) -> None:
    without = refusal(**terms) if "floor" in terms else deciding(**terms)
    if isinstance(without, NothingAdequate):
        with pytest.raises(NothingAdequate):
            deciding(who=Circumstances(stays_with=stays_with), **terms)
    else:
        assert deciding(who=Circumstances(stays_with=stays_with), **terms) == without


def test_a_policy_may_name_the_very_models_that_follow() -> None:
    decision = deciding(within=0.1, fall_back_to=("small", "nobody", "top"))

    assert decision.chosen.model.id == "middle"
    assert [each.model.id for each in decision.fallbacks] == ["small", "top"]
    assert decision.exclusions == ()
    kept = deciding(within=0.1, fall_back_to=("small", "middle"))
    assert [(e.model_id, e.detail) for e in kept.exclusions] == [
        ("top", "the policy does not fall back to it")
    ]


def nearly_full(*, exact: bool) -> Features:
    return replace(features(7500), tokens_exact=exact)


def test_a_prompt_that_may_be_too_long_goes_to_a_model_that_surely_holds_it() -> None:
    counted, sampled = (deciding(nearly_full(exact=each), floor=0.6) for each in (True, False))
    assert told(counted) == "cheapest-adequate small | middle top | "
    assert told(sampled) == "cheapest-adequate middle | small top | "


@pytest.mark.parametrize(
    ("keep", "line"),
    [
        (FallBackTo.NONE, "cheapest-adequate middle |  | small:no_fallbacks top:no_fallbacks"),
        (("top",), "cheapest-adequate middle | top | small:no_fallbacks"),
        (("top", "small"), "cheapest-adequate middle | top small | "),
    ],
)
def test_what_surely_holds_a_prompt_is_looked_for_whatever_the_policy_falls_back_to(
    keep: Any, line: str
) -> None:
    assert told(deciding(nearly_full(exact=False), floor=0.6, fall_back_to=keep)) == line


def test_a_prompt_that_may_be_too_long_is_tried_where_no_other_model_is_good_enough() -> None:
    alone = deciding(nearly_full(exact=False), floor=0.6, pool=PolicyPool(ids=frozenset({"small"})))
    assert alone.chosen.model.id == "small"
    best = deciding(nearly_full(exact=False), floor=0.99)
    assert best.chosen.model.id == "top"


def holding(guessed: int) -> Features:
    """A short question, and a file of about so many tokens."""
    return replace(features(1000 + guessed), tokens_exact=False, guessed_tokens=guessed)


def test_a_file_that_may_be_too_long_goes_to_a_model_that_surely_holds_it() -> None:
    assert told(deciding(holding(6000), floor=0.6)) == "cheapest-adequate small | middle top | "
    assert told(deciding(holding(8000), floor=0.6)) == "cheapest-adequate middle | small top | "


def test_a_model_is_excluded_only_by_what_a_file_has_at_least() -> None:
    decision = deciding(holding(32_000), floor=0.6)

    assert told(decision) == "cheapest-adequate middle | top | small:context"
    detail = "at least 9001 tokens do not fit into its context of 8000"
    assert decision.exclusions[0].detail == detail
