"""Calibrates predictions by a line through the scores of prompts that were not learnt from."""

import numpy as np

from router.domain.arrays import Floats

NO_CORRECTION = (1.0, 0.0)
"""Slope and intercept that leave predictions as they are."""

_PSEUDO_ANSWERS = 50.0
"""The weight, in answers, of the assumption that nothing has to be corrected."""


def calibrated(predicted: Floats, scores: Floats) -> tuple[float, float]:
    """Slope and intercept of the line on which `scores` lie best over `predicted`, by least squares.

    Both are (prompts, models), NaN where there is no answer or no prediction. A line, for it leaves every
    comparison of predicted gains as it was, so that calibrating changes no decision: Platt's curve fits
    as well, and costs a hundredth of what a pair's router recovers (docs/evidence.md). (1, 0), which
    corrects nothing, where there is nothing to draw a line through; the slope is never below 0, which
    would turn the order of the models round.
    """
    known = np.isfinite(scores) & np.isfinite(predicted)
    p, good = predicted[known], scores[known]
    spread = float(p.var()) if len(p) else 0.0
    if spread < 1e-9:
        return NO_CORRECTION
    slope = max(0.0, float(np.mean((p - p.mean()) * (good - good.mean()))) / spread)
    intercept = float(good.mean() - slope * p.mean())
    share = len(p) / (len(p) + _PSEUDO_ANSWERS)
    return 1.0 + share * (slope - 1.0), share * intercept
