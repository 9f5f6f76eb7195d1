"""What was seen of cascades while they ran: how often a step's answers were taken, and whether rightly.

Each ruling is counted, by the category of the request, the models of the step and the final model. For some
accepted answers the final model is asked as well, after the client has got its answer, and both are compared.
The counts adjust what was learnt before, as far as there are enough of them; and they switch off a cascade
that no longer pays: because its answers are surely accepted too seldom for what they cost, or because too
many accepted ones surely differ from the final model's. A few requests still try it, so that it can come back.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence, Set
from enum import StrEnum
from math import sqrt
from typing import NamedTuple

from msgspec import Struct, field

from router.decision.bounds import score_bounds
from router.domain.candidate import Candidate
from router.domain.cascade import AGREEMENT, Check, Prospect
from router.domain.category import Category
from router.domain.estimate import EstimateSource
from router.domain.members import replace
from router.domain.money import ZERO, Money

_MOST_KEPT = 1_000
"""Cascades; the least recently seen is forgotten first."""
_WINDOW = 512
"""Rulings, or checks: with so many, the counts are halved."""
_FEWEST = 20
"""How many rulings it takes to say something where nothing was learnt before."""
_WEAKEST, _STRONGEST = 2.0, 200.0
"""How many rulings what was learnt before counts for, at least, and at most, since the world changes."""
_EXPLORED = 0.02
"""The share of requests that try a cascade even though it is switched off."""


class StepOutcome(StrEnum):
    """What became of a step, and what a check said of the answer that was taken."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANNOT_TELL = "cannot_tell"
    FAILED = "failed"
    SKIPPED = "skipped"
    RIGHT = "right"
    """The final model has given the same answer."""
    WRONG = "wrong"
    UNCHECKED = "unchecked"
    """A check without a result: the call failed, or it could not be told."""


_RULINGS = frozenset(
    {StepOutcome.ACCEPTED, StepOutcome.REJECTED, StepOutcome.CANNOT_TELL, StepOutcome.FAILED}
)
_CHECKS = frozenset({StepOutcome.RIGHT, StepOutcome.WRONG})


class Pairing(NamedTuple):
    """The models of a step, in alphabetical order, before a final one, on requests of a category.

    `checks` are those that their answers must pass, none if they must agree: other checks accept other answers.
    A tuple, since decisions look many of them up.
    """

    category: Category
    first: tuple[str, ...]
    final: str
    checks: tuple[Check, ...] = ()

    @classmethod
    def of(
        cls,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
    ) -> "Pairing":
        """The pairing of these candidates."""
        names, others = tuple(sorted([each.model.id for each in first])), ()
        return cls(category, names, final.model.id, others if checks == AGREEMENT else checks)

    @property
    def names(self) -> frozenset[str]:
        """The ids of all models that it depends on, judges included."""
        return frozenset((*self.first, self.final, *(check.judge for check in self.checks)))


class Tally(Struct, frozen=True):
    """Recent rulings and checks. `allowed` is how many of the checked answers may differ from the final model's."""

    accepted: int = 0
    ruled: int = 0
    wrong: int = 0
    checked: int = 0
    allowed: float = 0.0

    def __post_init__(self) -> None:
        """Refuse more accepted, or wrong, answers than there were rulings, or checks."""
        if not (0 <= self.accepted <= self.ruled and 0 <= self.wrong <= self.checked):
            raise ValueError(f"{self!r} is no count")

    def with_ruling(self, *, accepted: bool) -> "Tally":
        """The tally after another ruling."""
        taken, ruled = _faded(self.accepted, self.ruled)
        return replace(self, accepted=taken + accepted, ruled=ruled + 1)

    def with_check(self, *, wrong: bool, allowed: float) -> "Tally":
        """The tally after another check; `allowed` is the share of such answers that may differ."""
        differed, checked = _faded(self.wrong, self.checked)
        before = self.allowed * checked / self.checked if self.checked else 0.0
        return replace(self, wrong=differed + wrong, checked=checked + 1, allowed=before + allowed)


NOTHING_SEEN = Tally()


