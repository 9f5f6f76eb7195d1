"""What was measured, round by round, and the results."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DIRECT = "direct"
"""The upstream without a proxy."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a number says of whom: of a measure, one of its units."""

    contestant: str
    measure: str
    unit: str


@dataclass(slots=True)
class Findings:
    """Numbers by round, what went wrong, and who could not take part."""

    rounds: list[dict[Figure, float]] = field(default_factory=list)
    problems: dict[str, Counter[str]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def add(self, contestant: str, measure: str, **units: float) -> None:
        """Record numbers for the current round."""
        for unit, value in units.items():
            self.rounds[-1][Figure(contestant, measure, unit)] = value

    def complain(self, contestant: str, measure: str, problems: Sequence[str]) -> None:
        """Record what was wrong with answers."""
        counts = self.problems.setdefault(contestant, Counter())
        counts.update(f"{measure}: {each}" for each in problems)

    def median(self, contestant: str, measure: str, unit: str) -> float:
        """Over all rounds; nan if there was none."""
        return _median(self._values(Figure(contestant, measure, unit)))

    def added(self, contestant: str, measure: str, unit: str) -> float:
        """The median of the difference to the upstream itself, asked in the same round."""
        figure, direct = Figure(contestant, measure, unit), Figure(DIRECT, measure, unit)
        both = (each for each in self.rounds if figure in each and direct in each)
        return _median([each[figure] - each[direct] for each in both])

    def contestants(self) -> tuple[str, ...]:
        """Those that have numbers, in the order of their first one."""
        return tuple(dict.fromkeys(figure.contestant for each in self.rounds for figure in each))

    def as_json(self) -> Mapping[str, object]:
        """Everything, for a file."""
        numbers: dict[str, dict[str, dict[str, list[float]]]] = {}
        for each in self.rounds:
            for figure, value in each.items():
                of = numbers.setdefault(figure.contestant, {}).setdefault(figure.measure, {})
                of.setdefault(figure.unit, []).append(value)
        return {"rounds": numbers, "problems": self.problems, "absent": self.absent}

    def _values(self, figure: Figure) -> list[float]:
        return [each[figure] for each in self.rounds if figure in each]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; nan if there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan
