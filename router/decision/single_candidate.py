"""The candidate of a request for vectors: its model is named, so only the replica is to be chosen."""

from router.domain.candidate import Candidate
from router.domain.estimate import UNOBSERVED, CostEstimate, QualityEstimate
from router.domain.members import replace
from router.domain.model import Model

_ITSELF = QualityEstimate(1.0, 0.0)
"""Certain, as there is nothing to compare: vectors of two models cannot stand in for each other."""
_FINEST_CUT = 2
_FRAMING_TOKENS = 64
"""As for chat: how much finer a tokenizer may split than ours, and what may be wrapped around an input."""


def sole_candidate(model: Model, tokens: int) -> Candidate:
    """`model` for an input of `tokens`; if it has replicas, the cheapest stands for all."""
    places = [each for each in model.places if not each.is_drained] or [model]
    ordered = sorted((_of(each, tokens) for each in places), key=lambda each: each.cost.expected)
    if not model.replicas:
        return ordered[0]
    return replace(ordered[0], replicas=tuple(ordered))


def _of(place: Model, tokens: int) -> Candidate:
    cost = CostEstimate(
        expected=place.price.charge_uncached(tokens, 0),
        upper=place.price.at_most(tokens * _FINEST_CUT + _FRAMING_TOKENS, 0),
    )
    return Candidate(place, _ITSELF, cost, UNOBSERVED)
