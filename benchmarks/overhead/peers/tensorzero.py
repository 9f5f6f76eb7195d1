"""TensorZero cannot take part: its gateway is only available as an image."""

from pathlib import Path

from benchmarks.overhead.contestant import Contestant, Launch, Place, Unavailable


def _installed(_home: Path) -> None:
    raise Unavailable("its package has a gateway inside a Python client only, no server")


def _launched(_place: Place) -> Launch:
    raise Unavailable("it is not installed")


TENSORZERO = Contestant("tensorzero", "TensorZero's gateway", _launched, _installed)
