"""Two policies on the same requests: which decisions change, at what expected cost and quality.

Quality is estimated for models in categories, not for requests. A thousand requests of one category that
go to one model share a single error, so that more requests make a mean no more certain; and where two
policies choose alike, their difference has no error at all. One model's errors in several categories rest
partly on the same evidence; they are taken as fully correlated, which errs on the side of a wide interval.
Those of two models are taken as independent.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import fsum, hypot
from typing import Self, TypeVar

from msgspec import Struct

from router.decision.choose import Catalog, NothingAdequate, choose
from router.decision.experience import Experience
from router.decision.policy import Circumstances, Policy
from router.decision.way import Way
from router.domain.cascade import Cascade
from router.domain.category import Category
from router.domain.decision import Decision, Reason
from router.domain.estimate import QualityEstimate
from router.domain.features import Features
from router.domain.members import replace
from router.domain.money import ZERO, Money

Key = TypeVar("Key", bound=Hashable)

NOBODY = ""
"""Stands for a model where a policy refuses."""

_SDS_OF_95_PERCENT = 1.96


class TrialRequest(Struct, frozen=True):
    """A request as far as decisions need it; `id` is for people to find it by."""

    id: str
    features: Features
    circumstances: Circumstances

    @property
    def alone(self) -> Circumstances:
        """Its circumstances as if it began a session, so that no policy is held to another one's model."""
        return replace(self.circumstances, stays_with="", conversation=None)


class TrialChoice(Struct, frozen=True):
    """The model that a policy takes for a request, with what is expected of its answer.

    A cascade is named by its models, `a + b > top`; `errors` are then the standard deviations of what its quality
    was estimated from, by name.
    """

    model_id: str
    reason: Reason
    rule: str
    cost: Money
    quality: QualityEstimate
    errors: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """The choice that a decision makes."""
        cascade, chosen = decision.cascade, decision.chosen
        told = (decision.reason, decision.rule, decision.expected_cost)
        if cascade is None:
            return cls(chosen.model.id, *told, chosen.quality)
        name, gain_sd = _name(cascade), Way.of(cascade.steps, chosen).gain()[1]
        errors = ((chosen.model.id, chosen.quality.sd), (name, gain_sd))
        return cls(name, *told, cascade.quality, errors)

    @property
    def known_from(self) -> tuple[tuple[str, float], ...]:
        """What its quality was estimated from, with standard deviations; for a single model, itself."""
        return self.errors or ((self.model_id, self.quality.sd),)


class TrialRefusal(Struct, frozen=True):
    """A policy lets no model answer; `why` is what the client would be told."""

    why: str

    @property
    def model_id(self) -> str:
        """No model's."""
        return NOBODY


Ruling = TrialChoice | TrialRefusal


class Pair(Struct, frozen=True):
    """What the old and the new policy make of one request."""

    case: TrialRequest
    old: Ruling
    new: Ruling

    @property
    def category(self) -> Category:
        """That of the request."""
        return self.case.features.category

    @property
    def flow(self) -> tuple[str, str]:
        """The old model and the new one, by id; `NOBODY` for a refusal."""
        return self.old.model_id, self.new.model_id

    @property
    def is_changed(self) -> bool:
        """Whether another model answers, or only one of the policies refuses."""
        return self.old.model_id != self.new.model_id

    @property
    def cost_change(self) -> Money:
        """By how much the request's cost rises. A refusal costs nothing."""
        return _cost(self.new) - _cost(self.old)

    @property
    def both(self) -> tuple[TrialChoice, TrialChoice] | None:
        """Both choices, where neither policy refuses."""
        if isinstance(self.old, TrialChoice) and isinstance(self.new, TrialChoice):
            return self.old, self.new
        return None


def ruling(case: TrialRequest, policy: Policy, catalog: Catalog, experience: Experience) -> Ruling:
    """What `policy` makes of a request when no answer to it is stored."""
    try:
        decision = choose(case.features, case.alone, policy, catalog, experience)
    except NothingAdequate as refusal:
        return TrialRefusal(refusal.message)
    return TrialChoice.of(decision)


def compared(
    cases: Iterable[TrialRequest],
    old: Policy,
    new: Policy,
    catalog: Catalog,
    experience: Experience,
) -> Iterator[Pair]:
    """Each request with the rulings of both policies, in the order of `cases`."""
    for case in cases:
        yield Pair(
            case,
            ruling(case, old, catalog, experience),
            ruling(case, new, catalog, experience),
        )


