"""What the routing benchmark writes down, and what it hides from a new model: made-up numbers."""

import json
from math import inf, nan

import numpy as np
import pytest

from benchmarks.routing.findings import (
    Table,
    difference,
    document,
    markdown,
    quality,
    renewed,
    share,
    text,
)
from benchmarks.routing.newcomer import with_labels
from benchmarks.routing.reliability import tenths
from router.domain.outcomes import Outcomes
from router.evaluation.resampling import Interval

TABLE = Table(
    "apples",
    (text("who"), quality("AIQ"), difference("above Zero"), share("saved, %")),
    (
        ("one", Interval(0.51234, 0.5, 0.6), -0.0123, Interval(-inf, -inf, 0.25)),
        ("two", 1.0, Interval(0.0, 0.0, 0.0), nan),
    ),
)


def test_numbers_are_written_with_their_intervals_where_these_say_more() -> None:
    assert list(markdown(TABLE))[2:] == [
        "| one | .5123 (.500 to .600) | -.0123 | never (never to 25) |",
        "| two | 1.0000 | +.0000 | - |",
    ]


def test_what_is_no_finite_number_is_null_in_the_document() -> None:
    kept = json.loads(json.dumps(document(TABLE), allow_nan=False))

    assert kept["rows"][0]["saved, %"] == {"estimate": None, "low": None, "high": 0.25}
    assert kept["rows"][1]["saved, %"] is None


def test_a_table_stands_anew_in_its_place_and_nothing_else_changes() -> None:
    page = "before\n<!-- apples -->\nold\n<!-- / -->\nbetween\n<!-- pears -->\nkept\n<!-- / -->\n"
    once = renewed(page, [TABLE])

    assert once.startswith("before\n<!-- apples -->\n\n| who |")
    assert once.endswith("|\n\n<!-- / -->\nbetween\n<!-- pears -->\nkept\n<!-- / -->\n")
    assert "old" not in once
    assert renewed(once, [TABLE]) == once


def test_a_page_without_a_place_for_a_table_stays_as_it_is() -> None:
    assert renewed("nothing\n", [TABLE]) == "nothing\n"


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="rows that are not 1 cells"):
        Table("short", (text("who"),), (("one", "two"),))


@pytest.mark.parametrize("labels", [1, 3, 20])
def test_a_new_model_keeps_so_many_labels_and_the_others_all(labels: int) -> None:
    hidden = with_labels(outcomes(20), "new", labels, seed=4)

    known = np.isfinite(hidden.scores).sum(axis=0)
    assert known.tolist() == [20, labels]
    assert (np.isfinite(hidden.costs_usd) == np.isfinite(hidden.scores)).all()


def test_a_new_model_without_labels_is_not_there() -> None:
    assert with_labels(outcomes(5), "new", 0, seed=4).models == ("old",)


def outcomes(prompts: int) -> Outcomes:
    cells = np.ones((prompts, 2))
    names = tuple(f"p{number}" for number in range(prompts))
    return Outcomes(
        prompt_ids=names,
        prompts=names,
        datasets=("a/b",) * prompts,
        models=("old", "new"),
        scores=cells,
        costs_usd=cells,
        input_tokens=cells,
        output_tokens=cells,
        latencies_s=cells,
        answers=np.full((prompts, 2), None, dtype=np.object_),
    )


def test_forecasts_are_held_against_what_came_a_tenth_at_a_time() -> None:
    found = list(tenths(np.array([[0.05, 0.95], [0.02, 1.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])))

    assert [(each.came, each.share) for each in found] == [(0.5, 0.5), (1.0, 0.5)]
    assert [each.foreseen for each in found] == pytest.approx([0.035, 0.975])
