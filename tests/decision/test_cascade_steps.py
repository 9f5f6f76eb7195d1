"""Cascades whose steps the policy states, and what was seen of cascades since they were learnt."""

from typing import Any

import pytest

from router.decision.choose import choose
from router.decision.conditions import CONDITIONS
from router.decision.experience import Experience
from router.decision.policy import Condition, Policy, PolicyPool, Rule, Terms
from router.decision.verdicts import Pairing, Verdicts
from router.decision.verdicts import StepOutcome as Witnessed
from router.domain.cascade import CascadeTerms, CascadeUse, Check, StepRecipe
from router.domain.cascade import Test as By
from router.domain.category import Category
from router.domain.decision import Decision
from router.domain.members import replace
from router.domain.money import Money
from tests.decision.cascade_kit import (
    ALL,
    AUTO,
    KNOWN,
    SETTLES,
    SMALL,
    TINY,
    TOP,
    always,
    automatic,
    deciding,
    told,
)
from tests.decision.catalogs import NOBODY
from tests.decision.prospects import Seen, Told, prospect, recognised
from tests.domain.builders import catalog, features


def test_a_policy_may_want_its_steps_always() -> None:
    one = StepRecipe(("small",), (Check(By.LOGPROB, 0.9),), within_s=3.0)
    decision = deciding(None, cascade=always(one, StepRecipe(("small", "middle"))))
    cascade = decision.cascade

    assert told(decision) == "small > small+middle > top | "
    assert cascade is not None
    assert [step.checks[0].test for step in cascade.steps] == [By.LOGPROB, By.AGREEMENT]
    assert cascade.steps[0].within_s == 3.0
    assert cascade.quality == decision.chosen.quality
    assert cascade.cost.expected == sum(
        (c.cost.expected for step in cascade.steps for c in step.candidates),
        decision.chosen.cost.expected,
    )


def test_a_step_that_cannot_be_asked_is_left_out() -> None:
    pair, gone = StepRecipe(("small", "tiny")), StepRecipe(("small", "gone"))

    assert told(deciding(None, cascade=always(gone, pair))) == "small+tiny > top | "
    assert told(deciding(None, cascade=always(gone))) == (
        "top | the step of small and gone is left out: gone may not answer"
    )


def test_a_judge_that_may_not_answer_does_not_read_the_prompt_either() -> None:
    by_top, by_tiny = (
        StepRecipe(("small",), (Check(By.JUDGE, judge=judge),)) for judge in ("top", "tiny")
    )
    ours = PolicyPool(ids=frozenset({"top", "small"}))

    assert told(deciding(None, cascade=always(by_tiny, by_top), pool=ours)) == "small > top | "
    assert told(deciding(None, cascade=always(by_tiny), pool=ours)) == (
        "top | the step of small is left out: tiny may not answer"
    )
    of_key = replace(NOBODY, models=frozenset({"top", "small"}))
    assert told(deciding(None, of_key, cascade=always(by_tiny))).startswith("top | the step")


def test_a_judges_verdicts_are_paid_like_any_other_call() -> None:
    by_top = StepRecipe(("small", "tiny"), (Check(By.JUDGE, judge="top"),))
    wanted: dict[str, Any] = {"cascade": always(by_top), "models": catalog(TOP, SMALL, TINY)}
    cascade = deciding(None, **wanted).cascade
    assert cascade is not None
    step, top = cascade.steps[0], cascade.final.cost
    small, tiny, judging = step.costs

    reads_twice = TOP.price.charge_uncached(2 * features().prompt_tokens, 0)
    assert judging.expected > reads_twice
    assert cascade.cost.expected == small.expected + tiny.expected + judging.expected + top.expected
    assert cascade.cost.upper == small.upper + tiny.upper + judging.upper + top.upper
    assert cascade.cost.p90 is not None
    assert cascade.cost.p90 > cascade.cost.expected

    little = replace(NOBODY, money_left=cascade.cost.upper - Money(1))
    assert told(deciding(None, little, **wanted)).startswith("top | small and tiny before top: the")
    dear = cascade.cost.expected - Money(1)
    assert "above the ceiling" in told(deciding(None, ceiling=dear, **wanted))


@pytest.mark.parametrize(("judge", "line"), [("tiny", "small > top | "), ("top", "top | of the")])
def test_a_judge_as_dear_as_the_final_model_pays_for_nothing(judge: str, line: str) -> None:
    """However many answers it accepts."""
    checks, verdicts = (Check(By.JUDGE, judge=judge),), Verdicts()
    pairing = Pairing(features().category, ("small",), "top", checks)
    for number in range(200):
        verdicts.note(pairing, Witnessed.ACCEPTED if number % 10 else Witnessed.REJECTED)
        verdicts.note(pairing, Witnessed.RIGHT)
    steps, models = automatic(StepRecipe(("small",), checks)), catalog(TOP, SMALL, TINY)

    for chance in (0.5, 0.0):  # by what was seen, and where it is tried nevertheless
        found = told(
            deciding(None, cascade=steps, seen=verdicts.observed(chance), within=0.1, models=models)
        )
        assert found.startswith(line if chance else line.removesuffix("of the"))


