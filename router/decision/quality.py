"""P(good answer) of each model to one prompt, from what was learnt of prompts that resemble it.

    q = sum over kinds of P(kind) * (score of the model on the kind) + traits * loadings
    r = (1 - w) * prior + w * q
    p = slope * (r - hardness * r * (1 - r)) + intercept

Which kind a prompt is of says how hard it is and which model is better at it. The second is said more carefully, by
flatter shares, the less familiar the prompt is: of a kind that was not learnt, the nearest one still tells about how
hard it is, and misleads about who is good at it. Where a prompt is unfamiliar, its hardness adds what length says:
by so many logits it is harder for every model, which widens the gap between a strong model and a weak one.

A model that was never scored moves from its prior as the scored ones moved from theirs, on average, in logits. The
weight w grows with the prompt's familiarity from `floor` to 1, so that far from what was learnt from, a model is as
good as its prior says: category means carry most of what can be known of a prompt, and unshrunk predictions are worse
than none on unseen kinds of prompts (docs/evidence.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from router.domain.arrays import Floats
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.logits import LEAST_P
from router.domain.model_names import numbered
from router.domain.prompt_scores import PromptScores
from router.domain.resemblance import Resemblance


@dataclass(frozen=True, slots=True, eq=False)
class QualityModel:
    """How good `names` were on each kind of prompt.

    `scores` are their mean scores, (models, kinds), each drawn towards what the others make likely; `sds` the
    standard deviations of these means; `loadings` what a trait adds, (models, traits); `anchors` the
    priors from which they moved, (models, kinds). `calibration` is slope and intercept of a line, which
    leaves the order of models and prompts as it is, `floor` the least weight of what was learnt. `evenness` is the
    power that makes shares as flat as models are compared by where nothing is familiar; 1 leaves them as they are.
    `rows` are the places of the names, exact and plain.
    """

    names: tuple[str, ...]
    scores: Floats
    sds: Floats
    loadings: Floats
    anchors: Floats
    calibration: tuple[float, float]
    floor: float
    evenness: float = 1.0
    rows: Mapping[str, int] = field(init=False)
    _means: Floats = field(init=False, repr=False)
    """Scores, anchors, and the second moments of scores, one beneath the other: all that shares are multiplied with."""
    _differences: Floats = field(init=False, repr=False)
    """Scores less the mean of all models on the kind."""

    def __post_init__(self) -> None:
        """Refuse tables that do not belong together, and scores that are no shares."""
        self._require_shapes()
        self._require_numbers()
        object.__setattr__(self, "rows", numbered(self.names))
        seconds = self.sds**2 + self.scores**2
        object.__setattr__(self, "_means", np.vstack((self.scores, self.anchors, seconds)))
        object.__setattr__(self, "_differences", self.scores - self.scores.mean(axis=0))

    def _require_shapes(self) -> None:
        if self.scores.ndim != 2 or self.loadings.ndim != 2:
            raise ValueError("scores have one column a kind, loadings one a trait")
        models, kinds = self.scores.shape
        if not models == len(set(self.names)) == len(self.names) == len(self.loadings):
            raise ValueError(f"{len(self.names)} models have {models} rows of scores")
        if self.sds.shape != (models, kinds) or self.anchors.shape != (models, kinds):
            raise ValueError(
                "scores, deviations and anchors have one row a model, one column a kind"
            )

    def _require_numbers(self) -> None:
        if not all(_are_shares(each) for each in (self.scores, self.sds, self.anchors)):
            raise ValueError("scores, deviations and anchors are from 0 to 1")
        if not (np.isfinite(self.loadings).all() and np.isfinite(self.calibration).all()):
            raise ValueError("loadings and calibration are numbers")
        if not 0.0 <= self.floor <= 1.0:
            raise ValueError(f"the floor is from 0 to 1, not {self.floor}")
        if not 0.0 < self.evenness < inf:
            raise ValueError(f"evenness is a power above 0, not {self.evenness}")

    def knows(self, resemblance: Resemblance) -> bool:
        """Whether the resemblance is to as many kinds, with as many traits, as this was learnt of."""
        stated = len(resemblance.shares), len(resemblance.traits)
        return stated == (self.scores.shape[1], self.loadings.shape[1])

    def prompt_scores(self, resemblance: Resemblance) -> PromptScores:
        """What is to be expected of every model that was scored, and of one that was not.

        Raises ValueError where the resemblance is to other kinds than these.
        """
        shares, models = np.asarray(resemblance.shares), len(self.names)
        means = self._means @ shares
        usual, seconds = means[:models], means[2 * models :]
        compared = usual + self._doubt(shares, resemblance.familiarity)
        q = _held(compared + self.loadings @ np.asarray(resemblance.traits))
        anchors = _held(means[models : 2 * models])
        moved = np.log(q * (1.0 - anchors) / (anchors * (1.0 - q)))
        # The mean of (score - q) ** 2 over the kinds, written out; rounding must not take it below 0.
        spread = seconds - 2.0 * q * usual + q * q * sum(resemblance.shares)
        weight = self.floor + (1.0 - self.floor) * resemblance.familiarity
        return PromptScores(
            rows=self.rows,
            scores=q,
            sds=np.sqrt(np.maximum(spread, 0.0)),
            shift=float(np.add.reduce(moved)) / models,
            weight=weight,
            calibration=self._calibration(weight),
            hardness=resemblance.hardness * self._held(weight),
        )

    def _doubt(self, shares: Floats, familiarity: float) -> Floats:
        """What to add to scores so that an unfamiliar prompt's models are compared by flatter shares; sums to 0."""
        moved = shares**self.evenness
        moved /= np.add.reduce(moved)
        moved -= shares
        moved *= 1.0 - familiarity
        return np.asarray(self._differences @ moved)

    def _calibration(self, weight: float) -> tuple[float, float]:
        """Slope and intercept; they approach 1 and 0, which change nothing, where what was learnt has no weight."""
        slope, intercept = self.calibration
        held = self._held(weight)
        return 1.0 + held * (slope - 1.0), held * intercept

    def _held(self, weight: float) -> float:
        """How far corrections hold, from 0 to 1: everywhere if what was learnt has a floor, else by its weight."""
        return 1.0 if self.floor else weight

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
            "evenness": np.asarray(self.evenness),
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
            evenness=float(arrays["evenness"].astype(np.float64)),
        )


_TABLES = ("scores", "sds", "loadings", "anchors")


def _held(p: Floats) -> Floats:
    return np.minimum(np.maximum(p, LEAST_P), 1.0 - LEAST_P)


def _are_shares(table: Floats) -> bool:
    return bool(((table >= 0.0) & (table <= 1.0)).all())
