"""A decision in words: on one line for a header, in sentences for a person, in rows for a table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decision.choose import choose, pin
from router.decision.document import document
from router.decision.experience import Experience
from router.decision.explain import headline, rows, sentences
from router.decision.policy import FallBackTo, Otherwise
from router.domain.category import Category
from router.domain.decision import Decision, Reason
from tests.decision.catalogs import NOBODY, policy
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
        "The request has 1000 prompt tokens and looks like chat (100% sure).",
        "Policy 'p' takes top as the reference (quality 0.950) and asks for at least 0.850.",
        "middle (quality 0.880) is the cheapest that meets this.",
        "It is expected to cost 0.00096 USD; that saves 0.00429 USD (82%) against top.",
        "Should it fail, top, then small would be asked.",
    ]


def test_making_do_is_told_as_such() -> None:
    best = list(sentences(deciding(floor=0.99)))
    cheapest = list(sentences(deciding(floor=0.99, otherwise=Otherwise.CHEAPEST)))

    assert best[2] == "None is that good; the policy then takes the best, top (quality 0.950)."
    assert best[3] == "It is expected to cost 0.00525 USD; it is the reference itself."
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
    assert told[1].startswith("Policy 'balanced', rule 'maths is dear' takes small")
    assert told[3] == "It is expected to cost 0.0045 USD; that is 0.004442 USD more than small."


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
                ("top", "excluded", "the policy keeps no fallbacks"),
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