@pytest.mark.parametrize("steps", [(), (StepRecipe(("small", "middle")),)])
def test_answers_that_are_checked_are_paid_twice(steps: tuple[StepRecipe, ...]) -> None:
    def checking(share: float) -> Decision:
        return deciding(cascade=CascadeTerms(use=CascadeUse.AUTO, steps=steps, check_share=share))

    usual, seldom = checking(0.0).cascade, checking(0.1).cascade
    assert usual is not None
    assert seldom is not None
    top = usual.final.cost.expected
    assert seldom.cost.expected.pico == round(usual.cost.expected.pico + 0.1 * 0.6 * top.pico)
    assert "before top: an expected" in told(checking(1.0))


def test_what_is_wanted_always_keeps_the_ceiling_and_the_budget() -> None:
    wanted = always(StepRecipe(("small", "tiny")))

    assert told(deciding(None, cascade=wanted, ceiling=Money.from_usd("0.0053"))).startswith(
        "top | small and tiny before top: if no step settles it"
    )


def test_later_steps_are_reached_by_what_the_first_has_not_settled() -> None:
    known = Told({("small", "tiny"): prospect(0.5, 0.01), ("middle", "small"): prospect(0.4, 0.02)})
    steps = automatic(StepRecipe(("small", "tiny")), StepRecipe(("small", "middle")))
    decision = deciding(known, cascade=steps)
    cascade = decision.cascade
    assert cascade is not None
    first, second = (sum(c.cost.expected.pico for c in s.candidates) for s in cascade.steps)
    final = decision.chosen.cost.expected.pico

    assert told(decision) == "small+tiny > small+middle > top | "
    assert cascade.cost.expected.pico == round(first + 0.5 * second + 0.3 * final)
    assert cascade.quality.p == pytest.approx(0.9 + 0.01 + 0.5 * 0.02)


def test_of_its_own_steps_too_evidence_must_speak() -> None:
    unknown = automatic(StepRecipe(("small", "tiny")), StepRecipe(("small", "middle")))
    judged = automatic(StepRecipe(("small", "middle"), (Check(By.JUDGE, 0.8, "top"),)))
    loses = Told({("middle", "small"): prospect(0.6, -0.3)})

    assert told(deciding(cascade=unknown)) == "small+middle > top | "
    for seen in (None, Seen(), Verdicts().observed(0.5)):
        assert told(deciding(cascade=judged, seen=seen)) == (
            "top | nothing is known about small and middle before top"
        )
    assert told(deciding(loses, cascade=unknown)).startswith(
        "top | nothing is known about small and tiny before top; small and middle before top: a gain"
    )


def test_a_rule_forces_and_forbids() -> None:
    def rule(name: str, category: Category, cascade: CascadeTerms) -> Rule:
        is_it = _only(category)
        return Rule(name, (is_it,), Terms(within=0.02, cascade=cascade))

    wanted = Policy(
        "p",
        "v1",
        "a test",
        Terms(within=0.02, cascade=AUTO),
        (
            rule("never", Category.CODE_WRITING, CascadeTerms()),
            rule("always", Category.MATHS, always(StepRecipe(("tiny", "small")))),
        ),
    )

    def line(category: Category) -> str:
        what = recognised(features(category=category), KNOWN)
        return told(choose(what, NOBODY, wanted, ALL, Experience()))

    assert line(Category.CHAT) == "middle+small > top | "
    assert line(Category.CODE_WRITING) == "top | "
    assert line(Category.MATHS) == "tiny+small > top | "


# ------------------------------------------------------------------------- what was seen since


def test_what_was_seen_corrects_what_was_learnt() -> None:
    worse, better = prospect(0.1), prospect(0.9)

    assert told(deciding(seen=Seen(pairs={("middle", "small"): worse}))).startswith(
        "top | small and"
    )
    assert told(deciding(Told(), seen=Seen(pairs={("middle", "small"): better}))).startswith(
        "middle+"
    )


def test_a_pair_that_stopped_paying_is_off() -> None:
    both = Told({("middle", "small"): SETTLES, ("small", "tiny"): SETTLES})
    off = Seen(off={("small", "tiny"): "17 of 20 answers differed from top's"})
    none = replace(off, off={**off.off, ("middle", "small"): "it is off"})

    assert told(deciding(both)) == "small+tiny > top | "
    assert told(deciding(both, seen=off)) == "middle+small > top | "
    assert told(deciding(both, seen=none)) == (
        "top | tiny and small before top: 17 of 20 answers differed from top's"
    )
    assert told(deciding(both, seen=off, cascade=automatic(StepRecipe(("small", "tiny"))))) == (
        "top | 17 of 20 answers differed from top's"
    )
    assert told(deciding(both, seen=off, cascade=always(StepRecipe(("small", "tiny"))))).startswith(
        "small+tiny > top"
    )


def _only(category: Category) -> Condition:

    return CONDITIONS["category"](category.value)
