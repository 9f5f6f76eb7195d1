"""A decision in words: on one line for a header, in sentences for people, in rows for a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import choose, pin
from router.decision.document import document
from router.decision.experience import Experience
from router.decision.explain import asked_otherwise, headline, rows, sentences
from router.decision.policy import FallBackTo, Otherwise
from router.domain.category import Category
from router.domain.decision import Decision, Reason
from router.domain.members import replace
from router.domain.money import Money
from router.domain.objective import Aim, Objective
from router.domain.overrides import Overrides
from tests.decision.catalogs import NOBODY, experienced, policy
from tests.domain.builders import catalog, decision, features, model

TOP = model("top", price=("3", "15"), p=0.95)
MIDDLE = model("middle", price=("0.6", "2.4"), p=0.88)
SMALL = model("small", price=("0.05", "0.08"), p=0.65)
NAMES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128)
"""Those that a configuration may contain; tests/config holds it to that."""


def deciding(**terms: object) -> Decision:
    wanted = policy(**{"within": 0.1, "fall_back_to": FallBackTo.ANY, **terms})
    return choose(features(1000), NOBODY, wanted, catalog(TOP, MIDDLE, SMALL), Experience())


def test_the_headline_tells_reason_category_and_qualities() -> None:
    assert headline(deciding()) == ("cheapest-adequate; chat; quality 0.88 (needs 0.85, top 0.95)")
    assert headline(pin(features(), SMALL, Experience())) == "pinned by the request"


@given(
    chosen=NAMES, reference=NAMES, category=st.sampled_from(Category), why=st.sampled_from(Reason)
)
def test_the_headline_is_a_short_line_of_ascii_for_every_name_that_may_be_configured(
    chosen: str, reference: str, category: Category, why: Reason
) -> None:
    made = decision(model(chosen), model(reference), what=features(category=category))
    line = headline(replace(made, reason=why))

    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 200


def test_a_choice_is_told_in_sentences() -> None:
    assert list(sentences(deciding())) == [
        "The request has 1000 prompt tokens and looks like chat (99% sure).",
        "Policy 'p' takes top as the reference (quality 0.950) and asks for at least 0.850.",
        "middle (quality 0.880) is the cheapest that meets this.",
        "It is expected to cost 0.00096 USD (9 in 10 cost less than 0.0013 USD); that saves 0.00429 USD (82%) against top.",
        "Should it fail, top, then small would be asked.",
    ]


def test_who_would_come_first_if_the_prompt_were_sure_to_fit_is_told() -> None:
    narrow, what = replace(SMALL, context_tokens=1150), features(1000)
    wanted, models = policy(floor=0.6), catalog(TOP, MIDDLE, narrow)
    told = "small would come before it, but the prompt, whose length is estimated, may be too long for it."

    counted = choose(what, NOBODY, wanted, models, Experience())
    assert counted.chosen.model.id == "small"
    assert told not in sentences(counted)
    sampled = choose(
        replace(what, tokens_exact=False, max_output_tokens=100),
        NOBODY,
        wanted,
        models,
        Experience(),
    )
    assert sampled.chosen.model.id == "middle"
    assert told in sentences(sampled)


def test_making_do_is_told_as_such() -> None:
    best = list(sentences(deciding(floor=0.99)))
    cheapest = list(sentences(deciding(floor=0.99, otherwise=Otherwise.CHEAPEST)))

    assert best[2] == "None is that good; the policy then takes the best, top (quality 0.950)."
    assert (
        best[3]
        == "It is expected to cost 0.00525 USD (9 in 10 cost less than 0.0076 USD); it is the reference itself."
    )
    assert cheapest[2] == (
        "None is that good; the policy then takes the cheapest, small (quality 0.650)."
    )


def test_a_pin_a_rule_an_estimate_and_a_dearer_choice_are_told() -> None:
    long = replace(features(9000), tokens_exact=False, category_confidence=0.4)
    pinned = list(sentences(pin(long, SMALL, Experience())))
    dearer = replace(decision(TOP, SMALL), rule="maths is dear")
    told = list(sentences(dearer))

    assert pinned == [
        "The request has about 9000 prompt tokens and looks like chat (40% sure).",
        "The client asked for small by name, and no policy routes that name.",
    ]
    unsure = replace(long, perhaps=((Category.WRITING, 0.35), (Category.MATHS, 0.05)))
    assert "chat (40% sure, perhaps writing)." in next(sentences(pin(unsure, SMALL, Experience())))
    assert told[1].startswith("Policy 'balanced', rule 'maths is dear' takes small")
    assert (
        told[3]
        == "It is expected to cost 0.0045 USD (9 in 10 cost less than 0.0045 USD); that is 0.004442 USD more than small."
    )


def test_a_free_reference_saves_nothing_and_divides_by_nothing() -> None:
    free = model("free", price=("0", "0"))

    assert list(sentences(decision(free, model("also-free", price=("0", "0")))))[3] == (
        "It is expected to cost 0 USD; that saves 0 USD (0%) against also-free."
    )


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (
            FallBackTo.ANY,
            [
                ("middle", "chosen", ""),
                ("top", "fallback 1", ""),
                ("small", "fallback 2", "below what the policy asks"),
            ],
        ),
        (
            FallBackTo.NONE,
            [
                ("middle", "chosen", ""),
                ("small", "excluded", "its predicted quality of 0.650 is below 0.850"),
                ("top", "excluded", "the policy does not fall back to it"),
            ],
        ),
    ],
)
def test_the_table_has_a_row_for_every_candidate(
    keep: FallBackTo, expected: list[tuple[str, str, str]]
) -> None:
    found = list(rows(document(deciding(fall_back_to=keep), NOBODY)))

    assert [(row.model_id, row.role, row.note) for row in found] == expected
    assert found[0].quality == 0.88
    assert str(found[0].expected_cost) == "0.00096"
    assert found[0].first_content_s is None


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        (
            Objective(Aim.FASTEST),
            "small (quality 0.650) is the fastest that meets this (not observed yet).",
        ),
        (Objective(Aim.BEST), "top (quality 0.950) is the best of the models that may answer."),
        (
            Objective(Aim.WEIGHTED, Money.from_usd("0.001"), Money.from_usd("0.01")),
            (
                "top (quality 0.950) meets this at the lowest cost, counting 0.001 USD for each missing point of"
                " quality and 0.01 USD for each second."
            ),
        ),
    ],
)
def test_other_aims_are_told_too(objective: Objective, told: str) -> None:
    assert list(sentences(deciding(objective=objective, within=0.5)))[2] == told


def test_how_fast_the_fastest_was_is_told() -> None:
    seen = experienced({"top": 8.0, "middle": 2.0, "small": 4.0})
    wanted = policy(objective=Objective(Aim.FASTEST_START), within=0.5)
    found = choose(features(), NOBODY, wanted, catalog(TOP, MIDDLE, SMALL), seen)

    assert list(sentences(found))[2] == (
        "middle (quality 0.880) is the fastest that meets this (0.50 s to the first content)."
    )


def test_how_sure_it_must_be_is_told() -> None:
    found = deciding(confidence=0.9, fall_back_to=FallBackTo.ADEQUATE)

    assert list(sentences(found))[1].endswith("asks for at least 0.850, with 90% confidence.")
    assert found.chosen.model.id == "top"
    assert [each.detail for each in found.exclusions] == [
        "its predicted quality of 0.880 ± 0.050 is less than 90% likely to be 0.850 or more",
        "its predicted quality of 0.650 ± 0.050 is less than 90% likely to be 0.850 or more",
    ]


def test_what_a_request_asks_otherwise_is_told() -> None:
    asked = Overrides("cheap", 0.2, Money.from_usd("0.01"), frozenset({"b", "a"}))

    assert list(asked_otherwise(asked)) == [
        (
            "The request itself asks to be decided by policy 'cheap' and for a tolerance of 0.2 and to cost"
            " at most 0.01 USD and for no model other than a, b."
        )
    ]
    assert list(asked_otherwise(Overrides(dry_run=True, cache=False))) == []
