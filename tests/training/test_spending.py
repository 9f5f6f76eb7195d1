"""Learning how many tokens a call takes, from what was counted and what was paid."""

import numpy as np
import pytest

from router.domain.arrays import Floats
from router.domain.members import replace
from router.domain.outcomes import Outcomes
from router.domain.pool import Pool, PoolModel
from router.training.spending import billed_outputs, fit_spending
from tests.training.learning import POOL, drawn

LENGTHS = np.full(6, 8.0)
KINDS = np.array([0, 1, 0, 1, 0, 1])


def counted(outputs: Floats) -> Outcomes:
    """Six prompts whose answers took these tokens, and cost what they cost at the prices of POOL."""
    table = drawn(6, kinds=["garden/roses", "harbour/tides"])
    prices = np.array([[each.input_usd_per_1m, each.output_usd_per_1m] for each in POOL.models])
    costs = (table.input_tokens * prices[:, 0] + outputs * prices[:, 1]) / 1e6
    return replace(table, output_tokens=outputs, costs_usd=costs)


def test_tokens_are_means_by_kind() -> None:
    outputs = np.array([[10.0, 100, 1], [20, 200, 2]] * 3) + np.repeat([[0, 5, 10]], 2).reshape(
        6, 1
    )
    found = fit_spending(counted(outputs), POOL, KINDS, LENGTHS, 0.2)

    assert found.outputs == pytest.approx(outputs.reshape(3, 2, 3).mean(axis=0).T)
    assert found.usual == pytest.approx(outputs.mean(axis=0))
    assert found.input_ratios == pytest.approx([2.0, 2.0, 2.0])  # as the table's vendors count


def test_what_was_paid_says_more_than_what_was_counted() -> None:
    """Hidden reasoning is paid and not counted."""
    outputs = np.full((6, 3), 100.0)
    paid = replace(counted(outputs), output_tokens=np.full((6, 3), 7.0))

    assert billed_outputs(paid, POOL, LENGTHS) == pytest.approx(outputs)
    assert billed_outputs(paid, None, LENGTHS).tolist() == np.full((6, 3), 7.0).tolist()


def test_where_nothing_was_paid_the_count_stands_and_no_length_is_below_zero() -> None:
    table = replace(counted(np.full((6, 3), 100.0)), output_tokens=np.full((6, 3), 7.0))
    unpaid = replace(table, costs_usd=np.full((6, 3), np.nan))
    cheap = replace(table, costs_usd=np.zeros((6, 3)))

    assert billed_outputs(unpaid, POOL, LENGTHS).tolist() == np.full((6, 3), 7.0).tolist()
    assert billed_outputs(cheap, POOL, LENGTHS).tolist() == np.zeros((6, 3)).tolist()


def test_a_price_for_a_call_says_nothing_of_tokens() -> None:
    table = replace(counted(np.full((6, 3), 100.0)), costs_usd=np.full((6, 3), 0.5))
    by_call = Pool("by call", (PoolModel("large", 3.0, 15.0, usd_per_call=0.5),))

    assert billed_outputs(table, by_call, LENGTHS).tolist() == np.full((6, 3), 100.0).tolist()


def test_one_miscount_does_not_change_what_a_vendor_makes_of_our_count() -> None:
    table = counted(np.full((6, 3), 100.0))
    table.input_tokens[0] *= 50

    found = fit_spending(table, None, KINDS, LENGTHS, 0.2)
    assert found.input_ratios.tolist() == [2.0, 2.0, 2.0]


def test_what_was_paid_is_enough_where_nothing_was_counted() -> None:
    """Eight tokens of ours are taken for the sixteen that the vendor counted, and the answer for the rest."""
    uncounted = np.full((6, 3), np.nan)
    paid = replace(counted(np.full((6, 3), 100.0)), output_tokens=uncounted, input_tokens=uncounted)
    prices = np.array([each.input_usd_per_1m / each.output_usd_per_1m for each in POOL.models])

    found = fit_spending(paid, POOL, KINDS, LENGTHS, 0.2)
    assert found.usual == pytest.approx(100.0 + 8 * prices)
    assert found.input_ratios.tolist() == [1.0, 1.0, 1.0]


def test_a_model_of_which_no_tokens_are_known_takes_what_the_others_take() -> None:
    outputs = np.array([[10.0, np.nan, 30.0], [20.0, np.nan, 60.0]] * 3)
    table = counted(outputs)
    table.input_tokens[:, 1] = np.nan
    found = fit_spending(table, POOL, KINDS, LENGTHS, 0.2)

    assert found.outputs[1] == pytest.approx([20.0, 40.0])
    assert found.usual[1] == pytest.approx(30.0)
    assert found.input_ratios[1] == 1.0


def test_a_kind_of_which_no_tokens_of_a_model_are_known_takes_what_is_usual_of_it() -> None:
    outputs = np.array([[10.0, 50.0, 30.0], [20.0, np.nan, 60.0]] * 3)
    found = fit_spending(counted(outputs), POOL, KINDS, LENGTHS, 0.2)

    assert found.outputs[1] == pytest.approx([50.0, 50.0])


def test_where_nothing_at_all_is_known_nothing_is_expected() -> None:
    nothing = np.full((6, 3), np.nan)
    table = replace(counted(nothing), input_tokens=nothing)
    found = fit_spending(table, POOL, KINDS, LENGTHS, 0.2)

    assert found.outputs.tolist() == np.zeros((3, 2)).tolist()
    assert found.input_ratios.tolist() == [1.0, 1.0, 1.0]
