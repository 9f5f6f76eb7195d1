"""Own answers are installed where they are the better evidence, and hardly ever by luck."""

from collections.abc import Sequence

import numpy as np
import pytest

from router.domain.category import Category
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.domain.pool import Pool
from router.domain.predictions import Predictions
from router.evaluation.calibration import areas, calibrate
from router.evaluation.forecasts import LOCAL, SHIPPED, ZERO
from router.evaluation.labelled import Labelled
from router.evaluation.local import ZERO_MARGIN, InstallRule
from router.evaluation.significance import LEVEL
from router.evaluation.weak_labels import FeedbackScores, Trust, WeakLabels
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
    return {
        *calibrate(drawn(truth, prompts, seed), shipped(thought), InstallRule(), seed).to_install
    }


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
    found = calibrate(drawn(one, 150, 1), shipped(USUAL), InstallRule(), 0)

    assert {*found.to_install} == {Category.MATHS}
    (verdict,) = found.verdicts
    assert verdict.comparisons[ZERO].value.mean == pytest.approx(0.0, abs=0.005)


def test_a_strict_rule_wants_more_than_the_best_fixed_choice() -> None:
    one = {Category.MATHS: (0.95, 0.75, 0.8)}
    found = calibrate(drawn(one, 150, 1), shipped(USUAL), InstallRule(is_strict=True), 0)

    assert not found.to_install
    assert "not significantly better than Zero" in found.verdicts[0].why_not


def test_too_few_prompts_say_nothing() -> None:
    found = calibrate(
        drawn({Category.MATHS: (1.0, 0.0, 0.0)}, 29, 0), shipped(USUAL), InstallRule(), 0
    )

    assert found.verdicts[0].why_not == "needs 30 prompts that every model has answered"


def test_a_question_that_is_repeated_is_one_question() -> None:
    scores = np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), (40, 1))
    prompts = [f"What is it?  ({place % 2})" for place in range(80)]
    found = calibrate(
        labelled(scores, [Category.CHAT] * 80, prompts), shipped(USUAL), InstallRule(), 0
    )

    assert len(found.labelled) == 2
    assert not found.to_install


def test_feedback_helps_to_estimate_and_judges_nothing() -> None:
    gold = drawn({Category.MATHS: (0.9, 0.9, 0.9)}, 60, 0)
    unhappy = WeakLabels({(Category.MATHS, "large"): FeedbackScores(40, 0.0)})
    alone = calibrate(gold, shipped(USUAL), InstallRule(), 0)
    both = calibrate(gold, shipped(USUAL), InstallRule(), 0, unhappy)

    assert len(both.trial.judged) == len(alone.trial.judged) == 60
    before, after = (each.measured[Category.MATHS].models["large"] for each in (alone, both))
    assert after.p < before.p
    assert after.answers == 100


def test_what_is_judged_is_what_would_be_installed() -> None:
    """Feedback that gold labels contradict makes it worse there, too, and is so kept out."""
    gold = drawn({Category.MATHS: (0.95, 0.75, 0.8)}, 150, 1)
    liars = {
        (Category.MATHS, "small"): FeedbackScores(4000, 0.0),
        (Category.MATHS, "large"): FeedbackScores(4000, 1.0),
    }
    alone = calibrate(gold, shipped(USUAL), InstallRule(), 0)
    both = calibrate(gold, shipped(USUAL), InstallRule(), 0, WeakLabels(liars, Trust(1.0)))

    assert {*alone.to_install} == {Category.MATHS}
    assert not both.to_install


class Oracle:
    """A server that knows beforehand which answers will be right."""

    def __init__(self, known: Labelled) -> None:
        self._scores = dict(zip(known.outcomes.prompt_ids, known.outcomes.scores, strict=True))

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        p = np.array([self._scores[each] for each in prompt_ids])
        unknown = np.full(p.shape, np.nan)
        return Predictions(tuple(prompt_ids), pool.names, p, np.zeros(p.shape), unknown, unknown)


def test_own_answers_are_held_against_what_the_server_predicts_and_not_against_abilities() -> None:
    """Abilities are far off here; but where prompts tell more than their category, they win."""
    gold = drawn({Category.MATHS: (0.95, 0.75, 0.8)}, 150, 1)
    plain = shipped(USUAL)
    assert {*calibrate(gold, plain, InstallRule(), 0).to_install} == {Category.MATHS}

    found = calibrate(gold, replace(plain, served=Oracle(gold)), InstallRule(), 0)

    assert not found.to_install
    assert found.verdicts[0].why_not.startswith("worse than shipped: value -0.")
    assert areas(found.trial)[SHIPPED] > areas(found.trial)[LOCAL]
    assert found.measured == calibrate(gold, plain, InstallRule(), 0).measured


def test_a_choice_that_may_be_worse_than_zero_is_not_installed_though_shipped_is_worse_still() -> (
    None
):
    """Forty answers are too few to be sure that the small model is the better one."""
    gold = drawn({Category.MATHS: (0.95, 0.75, 0.8)}, 40, 0)
    (maths,) = calibrate(gold, shipped(USUAL), InstallRule(), 0).verdicts

    assert maths.comparisons[SHIPPED].is_won
    assert maths.comparisons[ZERO].value.low < -ZERO_MARGIN
    assert maths.why_not.startswith("may choose worse than Zero: by up to 0.")


def test_the_rule_is_one_sentence() -> None:
    assert str(InstallRule()) == (
        "A category is installed where own answers predict held-out questions significantly better than what"
        " is shipped (one-sided 5%, Holm), and choose at least as well as Zero (lower bound within 0.02"
        " of its value)."
    )


def test_the_same_seed_finds_the_same() -> None:
    first, second = (
        calibrate(drawn(USUAL, 60, 3), shipped(USUAL), InstallRule(), 7) for _ in range(2)
    )

    assert first.verdicts == second.verdicts
    assert (first.trial.foreseen[LOCAL].p_quality == second.trial.foreseen[LOCAL].p_quality).all()


def test_one_model_cannot_be_compared() -> None:
    with pytest.raises(FarthingError, match="two or more models"):
        calibrate(
            labelled(np.ones((40, 1)), [Category.CHAT] * 40), shipped(USUAL), InstallRule(), 0
        )
