"""Whether answers that were given to other words are as good as new ones: counted, and acted upon.

Some of the answers that could be used are not: a new one is made, and both are compared. Once it is all but
certain that too many differ, that policy's semantic cache is stopped until the process ends.
"""

from collections.abc import Mapping
from math import log

from msgspec import Struct

from router.decision.bounds import log_evidence_above, lower_bound, upper_bound

_FEWEST = 30
"""How many comparisons it takes: the first few may be of one odd question."""
_LOG_SURE = log(20)
"""The evidence that stops a policy: of those that keep their limit, at most one in 20 is ever stopped."""


class SemanticTally(Struct, frozen=True):
    """How many were compared, and how many of them differed."""

    checked: int = 0
    differed: int = 0

    def __post_init__(self) -> None:
        """Refuse more differences than comparisons."""
        if not 0 <= self.differed <= self.checked:
            raise ValueError(f"{self.differed} of {self.checked} is no count")

    def with_one_more(self, *, agreed: bool) -> "SemanticTally":
        """The counts after another comparison."""
        return SemanticTally(self.checked + 1, self.differed + (not agreed))

    @property
    def lower(self) -> float:
        """A lower bound of the share of answers that differ (Clopper-Pearson, 95 %)."""
        return lower_bound(self.differed, self.checked)

    @property
    def upper(self) -> float:
        """The upper bound of that share."""
        return upper_bound(self.differed, self.checked)

    def is_surely_above(self, limit: float) -> bool:
        """Whether more than `limit` differ all but certainly, even if this is asked after every comparison."""
        if self.checked < _FEWEST:
            return False
        return log_evidence_above(limit, self.differed, self.checked) >= _LOG_SURE


class SemanticMonitor:
    """The tallies of all policies, and which of them are stopped."""

    def __init__(self) -> None:
        self._tallies: dict[str, SemanticTally] = {}
        self._stopped: set[str] = set()

    @property
    def tallies(self) -> Mapping[str, SemanticTally]:
        """By policy."""
        return self._tallies

    def is_stopped(self, policy: str) -> bool:
        """Whether no such answers may be used under `policy` any more."""
        return policy in self._stopped

    def note(self, policy: str, limit: float, *, agreed: bool) -> bool:
        """Count a comparison; returns whether it stops `policy`, because more than `limit` surely differ."""
        tally = self._tallies.get(policy, SemanticTally()).with_one_more(agreed=agreed)
        self._tallies[policy] = tally
        if policy in self._stopped or not tally.is_surely_above(limit):
            return False
        self._stopped.add(policy)
        return True
