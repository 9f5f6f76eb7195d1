"""Portkey's gateway on Node; a client names the upstream in headers."""

from pathlib import Path

from benchmarks.overhead.contestant import Contestant, Launch, Place
from benchmarks.overhead.installing import by_npm

_VERSION = "1.15.2"
_PACKAGE = "@portkey-ai/gateway"
_OVERRIDES = {"@hono/node-server": "1.13.8"}
"""With the newest release that it allows, 1.19.19, each stream ends in a 500 on Node 20."""


def _installed(home: Path) -> None:
    by_npm(home, _PACKAGE, _VERSION, _OVERRIDES)


def _launched(place: Place) -> Launch:
    program = place.home / "node_modules" / _PACKAGE / "build" / "start-server.js"
    headers = {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{place.upstream}/v1",
    }
    argv = ("node", str(program), "--headless", f"--port={place.port}")
    return Launch(argv, {"NODE_ENV": "production"}, headers=headers)


PORTKEY = Contestant("portkey", f"Portkey's gateway {_VERSION}", _launched, _installed, _VERSION)
