"""Own answers are installed where they are the better evidence, and hardly ever by luck."""

import numpy as np
import pytest

from router.domain.category import Category
from router.domain.errors import FarthingError
from router.evaluation.answered import joined
from router.evaluation.calibration import calibrate
from router.evaluation.forecasts import LOCAL, SHIPPED, ZERO
from router.evaluation.local import Rule
from router.evaluation.significance import LEVEL
from tests.evaluation.own import Shares, drawn, labelled, shipped

USUAL: Shares = {
    Category.MATHS: (0.6, 0.75, 0.9),
    Category.CHAT: (0.85, 0.9, 0.93),
    Category.CODE_WRITING: (0.5, 0.7, 0.85),
}
RARE: Shares = dict.fromkeys(USUAL, (0.97, 0.98, 0.985))
RUNS = 40
ALIKE: Shares = dict.fromkeys(USUAL, (0.7, 0.7, 0.7))


def installed(truth: Shares, thought: Shares, prompts: int, seed: int = 0) -> set[Category]:
    return {*calibrate(drawn(truth, prompts, seed), shipped(thought), Rule(), seed).to_install}


@pytest.mark.parametrize(
    "truth",
    [
        pytest.param(USUAL, id="as shipped"),
        pytest.param(ALIKE, id="all alike"),
        pytest.param(RARE, id="hardly a failure"),
    ],
)
def test_noise_around_what_was_shipped_is_not_installed_more_often_than_stated(
    truth: Shares,
) -> None:
    taken_in = sum(bool(installed(truth, truth, 30, seed)) for seed in range(RUNS))

    assert taken_in <= LEVEL * RUNS + 2 * (LEVEL * (1 - LEVEL) * RUNS) ** 0.5


def test_a_cheap_model_that_is_better_than_was_thought_is_found_out_and_only_there() -> None:
    truth = {**USUAL, Category.MATHS: (0.95, 0.75, 0.8)}

    assert installed(truth, USUAL, 150) == {Category.MATHS}


def test_where_all_requests_are_alike_zero_is_no_obstacle() -> None:
    one = {Category.MATHS: (0.95, 0.75, 0.8)}
    found = calibrate(drawn(one, 150, 1), shipped(USUAL), Rule(), 0)

    assert {*found.to_install} == {Category.MATHS}
    (verdict,) = found.verdicts
    assert verdict.duels[ZERO].value.mean == pytest.approx(0.0, abs=0.005)


def test_a_strict_rule_wants_more_than_the_best_fixed_choice() -> None:
    one = {Category.MATHS: (0.95, 0.75, 0.8)}
    found = calibrate(drawn(one, 150, 1), shipped(USUAL), Rule(is_strict=True), 0)

    assert not found.to_install
    assert "not surely better than Zero" in found.verdicts[0].why_not


def test_too_few_prompts_say_nothing() -> None:
    found = calibrate(drawn({Category.MATHS: (1.0, 0.0, 0.0)}, 29, 0), shipped(USUAL), Rule(), 0)

    assert found.verdicts[0].why_not == "needs 30 prompts that every model has answered"


def test_a_question_that_is_repeated_is_one_question() -> None:
    scores = np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), (40, 1))
    prompts = [f"What is it?  ({place % 2})" for place in range(80)]
    found = calibrate(labelled(scores, [Category.CHAT] * 80, prompts), shipped(USUAL), Rule(), 0)

    assert len(found.labelled) == 2
    assert not found.to_install


def test_hearsay_helps_to_estimate_and_judges_nothing() -> None:
    gold = drawn({Category.MATHS: (0.9, 0.9, 0.9)}, 60, 0)
    heard = drawn({Category.MATHS: (0.0, 0.0, 0.0)}, 40, 1, weight=0.25)
    alone = calibrate(gold, shipped(USUAL), Rule(), 0)
    both = calibrate(joined([gold, heard]), shipped(USUAL), Rule(), 0)

    assert len(both.trial.judged) == 60
    before, after = (each.measured[Category.MATHS].models["large"] for each in (alone, both))
    assert after.p < before.p
    assert both.seen(Category.MATHS, gold=True)["large"].answers == 60
    assert both.seen(Category.MATHS, gold=False)["large"].mean == 0.0


def test_hearsay_about_a_question_that_is_judged_is_not_learnt_from() -> None:
    scores = np.array([[1.0, 1.0], [0.0, 0.0]] * 20)
    prompts = [f"question {place}" for place in range(40)]
    gold = labelled(scores, [Category.CHAT] * 40, prompts)
    heard = labelled(scores, [Category.CHAT] * 40, prompts, weight=0.25)
    alone = calibrate(gold, shipped(USUAL), Rule(), 0)
    both = calibrate(joined([gold, heard]), shipped(USUAL), Rule(), 0)

    gains = [each.verdicts[0].duels[SHIPPED].brier.mean for each in (alone, both)]
    # Had it been learnt from, each prompt's own score would pull its forecast the right way.
    assert gains[1] <= gains[0] + 0.005


def test_the_same_seed_finds_the_same() -> None:
    first, second = (calibrate(drawn(USUAL, 60, 3), shipped(USUAL), Rule(), 7) for _ in range(2))

    assert first.verdicts == second.verdicts
    assert (first.trial.foreseen[LOCAL].p_quality == second.trial.foreseen[LOCAL].p_quality).all()


def test_one_model_cannot_be_compared() -> None:
    with pytest.raises(FarthingError, match="two or more models"):
        calibrate(labelled(np.ones((40, 1)), [Category.CHAT] * 40), shipped(USUAL), Rule(), 0)
