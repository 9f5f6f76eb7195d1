"""NVIDIA Switchyard's server, in Rust, from its wheel: one target, or two with its choice by signals.

Its own authors call the server a demonstration; others build on the library inside.
"""

from pathlib import Path

from benchmarks.overhead.contestant import Contestant, Launch, Place
from benchmarks.overhead.installing import by_pip

_VERSION = "0.3.0"
_CONFIG = """
schema_version = 1

[llm_clients.mock]
format = "openai_chat"
base_url = "{upstream}/v1"

[targets.capable]
id = "mock-capable"
llm_client = "mock"

[targets.efficient]
id = "mock-efficient"
llm_client = "mock"

[routes.one]
id = "one"
type = "passthrough"
target = "efficient"

[routes.staged]
id = "staged"
type = "stage_router"
capable_target = "capable"
efficient_target = "efficient"
picker = "efficient_first"
confidence_threshold = 0.5
"""
_PROGRAM = """
import signal, sys
from switchyard_rust.server import Server
with Server(sys.argv[1], int(sys.argv[2])):
    signal.pause()
"""


def _installed(home: Path) -> None:
    by_pip(home, f"nemo-switchyard=={_VERSION}")


def _launched(place: Place, model: str) -> Launch:
    config = place.written("routes.toml", _CONFIG.format(upstream=place.upstream))
    python = str(place.home / "bin" / "python")
    return Launch((python, "-c", _PROGRAM, config, str(place.port)), model=model)


SWITCHYARD = (
    Contestant(
        "switchyard",
        f"NVIDIA Switchyard {_VERSION}, one target",
        lambda place: _launched(place, "one"),
        _installed,
        _VERSION,
        group="switchyard",
    ),
    Contestant(
        "switchyard staged",
        f"NVIDIA Switchyard {_VERSION}, its stage router between two targets",
        lambda place: _launched(place, "staged"),
        _installed,
        _VERSION,
        group="switchyard",
    ),
)
"""Two routes of one deployment."""
