"""Judging a forecast: what its choices achieve, compared with what needs no forecast."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.arrays import Floats
from router.domain.errors import FarthingError
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool, PoolModel
from router.domain.predictions import Forecaster, Predictions
from router.evaluation.crossing import Forecast, forecast, gathered, held_out, priced
from router.evaluation.folds import Split, by_dataset, by_prompt
from router.evaluation.judge import EVERYTHING, Evaluation, judged
from router.evaluation.resampling import Resamples
from router.evaluation.standing import CASCADE, ONE_CALL, ROWS, Standing
from tests.evaluation.made_up import any_outcomes, outcomes

# Every other prompt is hard: only the expensive model m1 is right there.
KINDS = ["made/easy", "made/hard"] * 10
SHOP = outcomes([[1.0, 1.0], [0.0, 1.0]] * 10, [[0.1, 1.0]] * 20, KINDS)


def pool_of(table: Outcomes) -> Pool:
    return Pool("made", tuple(PoolModel(name, 1.0, 1.0) for name in table.models))


def predicted(table: Outcomes, p: Floats, split: Split | None = None) -> Forecast:
    """A forecast that says `p` of every prompt and model, and knows the costs."""
    unknown = np.full(p.shape, np.nan)
    told = Predictions(table.prompt_ids, table.models, p, 0 * p, table.costs_usd, unknown)
    return Forecast(table, split or by_prompt(table, 2, seed=0), told)


def found(told: Forecast, samples: int = 20) -> Evaluation:
    return judged(told, Resamples.drawn(len(told.outcomes), samples, seed=0))


def standings(evaluation: Evaluation) -> dict[str, Standing]:
    return {row.name: row.standing for row in evaluation.rows}


# ----------------------------------------------------------------------------------- judged


def test_a_router_that_knows_the_answers_stands_with_the_oracle() -> None:
    rows = standings(found(predicted(SHOP, SHOP.scores)))

    assert list(rows) == [name for name in ROWS if name not in (CASCADE, ONE_CALL)]
    assert rows["router"] == rows["oracle"]
    # From .5 at .10 dollars up to 1 at .55, then flat: (.45 * .75 + .45 * 1) / .9.
    assert rows["oracle"].aiq.estimate == pytest.approx(0.875)
    assert rows["zero"].aiq.estimate == pytest.approx(0.75)
    assert rows["router"].aiq_above_zero.estimate == pytest.approx(0.125)
    assert rows["router"].saved_at_best_quality.estimate == pytest.approx(0.45)
    assert rows["zero"].saved_at_95.estimate == pytest.approx(0.09)
    assert rows["zero"].quality_at_best_cost.estimate == pytest.approx(1.0)
    assert rows["zero"].gain_at_best_cost.estimate == pytest.approx(0.0)


def test_a_router_without_an_opinion_is_the_cheapest_model_alone() -> None:
    told = found(predicted(SHOP, np.full((20, 2), 0.5)))
    rows = standings(told)

    assert rows["router"].aiq.estimate == pytest.approx(0.5)
    assert rows["router"].saved_at_95.estimate == float("-inf")
    assert rows["router + single models"].aiq == rows["zero"].aiq
    assert told.quality_first.gain.estimate == pytest.approx(-0.5)
    assert told.quality_first.cost_share.estimate == pytest.approx(0.1)


def test_who_knows_the_dataset_stands_with_the_oracle_where_it_says_all() -> None:
    rows = standings(found(predicted(SHOP, SHOP.scores)))

    assert rows["category mean"].aiq.estimate == pytest.approx(rows["oracle"].aiq.estimate)


def test_predictions_are_judged_model_by_model_and_together() -> None:
    p = np.array([[0.9, 0.8], [0.2, 0.8]] * 10)
    told = found(predicted(SHOP, p))
    small, large = told.models

    assert (small.telling.auc.estimate, small.quality.estimate) == (1.0, 0.5)
    assert small.telling.ece.estimate == pytest.approx(0.15)
    assert np.isnan(large.telling.auc.estimate)
    # All 30 good answers lie above all 10 bad ones. Bins: .9 off by .1, .8 by .2 (twice), .2 by .2.
    assert told.telling.auc.estimate == 1.0
    assert told.telling.ece.estimate == pytest.approx((0.1 + 0.4 + 0.2) / 4)
    assert told.models[told.best].name == "m1"


def test_two_models_have_a_pair_of_all_prompts_and_of_each_source() -> None:
    sources = ["made/easy/a", "made/easy/b", "made/hard/a", "made/hard/b"] * 5
    told = found(predicted(replace(SHOP, datasets=tuple(sources)), SHOP.scores))

    assert list(told.pairs) == [EVERYTHING, "made/easy", "made/hard"]
    assert [pair.prompts for pair in told.pairs.values()] == [20, 10, 10]
    every = told.pairs[EVERYTHING]
    assert (every.weak, every.strong) == ("m0", "m1")
    assert every.cpt[0.5].estimate <= 0.5


def test_more_models_than_two_are_no_pair() -> None:
    table = outcomes([[0.0, 0.5, 1.0]] * 6, [[0.1, 0.2, 0.3]] * 6)

    assert found(predicted(table, table.scores)).pairs == {}


def test_the_arena_s_setting_is_the_best_one() -> None:
    told = found(predicted(SHOP, SHOP.scores))

    assert told.best_in_arena.arena.estimate >= told.quality_first.arena.estimate


@settings(max_examples=25)
@given(any_outcomes(), st.integers(0, 1000))
def test_whatever_is_predicted_the_oracle_is_above_it_and_intervals_hold_it(
    table: Outcomes, seed: int
) -> None:
    p = np.random.default_rng(seed).random(table.scores.shape)
    rows = standings(found(predicted(table, p)))

    for standing in rows.values():
        assert rows["oracle"].aiq.estimate >= standing.aiq.estimate - 1e-3
        assert standing.aiq.low <= standing.aiq.estimate <= standing.aiq.high
        assert standing.saved_at_95.estimate >= standing.saved_at_best_quality.estimate - 1e-9
    for name in ("category mean", "router + single models", "oracle"):
        assert rows[name].aiq.estimate >= rows["zero"].aiq.estimate - 1e-3
    assert rows["zero"].saved_at_best_quality.estimate >= -1e-9


# --------------------------------------------------------------------------------- held out


class Parrot:
    """Predicts of every prompt whether it was among those that it learnt from."""

    def __init__(self, train: Outcomes) -> None:
        self._seen = set(train.prompt_ids)

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        shape = (len(prompts), len(pool.models))
        p = np.array([[float(each in self._seen)] * shape[1] for each in prompt_ids])
        zero = np.zeros(shape)
        return Predictions(tuple(prompt_ids), pool.names, p, zero, zero + 0.1, zero)


def parrot(train: Outcomes, pool: Pool, seed: int) -> Forecaster:
    assert pool.names == train.models
    assert seed == 5
    return Parrot(train)


@pytest.mark.parametrize("split", [by_prompt(SHOP, 5, seed=0), by_dataset(SHOP)])
def test_no_prompt_is_predicted_by_what_has_seen_it(split: Split) -> None:
    pool = pool_of(SHOP)
    parts = [forecast(fold, pool, parrot, seed=5) for fold in held_out(SHOP, split)]
    told = gathered(SHOP, split, parts)

    assert told.predictions.prompt_ids == told.outcomes.prompt_ids == SHOP.prompt_ids
    assert told.predictions.p_quality.max() == 0.0


class Counter:
    """Predicts the number in a prompt's id, as a share of a hundred."""

    def predict(self, prompts: Sequence[str], pool: Pool, prompt_ids: Sequence[str]) -> Predictions:
        p = np.array([[int(each[1:]) / 100] * len(pool.models) for each in prompt_ids])
        return Predictions(tuple(prompt_ids), pool.names, p, 0 * p, 0 * p, 0 * p)


