"""Probabilities on the scale of logits, where what is learnt about them adds up."""

from math import exp, log

LEAST_P = 0.005
"""No share of good answers is taken to be exactly 0 or 1, which keeps logits finite."""


def held(p: float) -> float:
    """`p`, neither 0 nor 1: within 0.005 to 0.995."""
    return min(max(p, LEAST_P), 1.0 - LEAST_P)


def logit(p: float) -> float:
    """The log-odds of `p`, once `held`."""
    inside = held(p)
    return log(inside / (1.0 - inside))


def sigmoid(x: float) -> float:
    """The probability whose log-odds are `x`."""
    return 1.0 / (1.0 + exp(-x))
