"""What is known of the quality of answers, counted by group and by source, which are never mixed."""

from msgspec import Struct

from router.domain.scored import ScoreSource

OUTCOME_GROUPINGS = ("model", "category", "source")
"""What scores can be counted by."""


class ScoreTally(Struct, frozen=True):
    """The scores of one source in one group: how many, and their sum."""

    name: str
    source: ScoreSource
    count: int
    sum: float

    def __post_init__(self) -> None:
        """Refuse a tally without scores."""
        if self.count < 1:
            raise ValueError("a tally is of one score at least")

    @property
    def mean(self) -> float:
        """Their mean, from 0 to 1."""
        return self.sum / self.count


class SourceScores(Struct, frozen=True):
    """The scores of one source of a model's answers in one category: how many, and their sum."""

    model: str
    category: str
    source: ScoreSource
    count: int
    sum: float

    @property
    def mean(self) -> float:
        """Their mean, from 0 to 1."""
        return self.sum / self.count


class Looked(Struct, frozen=True):
    """How many answers a model gave in one category, and how many of these have a visible flaw."""

    model: str
    category: str
    answers: int
    flawed: int
