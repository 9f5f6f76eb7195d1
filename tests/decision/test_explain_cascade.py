"""Cascades in words, in a document, and in a trial."""

from typing import Any

import pytest

from router.decision.choose import choose
from router.decision.compare import TrialRequest, compared, totals
from router.decision.constant import constant_choice
from router.decision.document import document
from router.decision.experience import Experience
from router.decision.explain import asked_otherwise, headline, rows, sentences
from router.decision.record import Record
from router.domain.cascade import CascadeTerms, CascadeUse, Check, StepRecipe
from router.domain.cascade import Test as By
from router.domain.decision import Decision
from router.domain.members import replace
from router.domain.overrides import Overrides
from tests.decision.catalogs import NOBODY, policy
from tests.decision.prospects import Told, prospect, recognised
from tests.domain.builders import catalog, features, model

TOP = model("top", price=("3", "15"), p=0.90)
MIDDLE = model("middle", price=("0.6", "2.4"), p=0.80)
SMALL = model("small", price=("0.1", "0.2"), p=0.70)
ALL = catalog(TOP, MIDDLE, SMALL)
AUTO = CascadeTerms(use=CascadeUse.AUTO)
KNOWN = Told({("middle", "small"): prospect(0.6, 0.01, p_accept_sd=0.02, gain_sd=0.005)})
STRICT = policy(within=0.02)
WITH_CASCADES = policy(within=0.02, cascade=AUTO)


def deciding(known: Told | None = KNOWN, **terms: Any) -> Decision:
    wanted = policy(**{"within": 0.02, "cascade": AUTO, **terms})
    return choose(recognised(features(), known), NOBODY, wanted, ALL, Experience())


def always(*steps: StepRecipe) -> CascadeTerms:
    return CascadeTerms(use=CascadeUse.ALWAYS, steps=steps)


@pytest.mark.parametrize(
    ("decision", "line"),
    [
        (
            deciding(),
            "cascade; chat; 2 models must agree, then top; quality 0.91 (needs 0.88, top 0.90)",
        ),
        (
            deciding(
                cascade=always(
                    StepRecipe(("small",), (Check(By.COMPLETE), Check(By.LOGPROB, 0.9))),
                    StepRecipe(("small", "small")),
                )
            ),
            (
                "cascade; chat; 1 model must be complete and have a high token probability, then 2 answers of 1"
                " model must agree, then top; quality 0.90 (needs 0.88, top 0.90)"
            ),
        ),
        (deciding(None), "cheapest-adequate; chat; quality 0.90 (needs 0.88, top 0.90)"),
    ],
)
def test_the_headline_tells_the_steps(decision: Decision, line: str) -> None:
    assert headline(decision) == line


def test_a_cascade_is_told_in_sentences() -> None:
    assert list(sentences(deciding()))[2:] == [
        (
            "First middle and small are asked at once; their answers must agree. That settles 60% ± 2% of"
            " such requests, and changes quality by +0.010 ± 0.005 (artefact)."
        ),
        "What remains unsettled goes to top (quality 0.900), as if there had been no cascade.",
        ("top alone (quality 0.900) would be expected to cost 0.00525 USD, 0.00206 USD more."),
        "It is expected to cost 0.00319 USD (9 in 10 cost less than 0.0091 USD); that saves 0.00206 USD (39%) against top.",
    ]


def test_steps_of_which_nothing_is_known_are_told_with_their_bars_and_bounds() -> None:
    judged = StepRecipe(("small",), (Check(By.JUDGE, 0.8, "top"),), within_s=3.0)
    alike = StepRecipe(("small", "middle"), (Check(By.SIMILARITY, 0.95),))

    assert list(sentences(deciding(cascade=always(judged, alike))))[2:4] == [
        (
            "First small is asked; its answer must within 3 s satisfy a judge (top), at least 0.8. How many"
            " requests that settles is not known."
        ),
        (
            "Then small and middle are asked at once; their answers must be alike, at least 0.95. How many"
            " requests that settles is not known."
        ),
    ]


def test_why_there_is_none_is_told_where_one_was_wanted() -> None:
    assert list(sentences(deciding(None)))[3] == (
        "No cascade is used: nothing was learnt about cascades on such requests."
    )
    assert not any("cascade" in each for each in sentences(deciding(cascade=CascadeTerms())))