def test_predictions_of_all_folds_come_back_in_the_order_of_the_prompts() -> None:
    split = by_prompt(SHOP, 5, seed=0)
    folds = held_out(SHOP, split)
    parts = [forecast(fold, pool_of(SHOP), lambda *_: Counter(), seed=0) for fold in folds]
    found = gathered(SHOP, split, parts).predictions

    assert (found.p_quality[:, 0] * 100).round().tolist() == list(range(20))


def test_a_dataset_that_is_held_out_is_not_learnt_from() -> None:
    folds = list(held_out(SHOP, by_dataset(SHOP)))

    assert [fold.name for fold in folds] == ["made/easy", "made/hard"]
    assert [{*fold.train.datasets} for fold in folds] == [{"made/hard"}, {"made/easy"}]


def test_a_question_that_two_datasets_have_is_not_learnt_from() -> None:
    prompts = ["The same?" if number in (0, 1) else f"prompt {number}" for number in range(20)]
    first, second = held_out(replace(SHOP, prompts=tuple(prompts)), by_dataset(SHOP))

    assert "p0001" not in first.train.prompt_ids
    assert "p0000" not in second.train.prompt_ids
    assert len(first.train) == len(second.train) == 9


def test_prompts_that_not_every_model_answered_are_learnt_from_and_not_judged() -> None:
    scores = np.array(SHOP.scores)
    scores[3, 1] = np.nan
    table = replace(SHOP, scores=scores)
    split = by_prompt(table, 4, seed=0)
    folds = list(held_out(table, split))

    assert all("p0003" in fold.train.prompt_ids for fold in folds)
    assert (
        len(
            gathered(table, split, [forecast(f, pool_of(table), parrot, 5) for f in folds]).outcomes
        )
        == 19
    )


