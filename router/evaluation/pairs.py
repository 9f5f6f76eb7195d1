"""RouteLLM's measures for two models, a weak and a strong one (https://arxiv.org/abs/2406.18665, section 3).

PGR, the performance gap recovered, is 0 at the weak model's quality and 1 at the strong one's.
"""

from math import inf, nan

import numpy as np
from msgspec import Struct

from router.domain.arrays import Floats

THRESHOLDS = 10
CALLS_AT = (0.2, 0.5, 0.8)
"""The gaps for which the share of calls is reported."""

_ROUNDING = 1e-9


class PairCurve(Struct, frozen=True, eq=False):
    """Shares of prompts that the strong model answers, increasing from 0 to 1, and the PGR at each."""

    strong_shares: Floats
    pgrs: Floats

    @property
    def apgr(self) -> float:
        """The mean PGR over all shares of strong calls (trapezoid); chance has 0.5."""
        return float(np.trapezoid(self.pgrs, self.strong_shares))

    def cpt(self, gap: float) -> float:
        """The lowest share of strong calls that recovers this gap: infinite if none does, NaN without a gap."""
        if np.isnan(self.pgrs).any():
            return nan
        before = (self.strong_shares[0], self.pgrs[0])
        for share, pgr in zip(self.strong_shares, self.pgrs, strict=True):
            if pgr >= gap - _ROUNDING:
                part = (gap - before[1]) / (pgr - before[1]) if pgr > before[1] else 0.0
                return float(before[0] + max(0.0, part) * (share - before[0]))
            before = (share, pgr)
        return inf


def pair_curve(preferences: Floats, weak: Floats, strong: Floats) -> PairCurve:
    """The curve of a router over ten thresholds that divide the prompts into equal tenths.

    `preferences` say for each prompt how much the strong model is wanted; it answers from the
    threshold on, and at the last one only above it (as in RouteLLM's own evaluation). `weak` and `strong`
    are the scores. PGR is NaN if the two models are equally good, or there are no prompts.
    """
    if not len(preferences):
        return PairCurve(np.array([0.0, 1.0]), np.full(2, nan))
    thresholds = np.quantile(preferences, np.linspace(0.0, 1.0, THRESHOLDS + 1))
    is_strong = preferences[:, None] >= thresholds
    is_strong[:, -1] = preferences > thresholds[-1]
    quality = np.where(is_strong, strong[:, None], weak[:, None]).mean(axis=0)
    gap = strong.mean() - weak.mean()
    pgrs = (quality - weak.mean()) / gap if gap else np.full(len(quality), np.nan)
    return PairCurve(is_strong.mean(axis=0)[::-1], pgrs[::-1])
