"""What a cascade has to offer for a request, in a few numbers."""

from collections.abc import Callable, Iterator, Sequence
from math import hypot
from statistics import NormalDist
from typing import NamedTuple

from msgspec import Struct

from router.decision.experience import Experience
from router.decision.policy import Circumstances, Terms
from router.decision.ranking import best_first
from router.decision.verdicts import Observed
from router.decision.way import Way
from router.domain.bar import EVEN, Bar
from router.domain.candidate import Candidate
from router.domain.cascade import AGREEMENT, Check, Prospect, Step
from router.domain.decision import Reason
from router.domain.estimate import CostEstimate
from router.domain.features import Features, Recognised
from router.domain.money import ZERO, Money
from router.domain.objective import Aim

ONE_SIDED = 1.645
"""A normal value is above its mean less this many standard deviations with 95 % probability."""


def _nothing_learnt(_: Sequence[Candidate], __: Candidate) -> None:
    return None


class Setting(Struct, frozen=True):
    """What the decision on a cascade rests on: the request, its terms, who may answer, and who would answer alone.

    `reason` is why `alone` would be chosen. `is_only_known` says that the reference itself cannot answer.
    """

    features: Features
    circumstances: Circumstances
    terms: Terms
    able: Sequence[Candidate]
    alone: Candidate
    reason: Reason
    reference: Candidate
    is_only_known: bool
    bar: Bar
    experience: Experience
    verdicts: Observed | None = None

    @property
    def live(self) -> dict[str, Candidate]:
        """Who may be asked, by id."""
        return {each.model.id: each for each in self.able if not each.is_stored}

    def prospects_before(
        self, final: Candidate
    ) -> Callable[[Sequence[Candidate]], Prospect | None]:
        """A lookup of what is known of models that are asked at once before `final`, and taken if they agree."""
        features, verdicts = self.features, self.verdicts
        found = features.prospects if isinstance(features, Recognised) else None
        learnt = found.of if found else _nothing_learnt
        if verdicts is None:
            return lambda first: learnt(first, final)
        seen, category = verdicts.prospect, features.category
        return lambda first: seen(learnt(first, final), first, final, category)

    def prospect_by_sight(
        self, first: Sequence[Candidate], final: Candidate, checks: tuple[Check, ...]
    ) -> Prospect | None:
        """What was seen of models whose answers must pass `checks`, of which nothing was learnt; None if too little."""
        if self.verdicts is None:
            return None
        return self.verdicts.prospect(None, first, final, self.features.category, checks)

    def off(
        self,
        first: Sequence[Candidate],
        final: Candidate,
        checks: tuple[Check, ...] = AGREEMENT,
        judging: Money = ZERO,
    ) -> str:
        """Why `first` are not to be asked before `final` any more, "" where they may be."""
        if self.verdicts is None:
            return ""
        return self.verdicts.is_off(first, final, self.features.category, checks, judging)


class Bid(NamedTuple):
    """A cascade in a few numbers: many are made for each request, and at most one is taken.

    `first` are all who may be asked before `final`. `expected_pico` is the expected cost of all calls, in 1e-12 USD,
    `gain` the quality that it adds to that of the final model alone. `known` is what to expect of a pair, or else the
    steps that a policy states. For a share `check_share` of accepted answers the final model is asked as well.
    """

    first: tuple[Candidate, ...]
    final: Candidate
    expected_pico: float
    gain: float
    known: Prospect | tuple[Step, ...]
    check_share: float = 0.0

    @classmethod
    def of_pair(
        cls, pair: tuple[Candidate, ...], final: Candidate, known: Prospect, check_share: float
    ) -> "Bid":
        """Two models of which so much is known."""
        asked = 1.0 - known.p_accept * (1.0 - check_share)
        together: float = sum(each.cost.expected.pico for each in pair)
        expected = together + asked * final.cost.expected.pico
        return cls(pair, final, expected, known.gain, known, check_share)

    @classmethod
    def of_steps(cls, steps: tuple[Step, ...], final: Candidate, check_share: float) -> "Bid":
        """The steps of a policy, one after the other."""
        way = Way.of(steps, final, check_share=check_share)
        first = tuple(c for step in steps for c in step.candidates)
        return cls(first, final, way.expected_pico(), way.gain()[0], steps, check_share)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps; in a pair the better model comes first, and its answer is taken if they agree."""
        if isinstance(self.known, tuple):
            return self.known
        return (Step(tuple(sorted(self.first, key=best_first)), AGREEMENT, self.known),)

    @property
    def way(self) -> Way:
        """What it consists of."""
        return Way.of(self.steps, self.final, check_share=self.check_share)

    @property
    def gain_sd(self) -> float:
        """The standard deviation of the gain."""
        return self.way.gain()[1] if isinstance(self.known, tuple) else self.known.gain_sd

    @property
    def pessimistic_pico(self) -> float:
        """What it costs if the steps settle as little as must be feared, in 1e-12 USD."""
        if isinstance(self.known, tuple):
            return Way.of(self.known, self.final, ONE_SIDED, self.check_share).expected_pico()
        less = min(self.known.p_accept, ONE_SIDED * self.known.p_accept_sd)
        more = less * (1.0 - self.check_share)  # what is not accepted is not checked either
        return self.expected_pico + more * self.final.cost.expected.pico

    @property
    def costs(self) -> Iterator[CostEstimate]:
        """The costs of all calls if no step settles the request."""
        if isinstance(self.known, tuple):
            yield from (each for step in self.known for each in step.costs)
        else:
            yield from (each.cost for each in self.first)
        yield self.final.cost

    @property
    def names(self) -> str:
        """Who is asked, in words."""
        return f"{named(self.first)} before {self.final.model.id}"

    def least_quality(self, setting: Setting) -> float:
        """The quality that it reaches with 95 % confidence, or with the policy's own if that is higher."""
        confidence, final_sd = setting.bar.confidence, 0.0
        margin = ONE_SIDED * self.gain_sd
        if confidence > EVEN:
            if self.final.model.id != setting.bar.reference:
                final_sd = hypot(self.final.quality.sd, setting.bar.sd)
            sds = NormalDist().inv_cdf(confidence)
            margin = max(margin, sds * hypot(self.gain_sd, final_sd))
        return self.final.quality.p + self.gain - margin

    def worth_pico(self, setting: Setting) -> float:
        """The total cost of an answer to a policy that puts a price on quality and time, in 1e-12 USD."""
        way, objective = self.way, setting.terms.objective
        total_s = way.latency().total_s
        if total_s is None and objective.usd_per_s:
            return float("inf")
        return objective.worth_pico(Money(round(self.expected_pico)), way.quality().p, total_s)


def by_worth(setting: Setting) -> Callable[[Bid], tuple[float, float]]:
    """The sort key for bids before one final model, best first: by the policy's aim, then by cost or gain."""
    match setting.terms.objective.aim:
        case Aim.BEST:
            return lambda bid: (-bid.gain, bid.expected_pico)
        case Aim.WEIGHTED:
            return lambda bid: (bid.worth_pico(setting), bid.expected_pico)
        case _:
            return lambda bid: (bid.expected_pico, -bid.gain)


def named(candidates: Sequence[Candidate]) -> str:
    """Their ids in words; one that occurs twice is asked twice."""
    ids = [each.model.id for each in candidates]
    if len(set(ids)) == 1:
        return ids[0] if len(ids) == 1 else f"{ids[0]} {_TIMES.get(len(ids), f'{len(ids)} times')}"
    return f"{', '.join(ids[:-1])} and {ids[-1]}"


_TIMES = {2: "twice"}
