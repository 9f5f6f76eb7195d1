"""A decision as stored and as shown: nothing is lost on the way, and the wording is the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import choose
from router.decision.document import document
from router.decision.experience import Experience, ObservedAnswer
from router.decision.explain import headline, rows, sentences
from router.decision.policy import Circumstances, Terms
from router.decision.record import FORM, NotKept, Record
from router.domain.caching import CacheTerms
from router.domain.category import Category
from router.domain.conversation import Conversation, Kept
from router.domain.deadlines import Deadlines
from router.domain.decision import Decision
from router.domain.estimate import CostEstimate, LatencyEstimate
from router.domain.features import Features
from router.domain.hedge import Hedge
from router.domain.members import replace
from router.domain.model import Capability, Model
from router.domain.money import Money
from router.domain.overrides import Overrides
from tests.decision.catalogs import CATALOGS, FEATURES, NAMES, NOBODY, TERMS, decided, policy
from tests.domain.builders import catalog, decision, features, model

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_SHARES = st.floats(0, 1)
_MONEY = st.integers(-(10**20), 10**20).map(Money)
_ANY_FEATURES = st.builds(
    Features,
    prompt_tokens=st.integers(0, 10**9),
    category=st.sampled_from(Category),
    category_confidence=_SHARES,
    needs=st.frozensets(st.sampled_from(Capability)),
    choices=st.integers(1, 128),
    max_output_tokens=st.none() | st.integers(1, 10**6),
    turns=st.integers(0, 1000),
    tokens_exact=st.booleans(),
    language=st.none() | st.sampled_from(["", "de"]),
    difficulty=st.none() | _SHARES,
    perhaps=st.lists(st.tuples(st.sampled_from(Category), _SHARES), max_size=3).map(tuple),
).flatmap(
    lambda each: st.builds(
        lambda audio, more: replace(
            each,
            prompt_tokens=each.prompt_tokens + audio + more,
            guessed_tokens=audio + more,
            audio_tokens=audio,
        ),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
    )
)
_ANY_CIRCUMSTANCES = st.builds(
    Circumstances,
    asked=_TEXTS,
    key=_TEXTS,
    tags=st.frozensets(_TEXTS, max_size=3),
    models=st.frozensets(st.sampled_from(NAMES), max_size=3),
    money_left=st.none() | _MONEY,
    budget_left=_SHARES,
    stays_with=_TEXTS,
    held_by=_TEXTS,
    stands_for=_TEXTS,
    unix_s=st.floats(0, 2e9),
    headers=st.dictionaries(_TEXTS, _TEXTS, max_size=2),
    metadata=st.dictionaries(_TEXTS, _TEXTS, max_size=2),
    conversation=st.none()
    | st.builds(
        Conversation,
        turns=st.integers(0, 500),
        ahead=st.floats(0, 1000),
        growth=st.integers(0, 10**6),
        kept=st.dictionaries(_TEXTS, st.builds(Kept, st.integers(0, 10**6), _SHARES, _SHARES)),
    ),
    overrides=st.builds(
        Overrides,
        policy=_TEXTS,
        tolerance=st.none() | _SHARES,
        ceiling=st.none() | st.integers(0, 10**20).map(Money),
        candidates=st.frozensets(_TEXTS, max_size=2),
        cache=st.booleans(),
    ),
)


@given(what=_ANY_FEATURES, circumstances=_ANY_CIRCUMSTANCES)
def test_what_is_kept_is_read_back_as_it_was(what: Features, circumstances: Circumstances) -> None:
    text = Record(decision(model(), what=what), circumstances).text()
    assert text is not None
    kept = Record.of(text)

    assert kept.decision.features == what
    assert kept.circumstances == circumstances


@given(models=CATALOGS, what=FEATURES, terms=TERMS)
def test_a_decision_that_is_read_back_says_the_very_same_as_one_that_was_just_made(
    models: dict[str, Model], what: Features, terms: Terms
) -> None:
    made = decided(terms, models, what)
    if not isinstance(made, Decision):
        return
    text = Record(made, NOBODY).text()
    assert text is not None
    kept = Record.of(text)
    again = document(kept.decision, kept.circumstances)

    assert kept.text() == text
    assert again == document(made, NOBODY)
    assert again["headline"] == headline(made)
    assert again["sentences"] == list(sentences(made))
    assert [(row.role, row.expected_cost) for row in rows(again)] == [
        ("chosen", made.chosen.cost.expected),
        *((f"fallback {n}", c.cost.expected) for n, c in enumerate(made.fallbacks, 1)),
        *(("excluded", e.candidate.cost.expected) for e in made.exclusions),
    ]


def test_what_staying_is_worth_is_read_back_too() -> None:
    conversation = Conversation(turns=9, ahead=3.5, growth=400, kept={"m": Kept(900, 0.9, 0.1)})
    who = Circumstances(conversation=conversation)
    made = choose(features(), who, policy(), catalog(model("m")), Experience())
    text = Record(made, who).text()
    assert text is not None
    kept = Record.of(text)

    assert kept.decision.chosen.cost == made.chosen.cost
    assert kept.circumstances == who
    assert document(kept.decision, who) == document(made, who)


@given(models=CATALOGS, what=FEATURES, terms=TERMS)
def test_what_is_kept_decides_the_same_again(
    models: dict[str, Model], what: Features, terms: Terms
) -> None:
    made = decided(terms, models, what)
    if not isinstance(made, Decision):
        return
    text = Record(made, NOBODY).text()
    assert text is not None
    kept = Record.of(text)

    again = choose(kept.decision.features, kept.circumstances, policy(terms), models, Experience())
    assert document(again, NOBODY) == document(made, NOBODY)


def test_a_document_in_full() -> None:
    top, small = model("top", price=("3", "15"), p=0.95), model("small", p=0.9)
    weak = model("weak", price=("0.1", "0.1"), p=0.3)
    wanted = policy(
        within=0.1,
        ceiling=Money.from_usd("0.5"),
        cache=CacheTerms(ttl_s=60),
        deadlines=Deadlines(total_s=20.0),
        hedge=Hedge(0.9, 0.05),
    )
    experience = Experience()
    for _ in range(5):
        experience.observe(
            small,
            Category.CHAT,
            ObservedAnswer(output_tokens=100, first_content_s=0.5, total_s=2.0, at_s=0.0),
        )
    circumstances = Circumstances("auto", "team", frozenset("ba"), money_left=Money.from_usd(2))
    made = choose(features(1000), circumstances, wanted, catalog(top, small, weak), experience)
    told: Any = document(made, circumstances)

    assert told["candidates"][0] == {
        "role": "chosen",
        "model": "small",
        "upstream": "up",
        "quality": {"p": 0.9, "sd": 0.05, "source": "prior"},
        "cost": {
            "expected_usd": "0.001238",
            "upper_usd": "0.010256",
            "p10_usd": "0.001118",
            "p90_usd": "0.001476",
        },
        "latency": {"first_content_s": 0.5, "total_s": 2.0, "quantile": 0.5, "as_of_s": 0.0},
    }
    assert told["candidates"][1]["role"] == "fallback 1"
    assert told["candidates"][2]["exclusion"] == {
        "reason": "quality",
        "detail": "its predicted quality of 0.300 is below 0.850",
    }
    assert told["plan"] == {
        "models": ["small", "top"],
        "deadlines": {"total_s": 20.0},
        "ceiling_usd": "0.5",
        "hedge": {"quantile": 0.9, "share": 0.05},
        "cache": {"ttl_s": 60, "tool_calls": False, "semantic": told["plan"]["cache"]["semantic"]},
    }
    assert told["circumstances"] == {
        "asked": "auto",
        "key": "team",
        "tags": ["a", "b"],
        "models": [],
        "money_left_usd": "2",
        "budget_left": 1.0,
        "stays_with": "",
        "held_by": "",
        "stands_for": "",
        "unix_s": 0.0,
        "headers": {},
        "metadata": {},
        "overrides": {
            "policy": "",
            "candidates": [],
            "cache": True,
            "cascade": True,
            "dry_run": False,
        },
    }
    assert told["reference"]["model"] == "top"


def test_a_decision_of_the_first_form_is_still_read() -> None:
    row = '["cheap","up",false,1200000000,10256000000,0.8,0.05,"prior",null,2.5,0.5]'
    text = (
        '{"form":1,"policy":"p","policy_version":"v1","rule":"","reason":"cheapest-adequate",'
        f'"bar":{{"p":0.8}},"reference":{row},"chosen":{row},"fallbacks":[],"exclusions":[],'
        '"features":{"prompt_tokens":1000,"category":"chat"},"circumstances":{"asked":"auto"}}'
    )
    kept = Record.of(text)
    chosen = kept.decision.chosen

    assert chosen.cost == CostEstimate(Money(1200000000), Money(10256000000))
    assert chosen.latency == LatencyEstimate(None, 2.5)
    assert list(sentences(kept.decision))[3] == (
        "It is expected to cost 0.0012 USD; it is the reference itself."
    )


def test_a_decision_of_the_fifth_form_says_not_when_a_model_was_seen() -> None:
    row = '["cheap","up",false,12,13,0.8,0.05,"prior",null,2.5,0.5,false,11,null]'
    text = (
        '{"form":5,"policy":"p","policy_version":"v1","rule":"","reason":"cheapest-adequate",'
        f'"bar":{{"p":0.8}},"reference":{row},"chosen":{row},"fallbacks":[],"exclusions":[],'
        '"features":{"prompt_tokens":1000,"category":"chat"},"circumstances":{"asked":"auto"}}'
    )
    chosen = Record.of(text).decision.chosen

    assert chosen.latency == LatencyEstimate(None, 2.5, 0.5, is_predicted=False, as_of_s=None)
    assert chosen.cost == CostEstimate(Money(12), Money(13), Money(11), None)


def test_what_was_only_predicted_is_told_as_such() -> None:
    guessed = LatencyEstimate(0.5, 2.0, is_predicted=True)
    made = decision(model())
    told = document(replace(made, chosen=replace(made.chosen, latency=guessed)), NOBODY)

    assert told["candidates"][0]["latency"]["is_predicted"] is True
    assert "is_predicted" not in told["reference"]["latency"]


def test_a_later_form_is_not_guessed_at() -> None:
    text = Record(decision(model()), NOBODY).text()
    assert text is not None
    with pytest.raises(NotKept, match="newer Farthing"):
        Record.of(text.replace(f'"form":{FORM}', f'"form":{FORM + 1}'))
    for broken in ("", "[]", "{}", text.replace('"chat"', '"chess"'), text.replace('"m",', "")):
        with pytest.raises(NotKept, match="cannot be read"):
            Record.of(broken)


def test_what_no_json_can_hold_costs_the_row_its_decision_and_nothing_else() -> None:
    assert Record(decision(model()), replace(NOBODY, key="caf\udce9")).text() is None


def test_a_record_in_the_log_is_there_whole() -> None:
    record = Record(decision(model("cheap")), NOBODY)
    assert repr(record) == f"Record({record.text()})"