class Side(Struct, frozen=True):
    """One policy's part of some totals; `quality` is a mean of predictions, None without any request."""

    cost: Money = ZERO
    quality: float | None = None
    refused: int = 0


class TrialTotals(Struct, frozen=True):
    """Sums over requests. Cost and quality are of those that neither policy refuses (`answered`).

    A refusal is no saving, and has no quality: it is counted, and left out of everything else.
    `quality_sd` is the standard deviation of the error of `quality_change`.
    """

    requests: int = 0
    changed: int = 0
    answered: int = 0
    old: Side = Side()
    new: Side = Side()
    quality_change: float = 0.0
    quality_sd: float = 0.0

    def __post_init__(self) -> None:
        """Refuse counts that contradict each other."""
        if not 0 <= max(self.changed, self.answered) <= self.requests:
            raise ValueError(f"impossible totals: {self!r}")

    @property
    def changed_share(self) -> float:
        """The share of requests whose decision changes, from 0 to 1; 0 of none."""
        return self.changed / self.requests if self.requests else 0.0

    @property
    def cost_change(self) -> Money:
        """By how much the cost of the answered requests rises; negative is a saving."""
        return self.new.cost - self.old.cost

    @property
    def cost_change_share(self) -> float | None:
        """The same as a share of the old cost: -0.2 saves a fifth. None where that was nothing."""
        return self.cost_change.pico / self.old.cost.pico if self.old.cost else None

    @property
    def quality_interval(self) -> tuple[float, float]:
        """The 95 % interval of the change of mean predicted quality, as far as the estimates know."""
        margin = _SDS_OF_95_PERCENT * self.quality_sd
        return self.quality_change - margin, self.quality_change + margin

    def per_thousand(self, cost: Money) -> Money:
        """A cost of the answered requests, scaled to a thousand of them; rounded half-even."""
        return Money(round(Fraction(cost.pico * 1000, max(self.answered, 1))))


def totals(pairs: Iterable[Pair]) -> TrialTotals:
    """The sums over `pairs`."""
    every = tuple(pairs)
    answered = tuple(both for pair in every if (both := pair.both))
    changes = [new.quality.p - old.quality.p for old, new in answered]
    return TrialTotals(
        requests=len(every),
        changed=sum(pair.is_changed for pair in every),
        answered=len(answered),
        old=_side([pair.old for pair in every], [old for old, _ in answered]),
        new=_side([pair.new for pair in every], [new for _, new in answered]),
        quality_change=fsum(changes) / len(changes) if changes else 0.0,
        quality_sd=_quality_sd(every),
    )


def grouped(pairs: Iterable[Pair], by: Callable[[Pair], Key]) -> Mapping[Key, TrialTotals]:
    """The sums of each group, the group with most requests first; ties by name."""
    groups: defaultdict[Key, list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[by(pair)].append(pair)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), str(item[0])))
    return {key: totals(group) for key, group in ordered}


def changes(pairs: Iterable[Pair]) -> Sequence[Pair]:
    """The requests whose decision changes, those whose cost changes most first; ties by id."""
    changed = (pair for pair in pairs if pair.is_changed)
    return sorted(changed, key=lambda pair: (-abs(pair.cost_change.pico), pair.case.id))


def _name(cascade: Cascade) -> str:
    steps = (" + ".join(each.model.id for each in step.candidates) for step in cascade.steps)
    return " > ".join([*steps, cascade.final.model.id])


def _cost(each: Ruling) -> Money:
    return each.cost if isinstance(each, TrialChoice) else ZERO


def _side(rulings: Sequence[Ruling], answers: Sequence[TrialChoice]) -> Side:
    return Side(
        cost=Money(sum(answer.cost.pico for answer in answers)),
        quality=fsum(answer.quality.p for answer in answers) / len(answers) if answers else None,
        refused=sum(isinstance(each, TrialRefusal) for each in rulings),
    )


def _quality_sd(pairs: Sequence[Pair]) -> float:
    """The sd of the mean change of quality, by the rules at the head of this file.

    A model's wins and losses in a category cancel out before anything is squared.
    """
    answered = 0
    errors: defaultdict[tuple[str, Category], float] = defaultdict(float)
    for pair in pairs:
        if (both := pair.both) is None:
            continue
        answered += 1
        if pair.is_changed:
            old, new = both
            for name, sd in new.known_from:
                errors[name, pair.category] += sd
            for name, sd in old.known_from:
                errors[name, pair.category] -= sd
    by_model: defaultdict[str, float] = defaultdict(float)
    for (model_id, _), error in errors.items():
        by_model[model_id] += abs(error)
    return hypot(*by_model.values()) / max(answered, 1)
