"""The shapes of conditions: a fact of the request, held against what a policy wants of it.

A shape is a frozen value and not a mere function, so that `farthing check` can tell which rules can
never apply: `covers` says that one condition holds wherever another does, `clashes` that no request
meets both. Both mean "surely": where it cannot be told they say no.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from router.decision.policy import Condition


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    """The fact is one of these words; a word may be a pattern (`claude-*`) where `patterns` says so."""

    wanted: frozenset[str]
    patterns: bool = False

    def is_met(self, found: str) -> bool:
        """See `Condition`."""
        return found in self.wanted or (self.patterns and _is_like_any(found, self.wanted))

    def _is_implied_by(self, other: "OneOf") -> bool:
        if self.patterns:
            return all(is_covered(word, self.wanted) for word in other.wanted)
        return other.wanted <= self.wanted

    def _is_against(self, other: Condition) -> bool:
        return isinstance(other, OneOf) and not self.patterns and not self.wanted & other.wanted


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """Of several words, the fact has at least one of these."""

    wanted: frozenset[str]

    def is_met(self, found: Collection[str]) -> bool:
        """See `Condition`."""
        return not self.wanted.isdisjoint(found)

    def _is_implied_by(self, other: "AnyOf") -> bool:
        return other.wanted <= self.wanted


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """Of several words, the fact has all of these."""

    wanted: frozenset[str]

    def is_met(self, found: Collection[str]) -> bool:
        """See `Condition`."""
        return self.wanted <= frozenset(found)

    def _is_implied_by(self, other: "AllOf") -> bool:
        return self.wanted <= other.wanted


@dataclass(frozen=True, slots=True)
class AtLeast(Condition):
    """The fact is no less than this."""

    least: float

    def is_met(self, found: float) -> bool:
        """See `Condition`."""
        return found >= self.least

    def _is_implied_by(self, other: "AtLeast") -> bool:
        return other.least >= self.least

    def _is_against(self, other: Condition) -> bool:
        return isinstance(other, AtMost) and other.most < self.least


@dataclass(frozen=True, slots=True)
class AtMost(Condition):
    """The fact is no more than this."""

    most: float

    def is_met(self, found: float) -> bool:
        """See `Condition`."""
        return found <= self.most

    def _is_implied_by(self, other: "AtMost") -> bool:
        return other.most <= self.most

    def _is_against(self, other: Condition) -> bool:
        return isinstance(other, AtLeast) and other.least > self.most


@dataclass(frozen=True, slots=True)
class Labelled(Condition):
    """Each of these labels is there, with a word that matches one of its patterns."""

    wanted: Mapping[str, frozenset[str]]

    def is_met(self, found: Mapping[str, str]) -> bool:
        """See `Condition`."""
        return all(
            label in found and _is_like_any(found[label], patterns)
            for label, patterns in self.wanted.items()
        )

    def _is_implied_by(self, other: "Labelled") -> bool:
        return all(
            label in other.wanted
            and all(is_covered(word, patterns) for word in other.wanted[label])
            for label, patterns in self.wanted.items()
        )


@dataclass(frozen=True, slots=True)
class During(Condition):
    """The moment is on one of these days (0 is Monday), from a minute of the day until another.

    Hours that end before they begin go on past midnight, and belong to the day on which they began.
    """

    days: frozenset[int]
    from_min: int
    until_min: int
    zone: ZoneInfo

    def is_met(self, found: float) -> bool:
        """See `Condition`."""
        local = datetime.fromtimestamp(found, self.zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.from_min < self.until_min:
            return day in self.days and self.from_min <= minute < self.until_min
        is_late, is_early = minute >= self.from_min, minute < self.until_min
        return (is_late and day in self.days) or (is_early and (day - 1) % 7 in self.days)

    def _is_implied_by(self, other: "During") -> bool:
        same_hours = (self.from_min, self.until_min) == (other.from_min, other.until_min)
        return same_hours and self.zone.key == other.zone.key and other.days <= self.days


def is_covered(pattern: str, others: Collection[str]) -> bool:
    """Whether one of the others surely matches every word that this pattern matches; a word is a pattern, too."""
    return pattern in others or any(_covers(other, pattern) for other in others)


def _covers(wide: str, narrow: str) -> bool:
    """Whether a pattern surely matches every word that another one matches.

    If that one has wildcards, only a `*` is sure to take them up; brackets are not looked into.
    """
    is_word = not any(sign in narrow for sign in "*?[")
    takes_up = "[" not in narrow and not any(sign in wide for sign in "?[")
    return (is_word or takes_up) and fnmatchcase(narrow, wide)


def _is_like_any(word: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(word, pattern) for pattern in patterns)
