"""Cascades are installed where own answers say surely that they pay, and hardly ever by luck."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.agreeing import Agreeing, Habits
from router.domain.cascade import Prospect
from router.domain.category import Category
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.members import replace
from router.evaluation.calibration import calibrate
from router.evaluation.cascades import RISK
from router.evaluation.labelled import Labelled
from router.evaluation.local import InstallRule
from router.evaluation.own_cascades import MOST_INSTALLED, MOST_PAIRS, Attempt, cheapest_mix, judged
from router.evaluation.own_prospects import NOTHING_LEARNT, Agreements, before, shrunk
from router.evaluation.significance import LEVEL, Gain
from tests.evaluation import own
from tests.evaluation.own import shipped
from tests.evaluation.own_answers import KNOWLEDGE, MATHS, THOUGHT, answering, at_prices, calibrated

RUNS = 30


def attempt(found: Labelled, category: Category = MATHS) -> Attempt:
    return next(each for each in calibrated(found).attempts if each.category is category)


# ------------------------------------------------------------------------ what is installed


def test_a_pair_that_pays_is_installed_and_one_that_shares_its_mistakes_is_not() -> None:
    found = calibrated(answering({MATHS: 0.0, KNOWLEDGE: 0.95}, 400))

    assert {*found.cascades.categories} == {MATHS}
    (cascade,) = found.cascades.categories[MATHS]
    assert cascade.models == ("middle", "small", "large")
    assert (cascade.prompts, cascade.prospect.source) == (400, EstimateSource.LOCAL)
    # Both are right in 64 of 100; of these the large one would have been right in 90.
    assert cascade.prospect.p_accept == pytest.approx(0.64, abs=0.05)
    assert cascade.prospect.gain == pytest.approx(0.064, abs=0.03)
    assert cascade.prospect.differs == pytest.approx(0.064, abs=0.03)


def test_what_was_tried_is_told_with_what_speaks_against_it() -> None:
    found = answering({MATHS: 0.0, KNOWLEDGE: 0.95}, 400)
    (pays,), (shares,) = attempt(found).tried, attempt(found, KNOWLEDGE).tried

    assert (pays.right, pays.why_not) == (1.0, "")
    assert pays.saving.low > 0.0 < pays.gain.low
    assert shares.agreement > 0.9
    assert shares.right == pytest.approx(0.8, abs=0.05)
    assert shares.why_not == f"clearly loses {-shares.gain.high:.3f} in quality or more: never used"


def test_what_surely_loses_is_never_used_and_what_only_may_is_left_to_what_was_learnt() -> None:
    found = calibrated(answering({MATHS: 0.0, KNOWLEDGE: 0.95}, 400))
    doubtful = calibrated(answering({KNOWLEDGE: 0.6}, 60))

    assert found.cascades.refuted == {KNOWLEDGE: (("middle", "small", "large"),)}
    assert not doubtful.cascades
    assert doubtful.attempts[0].tried[0].why_not.startswith("may ")


@pytest.mark.parametrize(
    ("chances", "refuted"),
    [
        ((0.03,) * 10, 0),
        ((0.002, *(0.03,) * 9), 1),
        ((0.003, *(0.03,) * 9), 0),
        ((0.03,), 0),
        ((0.02,), 1),
    ],
)
@pytest.mark.parametrize("part", ["gain", "saving"])
def test_of_many_that_lose_by_luck_none_is_refuted(
    chances: tuple[float, ...], refuted: int, part: str
) -> None:
    """Each of them is tested for two things."""
    unsure = Gain(-0.1, -0.2, -0.01, 1.0, 1.0)
    (usual,) = attempt(answering({MATHS: 0.0}, 100)).tried
    parts: dict[str, Any] = {"gain": unsure, "saving": unsure}
    tried = (
        replace(
            usual,
            models=(str(number), "small", "large"),
            **parts | {part: replace(unsure, p_loss=chance)},
        )
        for number, chance in enumerate(chances)
    )
    (found,) = judged([Attempt(MATHS, 100, tuple(tried))])

    assert len(found.refuted) == refuted
    assert sum(each.why_not.startswith("clearly") for each in found.tried) == refuted


def test_thirty_prompts_install_nothing() -> None:
    found = attempt(answering({MATHS: 0.0}, 30))

    assert (found.tried, found.prompts) == ((), 30)
    assert found.why_not == "needs 50 prompts with answers of every model"


def test_a_pair_that_costs_as_much_as_it_saves_is_installed_hardly_ever() -> None:
    """It settles 64 of 100 requests, and costs 0.64 of the final model."""
    prices = (0.0032, 0.0032, 0.01)
    taken_in = sum(
        bool(
            calibrated(
                at_prices(answering({MATHS: 0.0}, 200, seed), prices), seed
            ).cascades.categories
        )
        for seed in range(RUNS)
    )

    assert taken_in <= LEVEL * RUNS + 2 * (LEVEL * (1 - LEVEL) * RUNS) ** 0.5


def test_a_pair_nearly_as_dear_as_the_final_model_is_not_looked_at() -> None:
    found = attempt(at_prices(answering({MATHS: 0.0}, 100), (0.004, 0.004, 0.01)))

    assert found.why_not == "no two models cost less than 70% of the best one"


def test_where_one_cheap_model_is_as_good_it_is_the_rival_and_not_the_dear_one() -> None:
    """The small one alone says all that the pair says, and the middle one is paid for nothing."""
    (tried,) = attempt(answering({MATHS: 1.0}, 400, right=(0.9, 0.9, 0.9))).tried

    assert tried.gain.low > -RISK
    assert tried.saving.high < 0.0
    assert tried.why_not == "clearly saves nothing: never used"


def test_of_many_pairs_the_best_three_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a", "b", "c", "d", "large")
    monkeypatch.setattr(own, "NAMES", names)
    monkeypatch.setattr(own, "USD", (0.0001, 0.0002, 0.0003, 0.0004, 0.01))
    right = (0.85, 0.85, 0.85, 0.85, 0.9)
    found = calibrate(
        answering({MATHS: 0.0}, 400, right=right), shipped({MATHS: right}), InstallRule(), 0
    )
    tried = found.attempts[0].tried

    assert len(tried) == MOST_PAIRS
    assert [each.why_not for each in tried] == ["", "", "", *["3 others save more"] * 2]
    assert len(found.cascades.categories[MATHS]) == MOST_INSTALLED
    assert [each.saving.mean for each in tried] == sorted(
        (each.saving.mean for each in tried), reverse=True
    )


def test_without_answers_there_is_nothing_to_compare() -> None:
    found = answering({MATHS: 0.0}, 200)
    silent = np.full(found.outcomes.answers.shape, None, dtype=np.object_)

    assert (
        calibrated(replace(found, outcomes=replace(found.outcomes, answers=silent))).attempts == ()
    )


# ------------------------------------------------------------------------------ what is counted


def test_a_question_that_is_repeated_counts_once() -> None:
    found = answering({MATHS: 0.0}, 100)
    twice = found.at([*range(100), *range(100)])
    again = replace(twice.outcomes, prompt_ids=tuple(f"p{place}" for place in range(200)))

    assert attempt(replace(twice, outcomes=again)).prompts == 100


def test_the_more_is_asked_the_less_is_sure() -> None:
    """A pair that settles nothing is looked at as well, which doubles how likely it is that luck did the other."""
    found = answering({MATHS: 0.0, KNOWLEDGE: 0.0}, 300)
    answers = found.outcomes.answers.copy()
    answers[found.of_category(KNOWLEDGE), 1] = None
    both = replace(found, outcomes=replace(found.outcomes, answers=answers))
    alone = attempt(both.at(both.of_category(MATHS))).tried[0]
    besides = attempt(both).tried[0]

    assert attempt(both, KNOWLEDGE).tried[0].agreement == 0.0
    assert besides.gain == alone.gain
    assert besides.p_value == pytest.approx(2 * alone.p_value)


def test_what_was_learnt_before_has_a_say_in_what_is_expected() -> None:
    found = answering({MATHS: 0.0}, 60)
    habits = Habits(0.9, 1.0, 1.0, 0.0, 0.0)
    sure = Agreeing(habits, (0.0,) * 5, 0.001, 0.001)
    taught = replace(shipped(THOUGHT, sd=0.001), learnt=lambda _: sure)
    plain, moved = (
        calibrate(found, each, InstallRule(), 0).attempts[0].tried[0]
        for each in (shipped(THOUGHT), taught)
    )

    assert moved.gain == plain.gain
    assert moved.expected.p_accept > plain.expected.p_accept + 0.1
    assert moved.expected.gain < plain.expected.gain - 0.01


def test_the_same_seed_finds_the_same() -> None:
    first, second = (calibrated(answering({MATHS: 0.0}, 120), 7) for _ in range(2))

    assert first.attempts == second.attempts


# ---------------------------------------------------------------- what it is measured against


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(1e-5, 1e-1)), min_size=1, max_size=6),
    st.floats(0.0, 1.0),
)
def test_a_mix_is_as_good_as_it_is_asked_to_be_as_far_as_models_are(
    models: list[tuple[float, float]], quality: float
) -> None:
    means, costs = np.array(models).T
    shares = cheapest_mix(means, costs, quality)

    assert (shares >= 0.0).all()
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ means >= min(quality, means.max()) - 1e-9
    as_good = costs[means >= quality]
    if as_good.size:
        assert shares @ costs <= as_good.min() + 1e-12


# ------------------------------------------------------------------ from few prompts to many

SHARES = st.floats(0.02, 0.98)
LEARNT = Prospect(0.6, 0.03, 0.01, 0.02, EstimateSource.ARTEFACT, differs=0.03)


def seen(count: int, agreed: float, right: float) -> Agreements:
    """The first prompts are agreed upon, and of these the first ones won, by an answer that differs."""
    are = np.arange(count) < agreed * count
    won = np.arange(count) < right * agreed * count
    return Agreements(are, won, won.astype(np.float64))


def test_few_prompts_move_what_was_learnt_a_little_and_many_replace_it() -> None:
    few, many = (shrunk(LEARNT, seen(count, 0.9, 0.2)) for count in (10, 5000))

    assert few.p_accept == pytest.approx(0.6, abs=0.03)
    assert few.gain == pytest.approx(LEARNT.gain, abs=0.01)
    assert many.p_accept == pytest.approx(0.9, abs=0.02)
    assert many.gain == pytest.approx(0.18, abs=0.02)


@given(st.integers(1, 300), SHARES, SHARES)
def test_what_is_expected_lies_between_what_was_learnt_and_what_was_seen(
    count: int, agreed: float, right: float
) -> None:
    given_ = seen(count, agreed, right)
    found = shrunk(LEARNT, given_)

    for got, sides in (
        (found.p_accept, (LEARNT.p_accept, given_.agreed.mean())),
        (found.gain, (LEARNT.gain, given_.gains.mean())),
        (found.differs, (LEARNT.differs, given_.differs.mean())),
    ):
        assert min(sides) - 1e-9 <= got <= max(sides) + 1e-9
    assert found.gain_sd <= LEARNT.gain_sd


def test_no_sample_makes_sure_of_everything() -> None:
    """Fifty prompts on which the final model said the same every time are no proof that it always does."""
    found = shrunk(NOTHING_LEARNT, seen(50, 1.0, 0.0))

    assert found.gain_sd > 0.02
    assert found.p_accept < 1.0


def test_what_was_learnt_before_is_the_mean_over_the_prompts() -> None:
    models = [QualityEstimate(p, 0.05) for p in (0.7, 0.8, 0.9)]
    habits = (Habits(0.3, 0.9, 0.2, 0.5, -0.5), Habits(0.3, 0.9, 0.8, 0.5, -0.5))
    kinds = [Agreeing(each, (0.01,) * 5, 0.02, 0.01) for each in habits]
    one, other, both = before(kinds[:1], models), before(kinds[1:], models), before(kinds, models)

    assert both.p_accept == pytest.approx((one.p_accept + other.p_accept) / 2)
    assert both.gain == pytest.approx((one.gain + other.gain) / 2)
    assert before((), models) == NOTHING_LEARNT
