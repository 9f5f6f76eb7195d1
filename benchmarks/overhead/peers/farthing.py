"""Farthing as a user runs it: eight models at one upstream, cache and ledger on, the shipped policies."""

import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.overhead.contestant import OUR_CODE, Contestant, Launch, Place

_ROOT = Path(__file__).parents[3]
_MODELS = (
    "gpt-6-sol",
    "gpt-5.4-mini",
    "gpt-5.4-nano",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "gpt-oss-120b",
    "llama-3.3-70b",
)
"""Those of config.example.yaml that answer chats, but for one; here one upstream has them all."""


def _config(place: Place) -> dict[str, Any]:
    return {
        "version": 1,
        "server": {"port": place.port},
        "upstreams": {"mock": {"kind": "openai", "base_url": f"{place.upstream}/v1"}},
        "models": {
            name: {
                "upstream": "mock",
                "like": name,
                "price": {"input_usd_per_mtok": 8 / number, "output_usd_per_mtok": 32 / number},
                "context_tokens": 200_000,
                "max_output_tokens": 16_000,
                "capabilities": ["tools", "json_schema", "json_object"],
            }
            for number, name in enumerate(_MODELS, start=1)
        },
        "policies": {"directory": str(_ROOT / "policies"), "default": "balanced"},
        "cache": {"url": "memory"},
        "ledger": {"path": "var/farthing.db"},
    }


def _launched(place: Place, model: str) -> Launch:
    config = place.written("config.yaml", yaml.safe_dump(_config(place)))
    argv = (sys.executable, "-m", "router", "serve", "--config", config)
    return Launch(argv, OUR_CODE, model)


FARTHING = (
    Contestant(
        "farthing pinned",
        "the client names the model",
        lambda place: _launched(place, "gpt-5.4-mini"),
        group="farthing",
    ),
    Contestant(
        "farthing auto",
        "policy balanced chooses among eight models",
        lambda place: _launched(place, "auto"),
        group="farthing",
    ),
    Contestant(
        "farthing hit",
        "the answer is in its memory",
        lambda place: _launched(place, "auto"),
        group="farthing",
        same=True,
    ),
)
"""Three ways to ask the same program."""
