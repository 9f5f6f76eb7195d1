"""What is known of answers besides gold labels, how far it is trusted, and what effect it may have.

**Feedback** is a score of the whole answer, by anybody who gave one. It counts for less than a gold
label: for w of one, where w is the share of the gold labels' variance that feedback explains, r^2 with
the correction for few pairs (Ezekiel 1930). A proxy label is worth that share of a true one when a
mean is estimated from both (W. G. Cochran, Sampling Techniques, 1977, section 7.3, regression estimators).
The amount by which feedback is kinder than gold labels, on answers that have both, is subtracted from its mean.
Too few pairs do not determine w; then it is USUAL_WEIGHT.

**Signs** that an answer itself shows are one-sided: an answer that breaks the requested schema is useless,
but one that keeps it may be wrong all the same. So however many answers show no flaw, that adds nothing
to an estimate; but no model is better than the share of its answers without one. That share, at the
upper end of its one-sided 95 % interval (E. B. Wilson 1927), is the model's ceiling.
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from msgspec import Struct, field

from router.domain.category import Category

USUAL_WEIGHT = 0.25
"""Four feedback scores count as one gold label if it is not known how far they agree: r = 0.5."""
LEAST_PAIRS = 30
"""How many answers with both a gold label and feedback are needed to measure their agreement."""
_ONE_SIDED_95 = 1.6448536269514722

Whose = tuple[Category, str]
"""A category, and the id of a model."""


class FeedbackScores(Struct, frozen=True):
    """Scores of one kind: how many, and their mean."""

    count: int
    mean: float

    def __post_init__(self) -> None:
        """Refuse empty sets of scores, and invalid means."""
        if self.count < 1 or not 0.0 <= self.mean <= 1.0:
            raise ValueError(f"scores have a number and a mean from 0 to 1, not {self!r}")


class Trust(Struct, frozen=True):
    """The weight of a feedback score relative to a gold label, and by how much it is kinder on average.

    `pairs` is the number of answers that have both; `is_measured` says whether they determined the weight.
    """

    weight: float = USUAL_WEIGHT
    kinder_by: float = 0.0
    pairs: int = 0
    is_measured: bool = False

    def __post_init__(self) -> None:
        """Refuse invalid weights."""
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"a weight is from 0 to 1, not {self.weight!r}")


def trust(pairs: Sequence[tuple[float, float]]) -> Trust:
    """How far feedback is to be trusted, from pairs of an answer's feedback and its gold label.

    If one of the two never varies, their agreement cannot be measured.
    """
    if len(pairs) < LEAST_PAIRS:
        return Trust(pairs=len(pairs))
    said, gold = np.array(pairs, dtype=np.float64).T
    kinder_by = float(said.mean() - gold.mean())
    if not (said.std() and gold.std()):
        return Trust(kinder_by=kinder_by, pairs=len(pairs))
    r = float(np.corrcoef(said, gold)[0, 1])
    told = 1.0 - (1.0 - r * r) * (len(pairs) - 1) / (len(pairs) - 2)
    weight = min(1.0, max(0.0, told)) if r > 0.0 else 0.0
    return Trust(weight, kinder_by, len(pairs), is_measured=True)


class Flaws(Struct, frozen=True):
    """How many answers, and how many of them themselves show that they are useless."""

    answers: int
    flawed: int

    def __post_init__(self) -> None:
        """Refuse flaws without answers."""
        if not 0 <= self.flawed <= self.answers or not self.answers:
            raise ValueError(f"flaws are of so many answers, not {self!r}")

    @property
    def ceiling(self) -> float:
        """The highest possible P(good answer): 1 without a flaw."""
        if not self.flawed:
            return 1.0
        n, z, share = self.answers, _ONE_SIDED_95, self.flawed / self.answers
        middle = share + z * z / (2 * n)
        half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return 1.0 - max(0.0, (middle - half) / (1 + z * z / n))


class WeakLabels(Struct, frozen=True):
    """Feedback and flaws by category and model. Feedback on answers with a gold label is not included.

    `holds_down` is the user's choice whether flaws hold estimates down.
    """

    feedback: Mapping[Whose, FeedbackScores] = field(default_factory=dict)
    trust: Trust = Trust()
    flaws: Mapping[Whose, Flaws] = field(default_factory=dict)
    holds_down: bool = False

    def most(self, category: Category, model: str) -> float:
        """The highest estimate that is allowed."""
        known = self.flaws.get((category, model)) if self.holds_down else None
        return known.ceiling if known else 1.0


NOTHING_HEARD = WeakLabels()
