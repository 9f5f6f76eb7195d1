"""LiteLLM's proxy with one worker, as its page on production recommends; without its database."""

import secrets
from pathlib import Path

import yaml

from benchmarks.overhead.contestant import Contestant, Launch, Place
from benchmarks.overhead.installing import by_pip

_VERSION = "1.106.2"
"""Never 1.82.7, 1.82.8 or 1.107.0: those were malware."""
_ENV = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}


def _installed(home: Path) -> None:
    by_pip(home, f"litellm[proxy]=={_VERSION}")


def _launched(place: Place) -> Launch:
    behind = {"model": "openai/mock", "api_base": f"{place.upstream}/v1", "api_key": "sk-any"}
    config = {"model_list": [{"model_name": "mock", "litellm_params": behind}]}
    path = place.written("config.yaml", yaml.safe_dump(config))
    program = str(place.home / "bin" / "litellm")
    where = ("--host", "127.0.0.1", "--port", str(place.port))
    key = f"sk-{secrets.token_hex(32)}"  # without one it does not start
    return Launch(
        (program, "--config", path, *where, "--num_workers", "1"),
        {**_ENV, "LITELLM_MASTER_KEY": key},
        headers={"authorization": f"Bearer {key}"},
    )


LITELLM = Contestant(
    "litellm", f"LiteLLM's proxy {_VERSION}, one worker", _launched, _installed, _VERSION
)
