"""Sweeps and baselines: chosen, and worked out by hand."""

import numpy as np
import pytest
from hypothesis import given

from router.domain.outcomes import Outcomes
from router.evaluation.baselines import category_mean, chance, oracle
from router.evaluation.folds import Split, by_dataset, by_prompt
from router.evaluation.hull import aiq
from router.evaluation.sweep import FINE, Grid, Points, chosen, singles
from tests.evaluation.made_up import any_outcomes, outcomes

# Two kinds of prompts; the cheap model m0 is right only on the first kind, the expensive m1 on all.
KINDS = ["shop/easy"] * 4 + ["shop/hard"] * 4
SHOP = outcomes([[1.0, 1.0]] * 4 + [[0.0, 1.0]] * 4, [[0.1, 1.0]] * 8, KINDS)
HALVES = Split(np.array([0, 1] * 4), ("even", "odd"))


def height(points: Points, table: Outcomes) -> float:
    costs = singles(table).points.costs_usd
    return aiq(points.hull, float(costs.min()), float(costs.max()))


def test_lambda_weighs_cost_against_quality() -> None:
    quality, costs = np.array([[0.6, 0.9]]), np.array([[0.1, 1.0]])
    # The expensive model is .3 better for .9 dollars more: worth it below 1/3 a dollar.
    assert chosen(quality, costs, np.array([0.0, 0.3, 0.4, 100.0])).tolist() == [[1, 1, 0, 0]]


def test_of_equally_good_settings_the_cheapest_is_the_best() -> None:
    assert Points(np.array([3.0, 1.0, 2.0]), np.array([0.9, 0.2, 0.9])).best == 2


def test_of_equally_good_models_the_cheapest_answers() -> None:
    assert chosen(np.array([[0.5, 0.5]]), np.array([[0.2, 0.1]]), np.zeros(1)).tolist() == [[1]]


def test_a_grid_begins_at_any_price_and_ends_at_the_cheapest() -> None:
    costs = np.array([[0.5, 2.0], [0.5, 2.0]])
    lambdas = Grid(1e-2, 1e2, 5).over(costs)

    assert lambdas == pytest.approx([0.0, 0.005, 0.05, 0.5, 5.0, 50.0])
    assert (Grid(1e-2, 1e2, 5).over(np.zeros((1, 2))) == [0.0, 0.01, 0.1, 1.0, 10.0, 100.0]).all()


def test_what_comes_of_choices_is_what_the_chosen_scored_and_cost() -> None:
    found = singles(SHOP).picked(np.array([[0, 1]] * 8)).points

    assert found.qualities.tolist() == [0.5, 1.0]
    assert found.costs_usd == pytest.approx([0.1, 1.0])


def test_the_oracle_pays_for_the_dear_model_only_where_it_must() -> None:
    corners = oracle(SHOP).points.hull

    assert corners.costs_usd == pytest.approx((0.1, 0.55))
    assert corners.qualities == pytest.approx((0.5, 1.0))


def test_who_knows_the_dataset_does_as_well_as_the_oracle_where_that_says_all() -> None:
    found = category_mean(SHOP, HALVES).points.hull

    assert found.qualities == oracle(SHOP).points.hull.qualities
    assert found.costs_usd == pytest.approx(oracle(SHOP).points.hull.costs_usd)


def test_category_means_are_of_the_other_folds_alone() -> None:
    # On even prompts m0 alone is right, on odd ones m1: each fold learns the wrong lesson.
    misled = outcomes([[1.0, 0.0], [0.0, 1.0]] * 4, [[0.1, 0.1]] * 8)

    assert category_mean(misled, HALVES).points.qualities.max() == 0.0


def test_of_a_dataset_that_no_other_fold_has_the_mean_of_all_others_is_taken() -> None:
    found = category_mean(SHOP, by_dataset(SHOP)).scores

    # Held out, the hard prompts are taken for easy ones, and the easy ones for hard ones.
    assert found[4:, 0].tolist() == [0.0] * 4
    assert found[:4, 0].tolist() == [1.0] * 4


def test_chance_mixes_the_cheapest_model_and_the_best() -> None:
    table = outcomes([[0.0, 1.0, 0.5]] * 2, [[0.1, 0.5, 0.9]] * 2)

    assert chance(table).points.qualities.tolist() == [0.0, 1.0]
    assert chance(table).points.costs_usd == pytest.approx([0.1, 0.5])


def beside(some: Points, others: Points) -> Points:
    return Points(
        np.concatenate((some.costs_usd, others.costs_usd)),
        np.concatenate((some.qualities, others.qualities)),
    )


@given(any_outcomes())
def test_nobody_is_above_the_oracle(table: Outcomes) -> None:
    best = height(oracle(table).points, table)
    split = by_prompt(table, 2, seed=0)
    known = beside(category_mean(table, split).points, singles(table).points)

    assert best >= height(known, table) - 1e-3
    assert best >= height(singles(table).points, table) - 1e-3
    assert oracle(table).points.qualities[0] == pytest.approx(table.scores.max(axis=1).mean())


@given(any_outcomes())
def test_whatever_has_the_single_models_in_it_is_not_below_zero(table: Outcomes) -> None:
    zero = height(singles(table).points, table)
    split = by_prompt(table, 2, seed=0)
    both = beside(category_mean(table, split).points, singles(table).points)

    assert height(both, table) >= zero - 1e-9
    assert zero >= height(chance(table).points, table) - 1e-9


@given(any_outcomes())
def test_a_dearer_dollar_never_buys_more(table: Outcomes) -> None:
    lambdas = FINE.over(table.costs_usd)
    found = singles(table).picked(chosen(table.scores, table.costs_usd, lambdas)).points

    assert (np.diff(found.costs_usd) <= 1e-9).all()
    assert (np.diff(found.qualities) <= 1e-9).all()