def test_a_forecaster_that_leaves_out_a_prompt_is_refused() -> None:
    split = by_prompt(SHOP, 2, seed=0)
    folds = list(held_out(SHOP, split))

    with pytest.raises(ValueError, match="every prompt and every model"):
        gathered(SHOP, split, [forecast(folds[0], pool_of(SHOP), parrot, seed=5)])


# ----------------------------------------------------------------------------------- priced


def test_nominal_costs_take_the_place_of_others() -> None:
    pool = Pool("p", tuple(PoolModel(name, 0, 0, 0.5) for name in SHOP.models), frozenset(), True)
    unscored = replace(SHOP, scores=np.where(SHOP.scores == 0.0, np.nan, SHOP.scores))
    costs = priced(unscored, pool).costs_usd

    assert set(costs[np.isfinite(costs)]) == {0.5}
    assert (np.isnan(costs) == np.isnan(unscored.scores)).all()


def test_outcomes_with_costs_of_their_own_stay_as_they_are() -> None:
    found = priced(SHOP, pool_of(SHOP))

    np.testing.assert_array_equal(found.costs_usd, SHOP.costs_usd)
    others = SHOP.__dataclass_fields__.keys() - {"costs_usd"}
    assert all(getattr(found, name) is getattr(SHOP, name) for name in others)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (replace(SHOP, scores=SHOP.scores * [1.0, np.nan]), "has a score of m1, which pool 'made'"),
        (replace(SHOP, costs_usd=SHOP.costs_usd * [np.nan, 1.0]), "has a cost of m0"),
        (
            outcomes([[np.nan, 1.0], [1.0, np.nan]], [[0.1, 0.1]] * 2),
            "no prompt has a score and a cost of all 2 models",
        ),
    ],
)
def test_outcomes_that_no_pool_can_be_judged_on_are_told(table: Outcomes, said: str) -> None:
    with pytest.raises(FarthingError, match=said):
        priced(table, pool_of(table))
