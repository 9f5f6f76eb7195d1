"""What prompts like this one say of each model, beside what was held of it before."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt

from router.domain.arrays import Floats
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.model_names import plain_name

_ODDS = 9.0
"""Before models are told apart, prompts of no known kind are taken to be so many times as common as others. Between 4
and 49 little changes, in distribution or out of it; at even odds, kinds that look alike are trusted too much
(docs/evidence.md)."""
_LEAST_P = 0.005
"""No share of good answers is 0 or 1 for certain: keeps logits finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """One prompt as the scored models stand to it.

    `logits` and `sds` have one number for each of `rows`; `shift` is how far the scored models moved
    from their priors on average, in logits; the weights are how much of that, and of each model's own
    movement beyond it, holds here.
    """

    rows: Mapping[str, int]
    logits: Floats
    sds: Floats
    shift: float
    level_weight: float
    contrast_weight: float

    def quality(self, name: str, prior: QualityEstimate) -> QualityEstimate:
        """P(good answer) of the model of this name and prior; it need not have been scored."""
        if not self.level_weight and not self.contrast_weight:
            return prior
        row = self.rows.get(name)
        if row is None:
            row = self.rows.get(plain_name(name))
        from_prior = _logit(prior.p)
        level = from_prior + self.level_weight * self.shift
        if row is None:
            return _estimate(level, prior.sd, EstimateSource.PRIOR)
        w = self.contrast_weight
        contrast = float(self.logits[row]) - from_prior - self.shift
        sd = sqrt((w * float(self.sds[row])) ** 2 + ((1.0 - w) * prior.sd) ** 2)
        return _estimate(level + w * contrast, sd, EstimateSource.ARTEFACT)


def weights_of(familiarity: float, floor: float) -> tuple[float, float]:
    """How much holds of the level and of the contrasts, from `floor` to 1."""
    contrast = familiarity / (familiarity + _ODDS * (1.0 - familiarity))
    return floor + (1.0 - floor) * familiarity, floor + (1.0 - floor) * contrast


def _estimate(logit: float, sd: float, source: EstimateSource) -> QualityEstimate:
    return QualityEstimate(1.0 / (1.0 + exp(-logit)), sd, source)


def _logit(p: float) -> float:
    held = min(max(p, _LEAST_P), 1.0 - _LEAST_P)
    return log(held / (1.0 - held))
