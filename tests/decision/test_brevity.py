"""A model that writes less than the client allows gives way to an adequate one that writes more, and only then."""

from typing import Any

import pytest
from hypothesis import given

from router.decision.choose import NothingAdequate, choose, pin
from router.decision.document import document
from router.decision.exclude import too_brief
from router.decision.experience import Experience
from router.decision.explain import sentences
from router.decision.policy import FallBackTo, Otherwise, Terms
from router.decision.record import Record
from router.domain.bar import Bar
from router.domain.decision import Decision, ExclusionReason
from router.domain.features import Features
from router.domain.members import replace
from router.domain.model import Model
from tests.decision.catalogs import CATALOGS, FEATURES, NOBODY, TERMS, decided, policy
from tests.domain.builders import candidate, catalog, features, model

AGENT = replace(features(), max_output_tokens=32_000)
"""A coding agent allows every model as much, whatever it is going to write."""
LONG = model("long", price=("3", "15"), p=0.95, max_output_tokens=64_000)
BRIEF = model("brief", price=("0.6", "2.4"), p=0.9, max_output_tokens=16_384)
BRIEFEST = model("briefest", price=("0.05", "0.08"), p=0.9, max_output_tokens=8192)
VAGUE = model("vague", price=("0.3", "1.2"), p=0.9, max_output_tokens=None)


def deciding(*models: Model, what: Features = AGENT, **terms: Any) -> Decision:
    wanted = policy(**{"within": 0.1, "fall_back_to": FallBackTo.ANY, **terms})
    return choose(what, NOBODY, wanted, catalog(*models), Experience())


def asked(decision: Decision) -> list[str]:
    return [each.model.id for each in (decision.chosen, *decision.fallbacks)]


def test_a_limit_beyond_what_a_model_writes_takes_no_room_in_its_context() -> None:
    narrow = model("narrow", p=0.9, context_tokens=32_768, max_output_tokens=4096)
    what = replace(AGENT, prompt_tokens=1500)

    decision = deciding(narrow, what=what)
    assert (decision.chosen.model.id, decision.answer_tokens) == ("narrow", 4096)
    guessed = deciding(narrow, what=replace(what, tokens_exact=False))
    assert guessed.chosen.model.id == "narrow"
    vague = replace(narrow, max_output_tokens=None)
    with pytest.raises(NothingAdequate, match="33500 tokens do not fit"):
        deciding(vague, what=what)


def test_who_writes_less_than_the_client_allows_is_excluded_where_another_one_writes_so_much() -> (
    None
):
    decision = deciding(LONG, BRIEF, BRIEFEST)

    assert asked(decision) == ["long"]
    assert [(each.model_id, each.reason, each.detail) for each in decision.exclusions] == [
        (
            "brief",
            ExclusionReason.OUTPUT_LIMIT,
            "it writes at most 16384 tokens, and 32000 are asked for",
        ),
        (
            "briefest",
            ExclusionReason.OUTPUT_LIMIT,
            "it writes at most 8192 tokens, and 32000 are asked for",
        ),
    ]
    assert decision.answer_tokens is None


@pytest.mark.parametrize("allowed", [None, 1, 8192])
def test_nobody_is_excluded_for_what_it_does_write(allowed: int | None) -> None:
    decision = deciding(LONG, BRIEF, BRIEFEST, what=replace(AGENT, max_output_tokens=allowed))

    assert (decision.exclusions, decision.answer_tokens) == ((), None)


def test_nobody_stands_back_for_who_is_not_good_enough() -> None:
    weak = replace(LONG, abilities=model(p=0.5).abilities)
    decision = deciding(weak, BRIEFEST)

    assert asked(decision) == ["briefest", "long"]
    assert decision.answer_tokens == 8192


def test_where_nobody_writes_so_much_those_answer_who_write_the_most() -> None:
    decision = deciding(BRIEF, BRIEFEST)

    assert asked(decision) == ["brief"]
    assert [each.model_id for each in decision.exclusions] == ["briefest"]
    assert decision.answer_tokens == 16_384


def test_of_whom_it_is_not_known_stands_neither_back_nor_in_the_way() -> None:
    decision = deciding(VAGUE, BRIEFEST)

    assert asked(decision) == ["briefest", "vague"]
    assert [each.model_id for each in deciding(VAGUE, BRIEFEST, LONG).exclusions] == ["briefest"]


def test_where_nobody_is_good_enough_the_best_is_taken_however_little_it_writes() -> None:
    decision = deciding(
        LONG, model("best", p=0.97, max_output_tokens=900), floor=0.99, otherwise=Otherwise.BEST
    )

    assert (decision.chosen.model.id, decision.answer_tokens) == ("best", 900)


def test_an_answer_that_is_stored_is_as_long_as_it_is() -> None:
    wanted = policy(within=0.1, fall_back_to=FallBackTo.ANY)
    decision = choose(
        AGENT, NOBODY, wanted, catalog(LONG, BRIEFEST), Experience(), stored=["briefest"]
    )

    assert (decision.chosen.model.id, decision.chosen.is_stored) == ("briefest", True)
    assert decision.answer_tokens is None


def test_a_model_that_the_client_names_is_asked_as_the_client_asks() -> None:
    decision = pin(AGENT, BRIEFEST, Experience())

    assert (decision.exclusions, decision.answer_tokens) == ((), None)


def test_that_less_is_asked_for_is_told_and_kept() -> None:
    decision = deciding(BRIEF)
    told = "brief writes at most 16384 tokens, and is asked for no more; the client allows 32000."
    text = Record(decision, NOBODY).text()

    assert told in sentences(decision)
    assert document(decision, NOBODY)["plan"]["answer_tokens"] == 16_384
    assert text is not None
    assert told in sentences(Record.of(text).decision)


AMONG_OTHERS = CATALOGS.map(
    lambda models: {
        **models,
        "e": model("e", p=0.8, max_output_tokens=40),
        "f": model("f", p=0.8, max_output_tokens=4096),
    }
)


@given(AMONG_OTHERS, FEATURES.map(lambda what: replace(what, max_output_tokens=4000)), TERMS)
def test_only_for_somebody_better_is_anybody_excluded(
    models: dict[str, Model], what: Features, terms: Terms
) -> None:
    decision = decided(terms, models, what)
    if not isinstance(decision, Decision):
        assert all(each.reason is not ExclusionReason.OUTPUT_LIMIT for each in decision.exclusions)
        return
    gone = [e for e in decision.exclusions if e.reason is ExclusionReason.OUTPUT_LIMIT]
    for each in gone:
        limit = each.candidate.model.max_output_tokens
        assert limit is not None
        assert what.max_output_tokens is not None
        assert limit < what.max_output_tokens
        assert decision.is_adequate(decision.chosen)
        writes = decision.chosen.model.max_output_tokens
        assert writes is None or writes > limit


def test_a_limit_that_is_raised_lets_a_model_in_again() -> None:
    grown = replace(BRIEFEST, max_output_tokens=32_000)
    able = [candidate(each, AGENT) for each in (LONG, BRIEFEST)]

    assert len(too_brief(able, Bar(0.8), AGENT)) == 1
    assert too_brief([candidate(each, AGENT) for each in (LONG, grown)], Bar(0.8), AGENT) == ()
