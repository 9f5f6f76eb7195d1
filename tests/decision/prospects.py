"""What a test says is known of cascades, and what was seen of them since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from router.domain.candidate import Candidate
from router.domain.cascade import AGREEMENT, Check, Prospect, Prospects
from router.domain.category import Category
from router.domain.estimate import EstimateSource
from router.domain.features import Features, Recognised
from router.domain.money import ZERO, Money

Pair = tuple[str, ...]
"""The ids of the first models, sorted."""


def prospect(
    p_accept: float = 0.6, gain: float = 0.0, *, p_accept_sd: float = 0.0, gain_sd: float = 0.0
) -> Prospect:
    """So many are settled, with such a gain in quality over all."""
    return Prospect(p_accept, p_accept_sd, gain, gain_sd, EstimateSource.ARTEFACT)


@dataclass(frozen=True, slots=True)
class Told:
    """Implements `router.domain.cascade.Prospects`: for every pair, or for the given ones."""

    pairs: Mapping[Pair, Prospect] = field(default_factory=dict)
    others: Prospect | None = None

    def of(self, first: Sequence[Candidate], final: Candidate) -> Prospect | None:
        """See `Prospects`."""
        return self.pairs.get(tuple(sorted(each.model.id for each in first)), self.others)


@dataclass(frozen=True, slots=True)
class Seen:
    """Implements `router.decision.bid.Verdicts`: other prospects than were learnt, and pairs that are off."""

    pairs: Mapping[Pair, Prospect] = field(default_factory=dict)
    off: Mapping[Pair, str] = field(default_factory=dict)

    def prospect(
        self,
        prospect: Prospect | None,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
    ) -> Prospect | None:
        """See `Verdicts`."""
        return self.pairs.get(tuple(sorted(each.model.id for each in first)), prospect)

    def is_off(
        self,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
        judging: Money = ZERO,
    ) -> str:
        """See `Verdicts`."""
        return self.off.get(tuple(sorted(each.model.id for each in first)), "")


def recognised(features: Features, known: Prospects | None) -> Recognised:
    """`features` of which so much is known."""
    told = {name: getattr(features, name) for name in Features.__struct_fields__}
    return Recognised(**told, prospects=known)
