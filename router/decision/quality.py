"""P(good answer) of each model to one prompt, from what was learnt of prompts that resemble it.

    q     = sum over kinds of P(kind) * (score of the model on the kind) + traits * loadings
    shift = mean over the scored models of logit(q) - logit(prior)
    p     = sigmoid(logit(prior) + v * shift + w * (logit(q) - logit(prior) - shift))

The shift says how hard the prompt is, for every model alike, and moves those that were never scored, too. What
is left says which models are better at it than usual, and is trusted less: w is strict where v is even-handed, since
category means carry most of what can be known, and unshrunk contrasts between models are worse than none on
unseen kinds of prompts (docs/evidence.md). Both weights grow with the prompt's familiarity from `floor` to 1, so
that far from what was learnt from, a model is as good as its prior says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.kinship import Kinship

_ODDS_OF_NO_KIND = 19.0
"""Before models are told apart, prompts of no known kind are taken to be 19 times as common as others. Between 9 and
49 little changes, in distribution or out of it; with even odds, kinds that look alike are trusted too much."""
_LEAST_P = 0.005
"""No share of good answers is 0 or 1 for certain: keeps logits finite."""


@dataclass(frozen=True, slots=True, eq=False)
class QualityModel:
    """How good `names` were on each kind of prompt.

    `scores` are their mean scores, (models, kinds), each drawn towards what the others make likely; `sds` the
    standard deviations of these means; `loadings` what a trait adds, (models, traits); `anchors` the
    priors from which they moved, (models, kinds). `calibration` is slope and intercept on the scale of
    logits (Platt 1999), `floor` the least weight of what was learnt.
    """

    names: tuple[str, ...]
    scores: Floats
    sds: Floats
    loadings: Floats
    anchors: Floats
    calibration: tuple[float, float]
    floor: float

    def __post_init__(self) -> None:
        """Refuse tables that do not belong together, and scores that are no shares."""
        if self.scores.ndim != 2 or self.loadings.ndim != 2:
            raise ValueError("scores have one column a kind, loadings one a trait")
        models, kinds = self.scores.shape
        if not models == len(set(self.names)) == len(self.names) == len(self.loadings):
            raise ValueError(f"{len(self.names)} models have {models} rows of scores")
        if self.sds.shape != (models, kinds) or self.anchors.shape != (models, kinds):
            raise ValueError(
                "scores, deviations and anchors have one row a model, one column a kind"
            )
        if not all(_are_shares(each) for each in (self.scores, self.sds, self.anchors)):
            raise ValueError("scores, deviations and anchors are from 0 to 1")
        if not (np.isfinite(self.loadings).all() and np.isfinite(self.calibration).all()):
            raise ValueError("loadings and calibration are numbers")
        if not 0.0 <= self.floor <= 1.0:
            raise ValueError(f"the floor is from 0 to 1, not {self.floor}")

    def outlook(self, kinship: Kinship) -> "Outlook":
        """What is to be expected of every model that was scored, and of one that was not."""
        shares = kinship.shares
        q = np.clip(self.scores @ shares + self.loadings @ kinship.traits, _LEAST_P, 1 - _LEAST_P)
        slope, intercept = self.calibration
        logits = slope * np.log(q / (1.0 - q)) + intercept
        spread = self.sds**2 + (self.scores - q[:, None]) ** 2
        anchors = np.clip(self.anchors @ shares, _LEAST_P, 1 - _LEAST_P)
        return Outlook(
            rows={name: row for row, name in enumerate(self.names)},
            logits=logits,
            sds=np.sqrt(spread @ shares),
            shift=float(np.mean(logits - np.log(anchors / (1.0 - anchors)))),
            level_weight=self.floor + (1.0 - self.floor) * kinship.familiarity,
            contrast_weight=self.floor + (1.0 - self.floor) * strict(kinship.familiarity),
        )

    def usual(self, name: str) -> QualityEstimate:
        """The mean over all kinds of where a scored model moves from. Raises ValueError for others.

        A further kind may be as far from that as the known ones are: their spread makes the deviation.
        """
        row = self.names.index(name)
        sd = float(np.sqrt(self.scores[row].var() + np.mean(self.sds[row] ** 2)))
        return QualityEstimate(float(self.anchors[row].mean()), sd, EstimateSource.ARTEFACT)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The tables, as arrays by name."""
        return {
            "scores": self.scores,
            "sds": self.sds,
            "loadings": self.loadings,
            "anchors": self.anchors,
            "calibration": np.asarray(self.calibration),
            "floor": np.asarray(self.floor),
        }

    @classmethod
    def from_arrays(
        cls, names: Sequence[str], arrays: Mapping[str, NDArray[np.generic]]
    ) -> "QualityModel":
        """The reverse of `arrays`. Raises KeyError for what is missing, ValueError for what is wrong."""
        tables = {name: arrays[name].astype(np.float64) for name in _TABLES}
        slope, intercept = (float(each) for each in arrays["calibration"].astype(np.float64))
        return cls(
            names=tuple(names),
            **tables,
            calibration=(slope, intercept),
            floor=float(arrays["floor"].astype(np.float64)),
        )


_TABLES = ("scores", "sds", "loadings", "anchors")


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

    def quality(self, scored_as: str | None, prior: QualityEstimate) -> QualityEstimate:
        """P(good answer) of a model of this prior, scored under that name (None: never scored)."""
        row = None if scored_as is None else self.rows.get(scored_as)
        from_prior = _logit(prior.p)
        level = from_prior + self.level_weight * self.shift
        if row is None:
            return _estimate(level, prior.sd, EstimateSource.PRIOR)
        w = self.contrast_weight
        contrast = float(self.logits[row]) - from_prior - self.shift
        sd = sqrt((w * float(self.sds[row])) ** 2 + ((1.0 - w) * prior.sd) ** 2)
        return _estimate(level + w * contrast, sd, EstimateSource.ARTEFACT)


def strict(familiarity: float) -> float:
    """`familiarity` if prompts of no known kind are far more common, from 0 to 1."""
    return familiarity / (familiarity + _ODDS_OF_NO_KIND * (1.0 - familiarity))


def _estimate(logit: float, sd: float, source: EstimateSource) -> QualityEstimate:
    return QualityEstimate(1.0 / (1.0 + exp(-logit)), sd, source)


def _logit(p: float) -> float:
    held = min(max(p, _LEAST_P), 1.0 - _LEAST_P)
    return log(held / (1.0 - held))


def _are_shares(table: Floats) -> bool:
    return bool(((table >= 0.0) & (table <= 1.0)).all())
