"""A Farthing as `farthing serve` makes it, which can decide but has nothing to send with."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from router.app import dry_pipeline, real_world
from router.config.load import load_settings
from router.pipeline.flow import Pipeline

_POLICIES = Path(__file__).parents[2] / "policies"
DOZEN = (
    *("gpt-6-sol", "gpt-5.4-mini", "gpt-5.4-nano", "claude-opus-5-5", "claude-sonnet-5-5"),
    *("claude-haiku-5-5", "gemini-3.8-flash", "deepseek-v4-pro", "gpt-oss-120b", "llama-3.3-70b"),
    *("qwen3-32b", "mistral-small-3.2"),
)
_MANY = 100


def config_of(models: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The configuration with these models behind an upstream `up`, and the shipped policies."""
    return {
        "version": 1,
        "upstreams": {"up": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "models": models,
        "policies": {"directory": str(_POLICIES), "default": "balanced"},
    }


def pipeline_of(models: Mapping[str, Mapping[str, Any]]) -> Pipeline:
    """The pipeline with these models, the shipped artefact and the shipped policies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        path.write_text(yaml.safe_dump(config_of(models)), "utf-8")
        return dry_pipeline(load_settings(path, {}), real_world())


def a_dozen() -> dict[str, dict[str, Any]]:
    """The models of the example configuration and some more, at prices between a frontier's and a small one's."""
    return {name: _model(name, place) for place, name in enumerate(DOZEN)}


def a_hundred() -> dict[str, dict[str, Any]]:
    """The dozen again and again, with other names and prices."""
    return {
        f"{DOZEN[place % len(DOZEN)]}-{place}": _model(DOZEN[place % len(DOZEN)], place % 37)
        for place in range(_MANY)
    }


def _model(like: str, place: int) -> dict[str, Any]:
    price = round(10.0 / (1 + place) ** 1.5, 4)
    return {
        "upstream": "up",
        "like": like,
        "context_tokens": 10_000_000,
        "max_output_tokens": 16_000,
        "capabilities": ["tools", "json_schema", "json_object"],
        "price": {"input_usd_per_mtok": price, "output_usd_per_mtok": 4 * price},
    }
