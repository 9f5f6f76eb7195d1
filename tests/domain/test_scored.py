"""A score refuses to be none."""

from typing import Any

import pytest

from router.domain.members import replace
from router.domain.scored import Scored, ScoreSource

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
