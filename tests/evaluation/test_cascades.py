"""Two models before a third, offline: what is predicted, what happens, and when it is chosen."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.agreeing import Agreeing, Habits
from router.domain.arrays import Floats
from router.domain.estimate import QualityEstimate
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.predictions import Predictions
from router.evaluation.baselines import category_cascade, fixed_pair
from router.evaluation.cascades import (
    RISK,
    Ways,
    averaged,
    came_of,
    foreseen,
    ways_of,
    within,
)
from router.evaluation.crossing import Forecast
from router.evaluation.folds import Split
from router.evaluation.judge import judged
from router.evaluation.replay import Menu, replayed
from router.evaluation.resampling import Resamples
from router.evaluation.sweep import chosen
from tests.evaluation.made_up import outcomes

HABITS = Habits(alike=0.4, same_right=1.0, same_wrong=0.1, easier=1.5, harder=-1.5)
SURE = Agreeing(HABITS, (0.0,) * 5, 0.0, 0.0)
COSTS = [0.1, 0.2, 1.0]
SCORED = [[1, 1, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]]
ANSWERS = np.array(
    [["a", "a", "a"], ["x", "y", "b"], ["c", "z", "c"], ["w", "w", "d"]], dtype=np.object_
)


def table(repeat: int = 1) -> Outcomes:
    """Two cheap models that agree rightly, differ, differ, and agree wrongly; the expensive one is always right."""
    known = outcomes(SCORED * repeat, [COSTS] * 4 * repeat, ["a/1", "a/1", "a/2", "a/2"] * repeat)
    return replace(known, answers=np.tile(ANSWERS, (repeat, 1)))


def quality(p: float) -> QualityEstimate:
    return QualityEstimate(p, 0.0)


def told(
    known: Outcomes,
    p: Sequence[float] | Floats = (0.7, 0.72, 0.8),
    agreeing: Agreeing | None = SURE,
) -> Predictions:
    rows = np.broadcast_to(np.asarray(p, dtype=float), known.scores.shape)
    unknown = np.full(rows.shape, np.nan)
    agree = () if agreeing is None else (agreeing,) * len(known)
    return Predictions(
        known.prompt_ids, known.models, rows, 0 * rows, known.costs_usd, unknown, agree
    )


ONE = Ways(3, np.array([0]), np.array([1]), np.array([2]))

# ------------------------------------------------------------------------------ what happens


def test_an_equal_answer_is_taken_and_else_the_third_is_paid_as_well() -> None:
    came = came_of(table(), ONE, told(table()).p_quality)

    assert came.scores[:, 3].tolist() == [1, 1, 1, 0]
    assert came.costs_usd[:, 3] == pytest.approx([0.3, 1.3, 1.3, 0.3])
    assert came.scores[:, :3].tolist() == SCORED


def test_of_equal_answers_that_score_differently_the_better_model_s_is_taken() -> None:
    known = replace(table(), scores=np.array([[1, 0, 1], *SCORED[1:]], dtype=float))
    worse, better = (
        came_of(known, ONE, told(known, p).p_quality) for p in ([0.5, 0.6, 1], [0.6, 0.5, 1])
    )

    assert (worse.scores[0, 3], better.scores[0, 3]) == (0.0, 1.0)


def test_answers_that_nobody_could_parse_agree_with_nothing() -> None:
    blank = replace(table(), answers=np.full((4, 3), None, dtype=np.object_))

    assert came_of(blank, ONE, told(blank).p_quality).costs_usd[:, 3] == pytest.approx(1.3)
    assert len(ways_of(told(blank), blank)) == 3


def test_every_pair_may_come_before_every_third_model() -> None:
    assert len(ways_of(told(table()), table())) == 3 + 3
    assert len(Ways.among(12, np.arange(12))) == 12 + 66 * 10
    assert len(ways_of(told(table(), agreeing=None), table())) == 3


def test_of_a_large_pool_the_models_on_the_outermost_hulls_are_thought_of() -> None:
    count = 30
    costs = np.arange(1.0, count + 1)
    p = np.where(np.arange(count) % 3 == 0, costs / 40, costs / 80)
    known = outcomes([[1.0] * count] * 2, [costs.tolist()] * 2)
    known = replace(known, answers=np.full((2, count), "a", dtype=np.object_))
    ways = ways_of(told(known, p), known)

    assert len(set(ways.finals.tolist())) == 12
    assert set(range(0, count, 3)) <= set(ways.finals.tolist())


# ------------------------------------------------------------------------------ what is predicted


def test_a_cascade_is_as_good_as_its_third_model_and_what_the_pair_brings() -> None:
    found = foreseen(told(table()), ONE)
    prospect = SURE.between(*(quality(p) for p in (0.7, 0.72, 0.8)))

    assert found.qualities[:, 3] == pytest.approx(0.8 + prospect.gain)
    assert found.costs_usd[:, 3] == pytest.approx(0.3 + (1 - prospect.p_accept) * 1.0)
    assert found.least == pytest.approx(found.qualities)


def test_a_pair_as_dear_as_the_third_model_is_not_worth_a_thought() -> None:
    backwards = Ways(3, np.array([0]), np.array([2]), np.array([1]))
    found = foreseen(told(table()), backwards)

    assert found.costs_usd[:, 3] == pytest.approx(0.1 + 1.0 + 0.2)
    assert found.qualities[:, 3] == pytest.approx(0.72)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.2),
)
def test_what_is_chosen_is_expected_to_lose_no_more_than_is_allowed(
    p: list[float], loss: float, sd: float
) -> None:
    found = foreseen(told(table(), p, replace(SURE, gain_sd=sd)), ways_of(told(table()), table()))
    choice = int(within(found, loss)[0, 0])

    assert found.qualities[0, choice] >= max(p) - loss - 1e-9
    assert found.costs_usd[0, choice] <= found.costs_usd[0, int(np.argmax(p))] + 1e-9
    if choice >= 3:
        assert found.least[0, choice] >= max(p) - max(RISK, loss) - 1e-9
        assert p[found.ways.finals[choice - 3]] >= max(p) - 1e-9


def test_a_cascade_that_may_lose_much_is_not_chosen_however_little_it_is_expected_to() -> None:
    sure, unsure = (
        within(foreseen(told(table(), agreeing=replace(SURE, gain_sd=sd)), ONE), 0.01)
        for sd in (0.01, 0.2)
    )

    assert (sure == 3).all()
    assert (unsure == 2).all()


# ------------------------------------------------------------------------------------- replays


def calls(menu: Menu, loss: float | None = None) -> list[tuple[str, ...]]:
    strategy = menu.by_lambdas([0.1])[0] if loss is None else menu.within([loss])[0]
    return [each.calls for each in replayed(table(), {"here": strategy})]


def test_the_third_model_is_called_only_where_the_two_differ() -> None:
    found = list(
        replayed(table(), {"here": Menu(told(table()), ONE, is_forced=True).by_lambdas([0.0])[0]})
    )

    assert [each.calls for each in found] == [
        ("m0", "m1"),
        ("m0", "m1", "m2"),
        ("m0", "m1", "m2"),
        ("m0", "m1"),
    ]
    assert [each.model for each in found] == ["m1", "m2", "m2", "m1"]


def test_what_is_replayed_is_what_would_have_come() -> None:
    predictions, ways = told(table()), ways_of(told(table()), table())
    menu = foreseen(predictions, ways)
    for lambda_ in (0.0, 0.1, 1.0, 10.0):
        picks = chosen(menu.qualities, menu.costs_usd, np.array([lambda_]))
        came = came_of(table(), ways, predictions.p_quality).picked(picks)
        names = [
            each.model
            for each in replayed(
                table(), {"here": Menu(predictions, ways).by_lambdas([lambda_])[0]}
            )
        ]
        columns = [table().models.index(name) for name in names]

        assert came.scores[:, 0].tolist() == table().scores[np.arange(4), columns].tolist()


def test_many_prompts_are_decided_like_few() -> None:
    """They are looked at in parts, of a thousand."""
    many, few = table(525), table()
    p = np.random.default_rng(0).uniform(0.3, 0.9, (4, 3))
    ways, lambdas = Ways.among(3, np.arange(3)), np.array([0.0, 0.3, 3.0])

    def tables(known: Outcomes, qualities: Floats) -> list[Floats]:
        menu = foreseen(told(known, qualities), ways)
        came = came_of(known, ways, qualities)
        picks = chosen(menu.qualities, menu.costs_usd, lambdas).astype(np.float64)
        split = Split(np.arange(len(known)) % 2, ("one", "other"))
        best = category_cascade(known, split, ways)
        mean = averaged(told(known, qualities), ways).qualities.round(9).repeat(len(known), axis=0)
        came_of_all = [came.scores, came.costs_usd, best.scores, best.costs_usd]
        return [menu.qualities, menu.costs_usd, menu.least, picks, mean, *came_of_all]

    for whole, part in zip(tables(many, np.tile(p, (525, 1))), tables(few, p), strict=True):
        np.testing.assert_array_equal(whole, np.tile(part, (525, 1)))


def test_what_many_cascades_of_many_prompts_come_to_is_never_there_all_at_once() -> None:
    """Tables of all of them would take 1.6 GB for 100,000 prompts and 12 models, and 0.5 GB for each setting."""
    prompts, models = 6000, 10
    unknown = np.full((prompts, models), np.nan)
    p = np.random.default_rng(0).uniform(0.3, 0.9, (prompts, models))
    names = tuple(f"m{number}" for number in range(models))
    predictions = Predictions(tuple(map(str, range(prompts))), names, p, 0 * p, p, unknown)
    ways = Ways.among(models, np.arange(models))
    tracemalloc.start()
    strategies = Menu(predictions, ways).by_lambdas(np.linspace(0, 2, 20).tolist())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(strategies) == 20
    assert peak < 3 * prompts * len(ways) * 8


def test_one_pair_for_all_is_the_same_for_every_prompt() -> None:
    p = np.array([[0.7, 0.72, 0.8], [0.1, 0.2, 0.9], [0.7, 0.72, 0.8], [0.3, 0.3, 0.9]])
    menu = Menu(told(table(), p), ways_of(told(table()), table()), is_forced=True)

    assert {found[:2] for found in calls(replace(menu, is_alike=True), 1.0)} == {("m0", "m1")}


def test_a_forced_cascade_that_is_not_adequate_leaves_it_to_the_best_model() -> None:
    unsure = replace(SURE, gain_sd=0.5)
    menu = Menu(told(table(), agreeing=unsure), ONE, is_forced=True)

    assert set(calls(menu, 0.01)) == {("m2",)}


# ----------------------------------------------------------------------------------- evaluations


def forecast(known: Outcomes, agreeing: Agreeing | None = SURE) -> Forecast:
    folds = np.arange(len(known)) // 4 % 2
    return Forecast(known, Split(folds, ("one", "other")), told(known, agreeing=agreeing))


def test_a_dataset_goes_by_what_went_best_with_it_on_the_other_folds() -> None:
    known = table(20)
    found = category_cascade(known, forecast(known).split, ONE)

    # On a/1 the pair is as good as the expensive model for .8 instead of 1; on a/2 it is wrong half the time.
    assert found.scores[:, 0].mean() == 1.0
    assert found.costs_usd[:, 1].mean() == pytest.approx((0.8 + 1.0) / 2)
    assert fixed_pair(known, forecast(known).split, ONE).scores.mean() == pytest.approx(0.75)


def test_an_evaluation_tells_pairs_where_there_is_something_to_compare() -> None:
    known, samples = table(20), Resamples.drawn(80, 10, seed=0)
    with_pairs = [row.name for row in judged(forecast(known), samples).rows]
    without = [row.name for row in judged(forecast(known, None), samples).rows]

    assert set(with_pairs) - set(without) == {"cascade", "router, one call"}


def test_the_fixed_setting_is_told_beside_the_best_single_model() -> None:
    found = judged(forecast(table(20)), Resamples.drawn(80, 10, seed=0)).fixed

    assert found.gain.estimate == pytest.approx(-0.25)
    assert found.cost_share.estimate == pytest.approx(0.8)
    assert np.isnan(found.lambda_per_usd)
