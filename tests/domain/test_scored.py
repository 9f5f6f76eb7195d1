"""A score refuses to be none."""

from dataclasses import replace
from typing import Any

import pytest

from router.domain.scored import Scored, ScoredAnswer, ScoreSource
from tests.stores.entries import entry

USUAL = Scored("r1", "cheap", "chat", 0.5, ScoreSource.FEEDBACK, "", 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": -0.01},
        {"score": 1.01},
        {"score": float("nan")},
        {"request_id": ""},
        {"model": ""},
        {"at_s": float("inf")},
    ],
)
def test_what_is_no_score_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="score"):
        replace(USUAL, **wrong)


def test_a_score_stands_beside_the_books_of_its_own_request() -> None:
    assert ScoredAnswer(USUAL, entry("r1")).entry.model == "cheap"
    with pytest.raises(ValueError, match="one request"):
        ScoredAnswer(USUAL, entry("r2"))
