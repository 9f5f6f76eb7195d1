"""An accepted answer that is at hand does again what its cascade would, and nothing else does."""

from router.decision.explain import headline, sentences
from router.decision.settled import settled
from router.domain.bar import Bar
from router.domain.cascade import AGREEMENT, Cascade, Step
from router.domain.decision import Decision, Reason
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.money import ZERO
from tests.domain.builders import candidate, decision, features, model

CHEAP, OTHER, STRONG = model("cheap"), model("other"), model("strong")
FIRST = tuple(candidate(each, features()) for each in (CHEAP, OTHER))
FINAL = candidate(STRONG, features())
WHOLE = QualityEstimate(0.93, 0.01)
CASCADE = Cascade((Step(FIRST, AGREEMENT),), FINAL, WHOLE, FINAL.cost, FINAL.latency)


def decided(cascade: Cascade | None = CASCADE) -> Decision:
    return replace(decision(STRONG, STRONG), cascade=cascade)


def test_an_accepted_answer_of_a_steps_model_is_worth_what_the_cascade_is_and_costs_nothing() -> (
    None
):
    found = settled(replace(decided(), answer_tokens=100), ["other"])

    assert (found.chosen.model, found.chosen.is_stored) == (OTHER, True)
    assert (found.chosen.quality, found.chosen.cost.expected) == (WHOLE, ZERO)
    assert (found.cascade, found.answer_tokens) == (None, None)


def test_where_that_is_not_what_the_policy_asks_it_is_not_said_to_be() -> None:
    wanted = replace(decided(), bar=Bar(0.99))
    found = settled(wanted, ["cheap"])

    assert found.reason is Reason.CASCADE
    assert headline(found).startswith("cascade; chat; a stored answer; quality 0.93 (needs 0.99")
    told = "The stored answer of cheap (quality 0.930) has passed the policy's cascade, and costs nothing."
    assert told in sentences(found)
    assert settled(decided(), ["cheap"]).reason is Reason.CHEAPEST_ADEQUATE


def test_an_answer_of_anybody_else_does_not_do() -> None:
    assert settled(decided(), ["strong", "somebody"]) == decided()
    assert settled(decided(), []) == decided()


def test_where_no_cascade_is_decided_on_nothing_changes() -> None:
    assert settled(decided(None), ["cheap"]) == decided(None)
