"""How the routing benchmark compares predicted with true costs: made-up numbers."""

import numpy as np
import pytest

from benchmarks.routing.costs import COLUMNS, costs_row, off_between_models, ratios_of, told_apart
from benchmarks.routing.findings import Cell
from benchmarks.routing.running import Settings
from router.domain.arrays import Floats
from router.domain.predictions import Predictions
from router.evaluation.crossing import Forecast
from router.evaluation.folds import by_prompt
from tests.evaluation.made_up import outcomes

# Every other prompt is hard: only the expensive model is right there, and takes twice as long.
KINDS = ["made/easy", "made/hard"] * 10
TRUE = np.array([[0.1, 1.0], [0.2, 2.0]] * 10)
SHOP = outcomes([[1.0, 1.0], [0.0, 1.0]] * 10, TRUE.tolist(), KINDS)


def foreseen(costs_usd: Floats) -> Forecast:
    unknown = np.full(TRUE.shape, np.nan)
    p = np.tile([0.8, 0.9], (len(SHOP), 1))
    told = Predictions(SHOP.prompt_ids, SHOP.models, p, 0 * p, costs_usd, unknown)
    return Forecast(SHOP, by_prompt(SHOP, 2, seed=0), told)


def row(costs_usd: Floats) -> dict[str, Cell]:
    settings, forecast = Settings(samples=2), foreseen(costs_usd)
    cells = costs_row(forecast, settings.judged(forecast), settings)
    return dict(zip([each.heading for each in COLUMNS], cells, strict=True))


def test_a_total_is_that_of_a_model_on_a_dataset() -> None:
    assert ratios_of(foreseen(TRUE * [3.0, 0.5])) == pytest.approx(np.array([[3.0, 0.5]] * 2))
    assert ratios_of(foreseen(np.ones_like(TRUE))) == pytest.approx(
        np.array([[10.0, 1.0], [5.0, 0.5]])
    )


def test_what_is_wrong_for_all_models_alike_is_not_off_between_them() -> None:
    assert off_between_models(np.array([[3.0, 3.0], [0.5, 0.5]])) == pytest.approx(1.0)
    assert off_between_models(np.array([[4.0, 1.0], [0.5, 2.0]])) == pytest.approx(2.0)


def test_the_cheaper_of_two_models_is_told_only_where_their_costs_differ() -> None:
    true = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]])

    assert told_apart(np.tile([1.0, 3.0], (3, 1)), true) == 0.5
    assert told_apart(np.ones((3, 2)), true) == 0.0
    assert np.isnan(told_apart(true, np.ones((3, 2))))


def test_perfect_predictions_have_nothing_to_gain() -> None:
    found = row(TRUE)

    assert found["totals"] == 4
    assert [found[name] for name in ("predicted / true", "least", "most", "models off by")] == [
        1.0
    ] * 4
    assert found["cheaper of two told, %"] == 1.0
    assert found["above Zero"] == found["if totals were known"] == found["if all costs were known"]


def test_totals_that_are_known_correct_what_was_off_by_a_factor() -> None:
    """Predicted to cost the same, only the better one is ever chosen; at true totals, either, as with true costs."""
    found = row(TRUE * [10.0, 1.0])

    assert found["above Zero"] != found["if totals were known"]
    assert found["if totals were known"] == found["if all costs were known"]
