"""Which fault each request meets: those scripted in order, and those that come by chance."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from msgspec import Struct

from router.providers.simulated.faults import ANY_MODEL, OK, parse_fault


class _Queue(Struct):
    """Faults for a model in order; with `repeat` they start again when all have been played."""

    model: str
    faults: deque[str]
    repeat: bool

    def next(self) -> str:
        fault = self.faults.popleft()
        if self.repeat:
            self.faults.append(fault)
        return fault


@dataclass(slots=True)
class _Rate:
    """A fault that meets a share of a model's requests."""

    model: str
    fault: str
    probability: float
    dice: Random = field(repr=False)


class FaultBook:
    """The faults to come. Queues come before rates, a model's own before those of all models."""

    def __init__(self, models: Iterable[str]) -> None:
        self._models = frozenset(models)
        self._queues: list[_Queue] = []
        self._rates: list[_Rate] = []

    def script(self, model: str, faults: Sequence[str], *, repeat: bool = False) -> None:
        """Play these faults (`ok` for none) on the model's next requests; `*` is every model.

        What was scripted before comes first. Raises ValueError for an unknown model or fault.
        """
        self._check(model, faults)
        if faults:
            self._queues.append(_Queue(model, deque(faults), repeat))

    def rate(self, model: str, fault: str, probability: float, *, seed: int = 0) -> None:
        """Play the fault on that share of the model's requests, drawn with the seed.

        Raises ValueError for an unknown model or fault, or a probability outside [0, 1].
        """
        self._check(model, [fault])
        if not 0 <= probability <= 1:
            raise ValueError(f"probability must be in [0, 1], not {probability}")
        self._rates.append(_Rate(model, fault, probability, Random(seed)))

    def clear(self) -> None:
        """Remove all faults."""
        self._queues.clear()
        self._rates.clear()

    def next_for(self, model: str) -> str:
        """The fault for the model's next request, `ok` for none; a scripted one is used up."""
        for meant in (model, ANY_MODEL):
            for queue in self._queues:
                if queue.model == meant:
                    fault = queue.next()
                    self._queues = [left for left in self._queues if left.faults]
                    return fault
        return self._by_chance(model)

    @property
    def is_empty(self) -> bool:
        """Whether there are no faults to come."""
        return not self._queues and not self._rates

    def as_json(self) -> dict[str, Any]:
        """The faults to come."""
        return {
            "scripted": [
                {"model": queue.model, "faults": list(queue.faults), "repeat": queue.repeat}
                for queue in self._queues
            ],
            "rates": [
                {"model": rate.model, "fault": rate.fault, "probability": rate.probability}
                for rate in self._rates
            ],
        }

    def _by_chance(self, model: str) -> str:
        """A fault by chance: every rate is drawn each time, so that none disturbs another's sequence."""
        hits = [
            rate.fault
            for rate in self._rates
            if rate.model in {model, ANY_MODEL} and rate.dice.random() < rate.probability
        ]
        return hits[0] if hits else OK

    def _check(self, model: str, faults: Sequence[str]) -> None:
        if model != ANY_MODEL and model not in self._models:
            known = ", ".join([ANY_MODEL, *sorted(self._models)])
            raise ValueError(f"{model!r} is not a simulated model; available: {known}")
        for fault in faults:
            parse_fault(fault)
