"""A model that could answer a request, with what is predicted of its answer."""

from msgspec import Struct

from router.domain.estimate import CostEstimate, LatencyEstimate, QualityEstimate
from router.domain.model import Model


class Candidate(Struct, frozen=True):
    """A model that could answer, with what is predicted of its answer.

    `is_stored` marks an answer that it has already written: it costs nothing, and is there at once.
    `replicas` are the places among which dispatch chooses, the cheapest first, which `model` and `cost`
    describe; none if there is nothing to choose.
    """

    model: Model
    quality: QualityEstimate
    cost: CostEstimate
    latency: LatencyEstimate
    is_stored: bool = False
    replicas: tuple["Candidate", ...] = ()
