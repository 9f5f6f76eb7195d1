"""RouterArena's combined score of accuracy and cost (https://arxiv.org/abs/2510.00202, section 4)."""

from math import log2

BETA = 0.1
DEAREST_USD, CHEAPEST_USD = 200.0, 0.0044
"""Costs per 1,000 requests: at the first cheapness is 0, at the second it is 1."""


def arena_score(quality: float, cost_usd: float) -> float:
    """The weighted harmonic mean of accuracy and cheapness, from 0 to 1; accuracy counts ten times as much.

    `cost_usd` is the mean cost of a request. Cheapness is 1 at CHEAPEST_USD and below, 0 at
    DEAREST_USD and above, and linear in the logarithm in between.
    """
    per_thousand = min(max(1000.0 * cost_usd, CHEAPEST_USD), DEAREST_USD)
    cheapness = (log2(DEAREST_USD) - log2(per_thousand)) / (log2(DEAREST_USD) - log2(CHEAPEST_USD))
    if quality <= 0.0 or cheapness <= 0.0:
        return 0.0
    return (1.0 + BETA) * quality * cheapness / (BETA * quality + cheapness)
