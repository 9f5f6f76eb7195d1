"""An answer's cost is what is known about it; if nothing is known, neither is the cost."""

import numpy as np

from router.domain.members import replace
from router.domain.pool import Pool, PoolModel
from router.evaluation.costs import by_tokens, prices_of
from router.evaluation.crossing import priced
from tests.evaluation.made_up import outcomes

POOL = Pool("mine", (PoolModel("m0", 1.0, 10.0), PoolModel("m1", 1.0, 10.0, usd_per_call=0.5)))
UNKNOWN = np.nan


def test_tokens_are_charged_where_no_cost_is_known_and_only_there() -> None:
    known = outcomes([[1.0, 1.0]] * 3, [[0.25, UNKNOWN], [UNKNOWN, UNKNOWN], [UNKNOWN, 0.75]])
    counted = replace(
        known,
        input_tokens=np.array([[1000.0, 1000.0], [1000.0, 1000.0], [UNKNOWN, 1000.0]]),
        output_tokens=np.array([[200.0, 200.0], [200.0, UNKNOWN], [200.0, 200.0]]),
    )
    found = by_tokens(counted, prices_of(POOL)).costs_usd

    expected = [[0.25, 0.5], [0.003, UNKNOWN], [UNKNOWN, 0.75]]
    assert np.allclose(found, expected, equal_nan=True)


def test_outcomes_with_tokens_alone_can_be_judged() -> None:
    known = replace(
        outcomes([[1.0, 0.0]], [[UNKNOWN, UNKNOWN]]),
        input_tokens=np.array([[2000.0, 2000.0]]),
        output_tokens=np.array([[0.0, 0.0]]),
    )

    assert priced(known, POOL).costs_usd.tolist() == [[0.002, 0.5]]


def test_an_answer_without_tokens_costs_what_a_call_costs() -> None:
    known = outcomes([[1.0, 0.0], [1.0, UNKNOWN]], [[0.25, UNKNOWN]] * 2)

    found = priced(known, POOL).costs_usd
    assert np.array_equal(found, [[0.25, 0.5], [0.25, UNKNOWN]], equal_nan=True)
