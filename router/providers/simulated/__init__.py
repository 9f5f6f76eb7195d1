"""Simulated models behind an OpenAI-compatible server: no key, no cost, and every fault on request.

The way of a request: `request` (parsed) > `simulation` (counted, its fault chosen) > `answers` (what
the model says) > `script` and `faults` (what goes over the wire) > `playing` (it is sent).
"""

from router.providers.simulated.answering.minds import Forms, Minds
from router.providers.simulated.server import RunningSimulator, build_app, running
from router.providers.simulated.truths import truth_of
from router.providers.simulated_models import SimulatedModel, default_models

__all__ = [
    "Forms",
    "Minds",
    "RunningSimulator",
    "SimulatedModel",
    "build_app",
    "default_models",
    "running",
    "truth_of",
]
