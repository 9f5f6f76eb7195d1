"""What is known of the quality of answers, counted: by what, by whose word, and never mixed."""

from dataclasses import dataclass

from router.domain.scored import ScoreSource

OUTCOME_GROUPINGS = ("model", "category", "source")
"""What scores can be counted by."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The scores of one source in one group: how many, and their sum."""

    name: str
    source: ScoreSource
    count: int
    sum: float

    def __post_init__(self) -> None:
        """Refuse a tally of nothing."""
        if self.count < 1:
            raise ValueError("a tally is of one score at least")

    @property
    def mean(self) -> float:
        """Their mean, from 0 to 1."""
        return self.sum / self.count
