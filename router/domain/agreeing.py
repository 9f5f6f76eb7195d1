"""How often two models give the same answer to a prompt, and what is gained by accepting it.

The estimate needs only how good each model is at such prompts. With `a` and `b` for the two models' P(good answer),
`s` for the final model's:

    both right   = a * b + alike * sqrt(a * (1 - a) * b * (1 - b)),  within what a and b allow
    both wrong   = 1 - a - b + both right
    p_accept     = same_right * both right + same_wrong * both wrong
    gain         = same_right * both right * P(final wrong | both right)
                   - same_wrong * both wrong * P(final right | both wrong and alike)

P(final right) is `s` moved in logits: up by `easier` where the two are right, and by `harder`, which is below 0, where
they share a mistake. These five numbers, the habits, are much the same for all models and most kinds of prompts; what
differs from kind to kind is mostly `same_wrong`: of few options, the same wrong one is often chosen.
"""

from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

from msgspec import Struct

from router.domain.candidate import Candidate
from router.domain.cascade import Prospect
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.logits import held

SHARED_MISTAKE = 1 / 3
"""How often two wrong models are drawn to the same wrong answer, where they would not meet by chance, at least. Of
answers that could be read it is .38 of ten options, .46 of eight, .50 of four (MMLU-Pro), .51 of four (ARC)."""

FEW_OPTIONS = 3
"""Where there are more, what kinds of prompts have taught says more (docs/adr/0041-few-options.md)."""


def same_wrong_of(options: int) -> float:
    """How often two wrong answers are the same where `options` may be chosen from: by chance or by attraction.

    Of two options only one is wrong.
    """
    chance = 1.0 / max(1, options - 1)
    return chance + (1.0 - chance) * SHARED_MISTAKE


class Habits(Struct, frozen=True, gc=False):
    """What models have in common on some prompts.

    `alike` is the correlation between two models being right, `same_right` how often two right answers compare
    as equal, `same_wrong` how often two wrong ones do. `easier` and `harder` are logits.
    """

    alike: float
    same_right: float
    same_wrong: float
    easier: float
    harder: float

    def __post_init__(self) -> None:
        """Refuse what is no correlation and no share (NaN included)."""
        shares = (self.same_right, self.same_wrong)
        if not (-1.0 <= self.alike <= 1.0 and all(0.0 <= share <= 1.0 for share in shares)):
            raise ValueError(f"a correlation and two shares: {self!r}")
        if not all(abs(shift) < float("inf") for shift in (self.easier, self.harder)):
            raise ValueError(f"logits are numbers: {self!r}")

    def meet(self, a: float, b: float, s: float) -> "Meeting":
        """What happens when models of qualities `a` and `b` must agree before one of `s`; all above 0 and below 1."""
        not_a, not_b, alike = 1.0 - a, 1.0 - b, self.alike
        room = sqrt(a * not_a * b * not_b)
        right = min(max(a * b + alike * room, 0.0, a - not_b), a, b)
        odds, bend = s / (1.0 - s), alike / room
        return Meeting(
            room,
            right,
            max(0.0, not_a - b + right),
            1.0 / (1.0 + odds * exp(self.easier)),
            1.0 - 1.0 / (1.0 + odds * exp(self.harder)),
            b + bend * (0.5 - a) * b * not_b,
            a + bend * (0.5 - b) * a * not_a,
        )


class Meeting(NamedTuple):
    """Three models at one prompt. A named tuple, since some thirty are made for a request.

    `right` is P(both right), `wrong` P(both wrong). `room`, `by_a` and `by_b` are the derivatives of `right` by the
    correlation and by the quality of either model, unless it is at a bound. `missed` is the final model's P(wrong)
    where both are right, `known` its P(right) where both are wrong alike.
    """

    room: float
    right: float
    wrong: float
    missed: float
    known: float
    by_a: float
    by_b: float


COMMON = 0.8
"""The share of a quality error's variance that all models have in common: a hard kind of prompt is hard for all.
With it, nine of ten gains on unseen datasets are above their lower ends, on three of four pools (docs/evidence.md)."""


class Agreeing(Struct, frozen=True):
    """The habits that models have on prompts like this one, how sure each is, and what they do not explain.

    `variances` are those of the five habits. `accept_sd` and `gain_sd` say how far a pair of models deviates from
    what is usual among models as good as they are.
    """

    habits: Habits
    variances: tuple[float, ...]
    accept_sd: float
    gain_sd: float

    def of(self, first: Sequence[Candidate], final: Candidate) -> Prospect | None:
        """What to expect where two models must agree; None unless they are two, and the final model a third.

        Two answers of one model share more mistakes than those of two models, and nobody knows how many more.
        """
        if len(first) != 2 or len({each.model.name for each in (*first, final)}) < 3:
            return None
        return self.between(first[0].quality, first[1].quality, final.quality)

    def between(
        self, one: QualityEstimate, other: QualityEstimate, final: QualityEstimate
    ) -> Prospect:
        """The same by the three models' qualities. Deviations are to the first order, and their causes independent."""
        s = held(final.p)
        habits, met = self.habits, self.habits.meet(held(one.p), held(other.p), s)
        same_right, same_wrong = habits.same_right * met.right, habits.same_wrong * met.wrong
        return Prospect(
            min(1.0, same_right + same_wrong),
            self._accept_sd(met, one.sd, other.sd),
            same_right * met.missed - same_wrong * met.known,
            self._gain_sd(met, one.sd, other.sd, final.sd / (s * (1.0 - s))),
            EstimateSource.ARTEFACT,
            differs=same_right * met.missed + same_wrong * met.known,
        )

    def _accept_sd(self, met: Meeting, a_sd: float, b_sd: float) -> float:
        room, right, wrong, _, _, by_a, by_b = met
        e, c = self.habits.same_right, self.habits.same_wrong
        both = e + c
        alike, same_right, same_wrong, _, _ = self.variances
        x, y = (both * by_a - c) * a_sd, (both * by_b - c) * b_sd
        return sqrt(
            self.accept_sd * self.accept_sd
            + both * room * both * room * alike
            + right * right * same_right
            + wrong * wrong * same_wrong
            + COMMON * (x + y) * (x + y)
            + (1.0 - COMMON) * (x * x + y * y)
        )

    def _gain_sd(self, met: Meeting, a_sd: float, b_sd: float, logit_sd: float) -> float:
        room, right, wrong, missed, known, by_a, by_b = met
        won, lost = self.habits.same_right * missed, self.habits.same_wrong * known
        both = won - lost
        by_easier, by_harder = won * right * (1.0 - missed), lost * wrong * (1.0 - known)
        alike, same_right, same_wrong, easier, harder = self.variances
        x, y = (both * by_a + lost) * a_sd, (both * by_b + lost) * b_sd
        z = (by_easier + by_harder) * logit_sd
        return sqrt(
            self.gain_sd * self.gain_sd
            + both * room * both * room * alike
            + right * missed * right * missed * same_right
            + wrong * known * wrong * known * same_wrong
            + by_easier * by_easier * easier
            + by_harder * by_harder * harder
            + COMMON * (x + y - z) * (x + y - z)
            + (1.0 - COMMON) * (x * x + y * y + z * z)
        )
