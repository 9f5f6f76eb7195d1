"""How good one answer was, and who says so: the client, or what the answer itself shows.

The documents call it an outcome. Scores of different sources are never mixed: a share of valid JSON is
not a share of content users.
"""

from enum import StrEnum
from math import isfinite

from msgspec import Struct


class ScoreSource(StrEnum):
    """Where a score comes from.

    `refusal`, `truncation` and `retry` are noted only when they happen, with a score of 0; how many
    answers there were without them is known from the attempts.
    """

    FEEDBACK = "feedback"
    """The client said so."""
    SCHEMA = "schema"
    """1 if the JSON that was asked for came in the shape that was asked for, else 0."""
    TOOL_CALL = "tool_call"
    """1 if every call is of a tool that was offered, with arguments as it takes them, else 0."""
    REFUSAL = "refusal"
    """The model refused to answer, or its answer was filtered."""
    TRUNCATION = "truncation"
    """The answer was cut off at a length limit."""
    RETRY = "retry"
    """The same client asked the same again soon afterwards."""


class Scored(Struct, frozen=True):
    """What one source says of the answer to one request: from 0, useless, to 1, as good as can be.

    `model` wrote the answer, whichever request it was for; `at_s` is the Unix time of the score, and a
    later one of the same source replaces an earlier one. `reason` is the client's own, or a clause that
    quotes neither question nor answer.
    """

    request_id: str
    model: str
    category: str
    score: float
    source: ScoreSource
    reason: str
    at_s: float

    def __post_init__(self) -> None:
        """Refuse a score without a request or a model, and one out of range."""
        if not self.request_id or not self.model:
            raise ValueError("a score is of a request, and of a model")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score is from 0 to 1, not {self.score}")
        if not isfinite(self.at_s):
            raise ValueError("a score is given at some time")


class ScoringTerms(Struct, frozen=True):
    """Whether answers are examined, and for how many seconds a repeated question is recognised, 0 for never."""

    automatic: bool = True
    retry_window_s: float = 600.0
