"""What a test says is known of cascades, and what was seen of them since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from router.decision.verdicts import Observed, Verdicts
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


class Seen(Observed, frozen=True, kw_only=True):
    """Other prospects than were learnt, and pairs that are off."""

    verdicts: Verdicts = msgspec.field(default_factory=Verdicts)
    pairs: Mapping[Pair, Prospect] = {}
    off: Mapping[Pair, str] = {}

    def prospect(
        self,
        prospect: Prospect | None,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
    ) -> Prospect | None:
        return self.pairs.get(tuple(sorted(each.model.id for each in first)), prospect)

    def is_off(
        self,
        first: Sequence[Candidate],
        final: Candidate,
        category: Category,
        checks: tuple[Check, ...] = AGREEMENT,
        judging: Money = ZERO,
    ) -> str:
        return self.off.get(tuple(sorted(each.model.id for each in first)), "")


def recognised(features: Features, known: Prospects | None) -> Recognised:
    """`features` of which so much is known."""
    told = {name: getattr(features, name) for name in Features.__struct_fields__}
    return Recognised(**told, prospects=known)