def _faded(part: int, whole: int) -> tuple[int, int]:
    """Both counts, halved when there is enough of them."""
    return (part // 2, whole // 2) if whole >= _WINDOW else (part, whole)


class Verdicts(Struct):
    """The tallies of all cascades of a process, and `counts` of everything that was seen, for people."""

    counts: Counter[tuple[Pairing, StepOutcome]] = field(default_factory=Counter)
    _tallies: "OrderedDict[Pairing, Tally]" = field(default_factory=OrderedDict)

    def note(self, pairing: Pairing, seen: StepOutcome, allowed: float = 1.0) -> None:
        """Count what was seen; for a check, `allowed` is the share of such answers that may differ."""
        tally = self._tallies.pop(pairing, NOTHING_SEEN)
        if seen in _RULINGS:
            tally = tally.with_ruling(accepted=seen is StepOutcome.ACCEPTED)
        elif seen in _CHECKS:
            tally = tally.with_check(wrong=seen is StepOutcome.WRONG, allowed=allowed)
        self._tallies[pairing] = tally
        self.counts[pairing, seen] += 1
        if len(self._tallies) > _MOST_KEPT:
            self._forget(next(iter(self._tallies)))

    def forget(self, model_ids: Set[str]) -> None:
        """These ids stand for other models now, of which nothing was seen; what was counted remains for people."""
        for pairing in self._tallies:
            if model_ids & pairing.names:
                self._tallies[pairing] = NOTHING_SEEN

    def tally(self, pairing: Pairing) -> Tally:
        """What was seen recently."""
        return self._tallies.get(pairing, NOTHING_SEEN)

    def seen(
        self,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
    ) -> Tally:
        """What was seen recently of `first` before `final`, if their answers must pass `checks`."""
        if not self._tallies:
            return NOTHING_SEEN
        return self.tally(Pairing.of(first, final, category, checks))

    def observed(self, chance: float) -> "Observed":
        """What one decision may know of this; `chance`, uniform in [0, 1), decides whether it tries what is off."""
        return Observed(self, explores=chance < _EXPLORED)

    def _forget(self, pairing: Pairing) -> None:
        del self._tallies[pairing]
        for seen in StepOutcome:
            self.counts.pop((pairing, seen), None)


class Observed(Struct, frozen=True):
    """What was observed of cascades, for one decision; if it `explores`, it may take one that is switched off."""

    verdicts: Verdicts
    explores: bool = False

    def prospect(
        self,
        prospect: Prospect | None,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
    ) -> Prospect | None:
        """What to expect of `first` before `final`, given also what was seen; None where nothing is known.

        Answers that equal the final model's bring neither gain nor loss: so the gain is bounded by the share
        that differs.
        """
        tally = self.verdicts.seen(first, final, category, checks)
        if not tally.ruled:
            return prospect
        if prospect is None:
            return _by_sight(tally) if tally.ruled >= _FEWEST else None
        return _moved(prospect, tally)

    def is_off(
        self,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
        judging: Money = ZERO,
    ) -> str:
        """Why `first` are not to be asked before `final` any more, as a clause; "" where they may be.

        `judging` is what verdicts on their answers are expected to cost.
        """
        if self.explores:
            return ""
        tally = self.verdicts.seen(first, final, category, checks)
        cost = sum((each.cost.expected for each in first), judging)
        return _unpaid(tally, cost, final) or _unlike(tally)


def allowed_share(prospect: Prospect | None, tolerance: float) -> float:
    """The share of accepted answers that may differ from the final model's.

    As many as were expected to differ, since the final model errs as well, and so many more that quality would fall by
    the tolerance if each of these were a loss.
    """
    if prospect is None:
        return min(1.0, tolerance)
    if not prospect.p_accept:
        return 1.0
    return min(1.0, (max(prospect.differs, abs(prospect.gain)) + tolerance) / prospect.p_accept)


def _unpaid(tally: Tally, cost: Money, final: Candidate) -> str:
    """Whether too few are accepted, as a clause: a cascade pays if their share exceeds its share of the final cost."""
    dear = final.cost.expected
    needed = cost.pico / dear.pico if dear else 1.0
    if not cost or tally.accepted >= needed * tally.ruled:
        return ""
    if score_bounds(tally.accepted, tally.ruled)[1] >= needed:
        return ""
    return f"of the last {tally.ruled}, {tally.accepted} were accepted, and it pays off from {needed:.0%}"


def _unlike(tally: Tally) -> str:
    """Whether too many accepted answers differ from the final model's, as a clause."""
    if tally.wrong <= tally.allowed:
        return ""
    share = tally.allowed / tally.checked
    if score_bounds(tally.wrong, tally.checked)[0] <= share:
        return ""
    return (
        f"of {tally.checked} accepted answers {tally.wrong} differ from the final model's, and"
        f" {share:.0%} may"
    )


def _by_sight(tally: Tally) -> Prospect:
    """The prospect by tallies alone: no gain, and a deviation of half the share that differs."""
    p, sd = _share(1.0, 2.0, tally)
    return Prospect(p, sd, 0.0, p * _differing(tally) / 2, EstimateSource.LOCAL)


def _moved(prospect: Prospect, tally: Tally) -> Prospect:
    spread = prospect.p_accept * (1.0 - prospect.p_accept)
    variance = max(prospect.p_accept_sd**2, 0.25 / _STRONGEST**2)
    weight = min(max(spread / variance - 1.0, _WEAKEST), _STRONGEST)
    p, sd = _share(prospect.p_accept * weight, weight, tally)
    rate = prospect.gain / prospect.p_accept if prospect.p_accept else 0.0
    most = p * _differing(tally)
    gain = max(-most, min(rate * p, most))
    sds = (sd, min(prospect.gain_sd, most))
    return Prospect(p, sds[0], gain, sds[1], prospect.source, min(prospect.differs, p))


def _share(supposed: float, weight: float, tally: Tally) -> tuple[float, float]:
    """The share that is accepted, and its standard deviation, from the counts and the assumption."""
    p = (supposed + tally.accepted) / (weight + tally.ruled)
    return p, sqrt(p * (1.0 - p) / (weight + tally.ruled + 1.0))


def _differing(tally: Tally) -> float:
    """An upper bound of the share of accepted answers that differ."""
    return score_bounds(tally.wrong, tally.checked)[1]
