"""What prompts like this one say about each model, on top of its prior."""

from collections.abc import Mapping
from math import sqrt

from msgspec import Struct

from router.domain.arrays import Floats
from router.domain.estimate import EstimateSource, QualityEstimate
from router.domain.logits import held, logit, sigmoid
from router.domain.model_names import plain_name


class PromptScores(Struct, frozen=True, eq=False):
    """What is expected of the scored models on one prompt.

    `scores` and `sds` have one number for each of `rows`; `shift` is how far the scored models moved
    from their priors on average, in logits; `weight` is how much all this counts here, from 0 to 1.
    `calibration` is the slope and intercept by which the result for a scored model is calibrated. `hardness` is by how
    many logits the prompt is harder for every model than others like it, from -1 to 1.
    """

    rows: Mapping[str, int]
    scores: Floats
    sds: Floats
    shift: float
    weight: float
    calibration: tuple[float, float]
    hardness: float = 0.0

    def quality(self, name: str, prior: QualityEstimate, alias: str = "") -> QualityEstimate:
        """P(good answer) of a model with this name and prior; it may have been scored as its `alias`, or not at all."""
        if not self.weight:
            return prior
        row = self._row(name)
        if row is None:
            row = self._row(alias)
        w = self.weight
        if row is None:  # what was never scored cannot be calibrated either
            moved = self._harder(sigmoid(logit(prior.p) + w * self.shift))
            return QualityEstimate(held(moved), prior.sd, EstimateSource.PRIOR)
        slope, intercept = self.calibration
        p = slope * self._harder((1.0 - w) * prior.p + w * float(self.scores[row])) + intercept
        sd = sqrt((w * float(self.sds[row])) ** 2 + ((1.0 - w) * prior.sd) ** 2)
        return QualityEstimate(held(p), sd, EstimateSource.ARTEFACT)

    def _row(self, name: str) -> int | None:
        row = self.rows.get(name)
        return self.rows.get(plain_name(name)) if row is None else row

    def _harder(self, p: float) -> float:
        """About sigmoid(logit(p) - hardness): a straight line would not keep p from 0 to 1, and this keeps every order.

        So a model that is neither surely right nor surely wrong loses most: what is hard for a weak model is easy for a
        strong one.
        """
        return p - self.hardness * p * (1.0 - p)
