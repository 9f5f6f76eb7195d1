"""The shapes of conditions: a fact of the request, held against what a policy wants of it.

A shape is a frozen value and not a mere function, so that `farthing check` can tell which rules can
never apply: `covers` says that one condition holds wherever another does, `clashes` that no request
meets both. Both mean "surely": where it cannot be told they say no.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from router.decision.policy import NOTHING_ASKED, Asks, Circumstances, Condition
from router.domain.features import Features

Fact = Callable[[Features, Circumstances], Any]


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition about a named fact; two conditions are about the same fact if it has the same name."""

    about: str
    fact: Fact = field(compare=False, repr=False)
    asks: Asks = field(default=NOTHING_ASKED, compare=False, kw_only=True)

    def __call__(self, features: Features, circumstances: Circumstances, /) -> bool:
        """Whether the fact is known, and is what is wanted."""
        found = self.fact(features, circumstances)
        return found is not None and self.is_met(found)

    def covers(self, other: Condition, /) -> bool:
        """Whether this surely holds wherever `other` does."""
        if type(other) is not type(self) or other.about != self.about:
            return False
        return self._is_implied_by(other)

    def clashes(self, other: Condition, /) -> bool:
        """Whether there is surely no request for which both hold."""
        return (
            isinstance(other, Predicate) and other.about == self.about and self._is_against(other)
        )

    def is_met(self, found: Any) -> bool:
        """Whether a known fact is what is wanted."""
        raise NotImplementedError

    def _is_implied_by(self, other: Any) -> bool:
        raise NotImplementedError

    def _is_against(self, other: "Predicate") -> bool:  # noqa: ARG002 - most shapes cannot say
        return False


@dataclass(frozen=True, slots=True)
class OneOf(Predicate):
    """The fact is one of these words; a word may be a pattern (`claude-*`) where `patterns` says so."""

    wanted: frozenset[str]
    patterns: bool = False

    def is_met(self, found: str) -> bool:
        """See `Predicate`."""
        return found in self.wanted or (self.patterns and _is_like_any(found, self.wanted))

    def _is_implied_by(self, other: "OneOf") -> bool:
        if self.patterns:
            return all(is_covered(word, self.wanted) for word in other.wanted)
        return other.wanted <= self.wanted

    def _is_against(self, other: Predicate) -> bool:
        return isinstance(other, OneOf) and not self.patterns and not self.wanted & other.wanted


@dataclass(frozen=True, slots=True)
class AnyOf(Predicate):
    """Of several words, the fact has at least one of these."""

    wanted: frozenset[str]

    def is_met(self, found: Collection[str]) -> bool:
        """See `Predicate`."""
        return not self.wanted.isdisjoint(found)

    def _is_implied_by(self, other: "AnyOf") -> bool:
        return other.wanted <= self.wanted


@dataclass(frozen=True, slots=True)
class AllOf(Predicate):
    """Of several words, the fact has all of these."""

    wanted: frozenset[str]

    def is_met(self, found: Collection[str]) -> bool:
        """See `Predicate`."""
        return self.wanted <= frozenset(found)

    def _is_implied_by(self, other: "AllOf") -> bool:
        return self.wanted <= other.wanted


@dataclass(frozen=True, slots=True)
class AtLeast(Predicate):
    """The fact is no less than this."""

    least: float

    def is_met(self, found: float) -> bool:
        """See `Predicate`."""
        return found >= self.least

    def _is_implied_by(self, other: "AtLeast") -> bool:
        return other.least >= self.least

    def _is_against(self, other: Predicate) -> bool:
        return isinstance(other, AtMost) and other.most < self.least


@dataclass(frozen=True, slots=True)
class AtMost(Predicate):
    """The fact is no more than this."""

    most: float

    def is_met(self, found: float) -> bool:
        """See `Predicate`."""
        return found <= self.most

    def _is_implied_by(self, other: "AtMost") -> bool:
        return other.most <= self.most

    def _is_against(self, other: Predicate) -> bool:
        return isinstance(other, AtLeast) and other.least > self.most


@dataclass(frozen=True, slots=True)
class Labelled(Predicate):
    """Each of these labels is there, with a word that matches one of its patterns."""

    wanted: Mapping[str, frozenset[str]]

    def is_met(self, found: Mapping[str, str]) -> bool:
        """See `Predicate`."""
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
class During(Predicate):
    """The moment is on one of these days (0 is Monday), from a minute of the day until another.

    Hours that end before they begin go on past midnight, and belong to the day on which they began.
    """

    days: frozenset[int]
    from_min: int
    until_min: int
    zone: ZoneInfo

    def is_met(self, found: float) -> bool:
        """See `Predicate`."""
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
