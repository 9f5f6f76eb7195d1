"""Own answers that say whether asking one model twice pays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.agreeing import Agreeing, Habits
from router.domain.members import replace
from router.domain.outcomes import Seconds
from router.evaluation.calibration import Calibration, calibrate
from router.evaluation.labelled import Labelled
from router.evaluation.local import InstallRule
from router.evaluation.own_cascades import Tried
from tests.evaluation.own import shipped
from tests.evaluation.own_answers import MATHS, THOUGHT, answering, asked_twice, calibrated

TWICE = ("small", "small", "large")


def twice(found: Calibration, models: tuple[str, str, str] = TWICE) -> Tried:
    return next(each for each in found.attempts[0].tried if each.models == models)


def test_a_model_that_says_otherwise_where_it_errs_is_worth_asking_twice() -> None:
    found = calibrated(asked_twice(answering({MATHS: 0.0}, 400), repeats=0.0))
    tried = twice(found)

    assert tried.why_not == ""
    assert tried.right == 1.0
    # Its answer is right in 80 of 100, and so is the second one, whatever the first one was.
    assert tried.agreement == pytest.approx(0.64, abs=0.05)
    assert tried.expected.p_accept == pytest.approx(tried.agreement, abs=0.01)
    assert {each.models for each in found.cascades.categories[MATHS]} == {
        TWICE,
        ("middle", "small", "large"),
    }


def test_a_model_that_repeats_its_mistakes_is_never_asked_twice() -> None:
    found = calibrated(asked_twice(answering({MATHS: 0.0}, 400), repeats=1.0))
    tried = twice(found)

    assert tried.agreement == 1.0
    assert tried.right == pytest.approx(0.8, abs=0.05)
    assert tried.why_not.startswith("clearly loses")
    assert TWICE in found.cascades.refuted[MATHS]


def test_two_models_are_enough_if_the_cheap_one_is_asked_twice() -> None:
    found = asked_twice(answering({MATHS: 0.0}, 400), repeats=0.0).of(("small", "large"))

    assert [each.models for each in calibrated(found).cascades.categories[MATHS]] == [TWICE]


@given(st.lists(st.floats(0.0, 0.01), min_size=80, max_size=80), st.floats(0.0, 1.0))
@settings(max_examples=10)
def test_both_calls_are_paid_and_the_first_answer_is_the_one_that_is_taken(
    usd: list[float], repeats: float
) -> None:
    given_ = asked_twice(answering({MATHS: 0.0}, 80), repeats)
    second = given_.outcomes.second
    assert second is not None
    costs = second.costs_usd.copy()
    costs[:, 0] = usd
    found = replace(
        given_, outcomes=replace(given_.outcomes, second=replace(second, costs_usd=costs))
    )
    tried, outcomes = twice(calibrated(found)), found.outcomes
    is_same = outcomes.answers[:, 0] == second.answers[:, 0]
    final = np.where(is_same, 0.0, outcomes.costs_usd[:, 2])

    assert tried.agreement == pytest.approx(is_same.mean())
    assert tried.cost_usd == pytest.approx((outcomes.costs_usd[:, 0] + costs[:, 0] + final).mean())
    gains = np.where(is_same, outcomes.scores[:, 0] - outcomes.scores[:, 2], 0.0)
    assert tried.gain.mean == pytest.approx(gains.mean(), abs=1e-9)


def test_a_second_answer_of_unknown_cost_costs_as_much_as_the_first() -> None:
    known = asked_twice(answering({MATHS: 0.0}, 100), 0.5)
    assert known.outcomes.second is not None
    unpriced = replace(
        known.outcomes.second, costs_usd=np.full(known.outcomes.scores.shape, np.nan)
    )
    unknown = replace(known, outcomes=replace(known.outcomes, second=unpriced))

    assert calibrated(unknown).attempts == calibrated(known).attempts


def test_only_prompts_with_a_second_answer_count_and_of_too_few_it_is_told() -> None:
    found = asked_twice(answering({MATHS: 0.0}, 300), repeats=0.0)
    assert found.outcomes.second is not None

    def with_seconds(count: int) -> Labelled:
        answers = found.outcomes.second.answers.copy()  # type: ignore[union-attr]  # it is there
        costs = found.outcomes.second.costs_usd.copy()  # type: ignore[union-attr]
        answers[count:], costs[count:] = None, np.nan
        return replace(found, outcomes=replace(found.outcomes, second=Seconds(answers, costs)))

    some, few = (calibrated(with_seconds(count)) for count in (200, 49))
    alone = calibrated(found.at(np.arange(200)))
    (pair,) = (each for each in some.attempts[0].tried if each.models != TWICE)

    assert twice(some).prompts == 200
    assert twice(some).gain == twice(alone).gain
    assert twice(some).saving == twice(alone).saving
    assert pair.prompts == 300
    assert [each.models for each in few.attempts[0].tried] == [pair.models]
    assert few.attempts[0].too_few == {"small": 49}


def test_a_second_answer_that_came_to_nothing_agrees_with_nothing() -> None:
    found = asked_twice(answering({MATHS: 0.0}, 100), repeats=1.0)
    assert found.outcomes.second is not None
    answers, second = found.outcomes.answers.copy(), found.outcomes.second.answers.copy()
    answers[:, 0] = second[:, 0] = ""
    silent = replace(found.outcomes.second, answers=second)
    mute = replace(found.outcomes, answers=answers, second=silent)

    assert twice(calibrated(replace(found, outcomes=mute))).agreement == 0.0


def test_what_was_learnt_of_two_models_says_nothing_of_one_that_is_asked_twice() -> None:
    found = asked_twice(answering({MATHS: 0.0}, 100), repeats=0.3)
    sure = Agreeing(Habits(0.9, 1.0, 1.0, 0.0, 0.0), (0.0,) * 5, 0.001, 0.001)
    taught = replace(shipped(THOUGHT, sd=0.001), learnt=lambda _: sure)
    moved = calibrate(found, taught, InstallRule(), 0)

    assert twice(moved).expected == twice(calibrated(found)).expected
    assert [each.expected for each in moved.attempts[0].tried if each.models != TWICE] != [
        each.expected for each in calibrated(found).attempts[0].tried if each.models != TWICE
    ]


def test_second_answers_count_in_the_correction_for_all_that_was_tried() -> None:
    plain = answering({MATHS: 0.0}, 100)
    (alone,) = calibrated(plain).attempts[0].tried
    besides = twice(calibrated(asked_twice(plain, repeats=0.8)), alone.models)

    assert (besides.gain, besides.saving) == (alone.gain, alone.saving)
    assert besides.p_value == pytest.approx(2 * alone.p_value)