def test_the_table_tells_who_is_asked_first() -> None:
    found = [(row.model_id, row.role, row.note) for row in rows(document(deciding(), NOBODY))]

    assert found == [
        ("top", "chosen", ""),
        ("middle", "step 1", "not alone: its predicted quality of 0.800 is below 0.880"),
        ("small", "step 1", "not alone: its predicted quality of 0.700 is below 0.880"),
    ]
    loose = rows(
        document(deciding(floor=0.75, cascade=always(StepRecipe(("small", "middle")))), NOBODY)
    )
    assert [(row.model_id, row.role) for row in loose] == [
        ("top", "chosen"),
        ("middle", "step 1; fallback 1"),
        ("small", "step 1"),
    ]


def test_a_cascade_in_a_document() -> None:
    told = document(deciding(), NOBODY)

    assert "no_cascade" not in told
    assert told["cascade"]["steps"] == [
        {
            "models": ["middle", "small"],
            "checks": [{"test": "agreement"}],
            "prospect": {
                "p_accept": 0.6,
                "p_accept_sd": 0.02,
                "gain": 0.01,
                "gain_sd": 0.005,
                "source": "artefact",
                "differs": 0.0,
            },
        }
    ]
    assert told["cascade"]["final"] == "top"
    assert told["cascade"]["alone"]["model"] == "top"
    assert told["cascade"]["quality"]["p"] == pytest.approx(0.91)
    assert told["cascade"]["cost"]["expected_usd"] == "0.00319"
    assert document(deciding(None), NOBODY)["no_cascade"] == [
        "nothing was learnt about cascades on such requests"
    ]


@pytest.mark.parametrize("test", By)
def test_every_check_is_put_into_words(test: By) -> None:
    check = Check(test, judge="top" if test is By.JUDGE else "")
    made = deciding(cascade=always(StepRecipe(("small", "middle"), (check,))))

    assert "2 models must" in headline(made)
    assert any("their answers must" in each for each in sentences(made))


def test_every_kind_of_step_is_read_back_as_it_was() -> None:
    judged = StepRecipe(("small",), (Check(By.JUDGE, 0.8, "top"), Check(By.COMPLETE)), within_s=3.0)
    made = deciding(cascade=always(judged, StepRecipe(("small", "middle"))))
    text = Record(made, NOBODY).text()
    assert text is not None
    kept = Record.of(text).decision

    assert document(kept, NOBODY) == document(made, NOBODY)
    assert kept.cascade is not None
    assert made.cascade is not None
    assert [s.checks for s in kept.cascade.steps] == [s.checks for s in made.cascade.steps]
    assert [s.within_s for s in kept.cascade.steps] == [3.0, None]
    assert [s.prospect for s in kept.cascade.steps] == [s.prospect for s in made.cascade.steps]
    assert kept.cascade.final is kept.chosen


def test_a_request_that_forbids_a_cascade_is_told_so() -> None:
    assert list(asked_otherwise(Overrides(cascade=False))) == [
        "The request itself asks for an answer without a cascade."
    ]


# ------------------------------------------------------------------------------------ trials


CASES = [TrialRequest(f"r{n}", recognised(features(), KNOWN), NOBODY) for n in range(40)]


def test_a_trial_counts_the_cost_and_the_quality_of_the_whole_cascade() -> None:
    (pair,) = compared(CASES[:1], STRICT, WITH_CASCADES, ALL, Experience())

    assert pair.is_changed
    assert pair.flow == ("top", "middle + small > top")
    assert pair.cost_change == deciding().expected_cost - deciding(None).expected_cost
    assert pair.both is not None
    assert pair.both[1].quality.p == pytest.approx(0.91)
    assert pair.both[1].reason == "cascade"


def test_what_the_final_model_is_worth_cancels_out_against_itself() -> None:
    found = totals(compared(CASES, STRICT, WITH_CASCADES, ALL, Experience()))

    assert found.quality_change == pytest.approx(0.01)
    assert found.quality_sd == pytest.approx(0.005)


def test_a_policy_that_takes_cascades_decides_something() -> None:
    assert constant_choice(STRICT, CASES, ALL, Experience()) == "top"
    assert constant_choice(WITH_CASCADES, CASES, ALL, Experience()) is None


def test_another_cascade_is_another_choice() -> None:
    dearer = replace(WITH_CASCADES, terms=replace(WITH_CASCADES.terms, cascade=_TWICE))
    (pair,) = compared(CASES[:1], WITH_CASCADES, dearer, ALL, Experience())

    assert pair.flow == ("middle + small > top", "small + small > top")


_TWICE = always(StepRecipe(("small", "small")))
