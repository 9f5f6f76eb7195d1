"""Configurations for the tests, written as a person would write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from router.domain.category import Category
from router.providers.simulated import SimulatedModel, default_models
from tests.e2e.programs import REPO
from tests.e2e.upstreams import FixedUpstream, Simulator

POLICIES = REPO / "policies"
NOWHERE = "http://127.0.0.1:9/v1"
"""An upstream at which nobody listens."""
FIXED_NAME = "the-upstream's/own name"
_PICO_PER_USD_PER_MTOK = 10**6


def write_config(folder: Path, upstream_url: str, **sections: Any) -> Path:
    """A config in `folder` for the simulated models at `upstream_url`, with these sections instead.

    A section that is a mapping is merged into the one that stands here.
    """
    config: dict[str, Any] = {
        "version": 1,
        "server": {"port": 0},
        "upstreams": {"sim": {"kind": "openai", "base_url": upstream_url}},
        "models": models("sim"),
        "policies": {"directory": str(POLICIES), "default": "balanced"},
        "cache": {"url": "memory"},
        "ledger": {"path": "ledger.db"},
    }
    for name, section in sections.items():
        both = isinstance(section, Mapping) and isinstance(config.get(name), Mapping)
        config[name] = {**config[name], **section} if both else section
    path = folder / "config.yaml"
    path.write_text(as_yaml(config), "utf-8")
    return path


def usual_config(
    folder: Path, simulator: Simulator, fixed: FixedUpstream, cache: str = "off"
) -> Path:
    """The simulated models, and two that send what the tests put there; some names are routed.

    There is no cache unless one is named, so that a question can be asked in more than one test.
    """
    upstreams = {
        "sim": {"kind": "openai", "base_url": simulator.base_url},
        "fixed": {"kind": "openai", "base_url": fixed.base_url},
    }
    own = {"fixed": fixed_model("fixed"), "gpt-fixed": fixed_model("fixed", FIXED_NAME)}
    return write_config(
        folder,
        simulator.base_url,
        upstreams=upstreams,
        models={**models("sim"), **own},
        policies={"routes": {"sim-open-7*": "balanced", "claude-*": "cheap"}},
        cache={"url": cache},
    )


def as_yaml(content: Any) -> str:
    """Plain YAML: what is there twice is written twice, for aliases are not allowed."""
    return yaml.dump(content, Dumper=_Plainly, sort_keys=False)


class _Plainly(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def ledger_of(config: Path) -> Path:
    """Where a written config keeps its ledger."""
    return config.parent / "ledger.db"


def models(upstream: str) -> dict[str, dict[str, Any]]:
    """The simulated models as entries of a catalog, at the prices that the simulator charges."""
    return {model.id: _model(model, upstream) for model in default_models()}


def bare_model(upstream: str, name: str) -> dict[str, Any]:
    """A simulated model under another id, with nothing said of how good it is: quick to read."""
    return {"upstream": upstream, "name": name, "price": models(upstream)[name]["price"]}


def fixed_model(upstream: str, name: str = "fixed") -> dict[str, Any]:
    """A model that no policy would choose: expensive, and good for nothing."""
    return {
        "upstream": upstream,
        "name": name,
        "price": {"input_usd_per_mtok": 100, "output_usd_per_mtok": 1000},
        "context_tokens": 10**6,
        "max_output_tokens": 10**5,
        "abilities": {category.value: 0.0 for category in Category},
    }


def _model(model: SimulatedModel, upstream: str) -> dict[str, Any]:
    price = model.price
    return {
        "upstream": upstream,
        "price": {
            "input_usd_per_mtok": price.input_pico / _PICO_PER_USD_PER_MTOK,
            "output_usd_per_mtok": price.output_pico / _PICO_PER_USD_PER_MTOK,
            "cache_read_usd_per_mtok": price.cache_read_pico / _PICO_PER_USD_PER_MTOK,
        },
        "context_tokens": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
        "tags": ["open-weight"] if "open" in model.id else [],
        "abilities": {category.value: model.quality_for(category) for category in Category},
    }
