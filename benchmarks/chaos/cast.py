"""The cast: six models on two upstreams, the policies that choose among them, and the proxy's config.

`ash` is a paced upstream: its events come one by one. `birch` sends as fast as it can, so that many
events arrive in one piece. Both upstreams know all models, so that a request can name any model's fault
whoever is asked; the config says which upstream serves which model.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.domain.category import Category
from router.providers.simulated import SimulatedModel
from router.providers.simulated_models import price

SEED = 7
"""Of the simulators: it decides which answers are right."""

_PICO_PER_USD_PER_MTOK = 10**6
_PLACES = 8


@dataclass(frozen=True, slots=True)
class Actor:
    """A model and its upstream; `in_flight` bounds the concurrent calls."""

    model: SimulatedModel
    upstream: str
    in_flight: int | None = None

    @property
    def id(self) -> str:
        """The model's name, for clients and upstreams."""
        return self.model.id


@dataclass(frozen=True, slots=True)
class Tempo:
    """How long everybody waits, in seconds: the proxy by its config, then the checker.

    `slack_s` is how far a reply may exceed its deadline, `settle_s` how soon after the load all
    calls must have ended.
    """

    first_content_s: float = 2.0
    stall_s: float = 2.0
    total_s: float = 5.0
    write_s: float = 2.0
    slack_s: float = 8.0
    settle_s: float = 5.0


PATIENT = Tempo()
"""For a verdict that a busy machine does not change."""
HASTY = Tempo(1.0, 1.0, 2.0, 1.0, slack_s=1.0, settle_s=1.5)
"""For proxies of which one knows that they are broken."""

_IN_CONFIG = ("first_content_s", "stall_s", "total_s", "write_s")
UPSTREAMS = ("ash", "birch")


def _actor(
    name: str, usd: tuple[str, str], *, reasons: float = 0.0, places: int | None = None
) -> Actor:
    upstream = name.partition("-")[0]
    ttft_s, tokens_per_s = (0.008, 4_000.0) if upstream == "ash" else (0.002, 10.0**6)
    model = SimulatedModel(
        id=name,
        price=price(*usd),
        quality=0.7,
        ttft_s=ttft_s,
        tokens_per_s=tokens_per_s,
        context_tokens=131_072,
        max_output_tokens=8_192,
        reasoning_share=reasons,
    )
    return Actor(model, upstream, places)


ACTORS: Mapping[str, Actor] = {
    actor.id: actor
    for actor in (
        _actor("ash-small", ("0.1", "0.2")),
        _actor("ash-mid", ("0.5", "1")),
        _actor("ash-large", ("2", "8"), reasons=0.3),
        _actor("birch-small", ("0.15", "0.3")),
        _actor("birch-mid", ("0.6", "1.8")),
        _actor("birch-narrow", ("1", "3"), places=_PLACES),
    )
}

POOLS: Mapping[str, tuple[str, ...]] = {
    "any": tuple(ACTORS),
    "ash-first": ("ash-small", "birch-mid", "ash-large"),
    "birch-first": ("birch-small", "ash-mid", "birch-narrow"),
    "hedged": ("ash-small", "birch-small", "ash-mid"),
    "brisk": ("birch-small", "ash-small"),
    "kept": ("ash-small", "birch-small"),
}
"""The models that each policy may use, cheapest first: the order in which they are asked."""

_MORE: Mapping[str, Mapping[str, Any]] = {
    "hedged": {"hedge": {"after_quantile": 0.5, "share": 1.0}},
    "brisk": {"deadlines": {"first_content_s": 0.5, "total_s": 2.0}},
    "kept": {"cache": {"ttl_s": 600}},
}


def pool_of(asked: str) -> tuple[str, ...]:
    """The models that may answer if `asked` is named: a policy's, or only the pinned one."""
    return POOLS[asked.removeprefix("auto:")] if asked.startswith("auto:") else (asked,)


def write_models(folder: Path) -> Path:
    """The file for `farthing simulate --models`."""
    path = folder / "models.yaml"
    path.write_text(json.dumps({"models": [_simulated(a.model) for a in ACTORS.values()]}), "utf-8")
    return path


def write_config(folder: Path, upstream_urls: Mapping[str, str], tempo: Tempo) -> Path:
    """The proxy's config and policies; its ledger, a new one, will be `ledger.db` beside them."""
    for old in folder.glob("ledger.db*"):
        old.unlink()
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    for name in POOLS:
        (policies / f"{name}.yaml").write_text(json.dumps(_policy(name)), "utf-8")
    path = folder / "config.yaml"
    path.write_text(json.dumps(_config(upstream_urls, tempo)), "utf-8")
    return path


def ledger_of(config: Path) -> Path:
    """Where the proxy of that config keeps its ledger."""
    return config.parent / "ledger.db"


def _config(upstream_urls: Mapping[str, str], tempo: Tempo) -> dict[str, Any]:
    timeouts = {name: getattr(tempo, name) for name in _IN_CONFIG} | {"shutdown_s": tempo.settle_s}
    return {
        "version": 1,
        "server": {"port": 0, "timeouts": timeouts},
        "upstreams": {
            name: {"kind": "openai", "base_url": f"{url}/v1"} for name, url in upstream_urls.items()
        },
        "models": {actor.id: _catalogued(actor) for actor in ACTORS.values()},
        "policies": {"directory": "policies", "default": "any"},
        "cache": {"url": "memory", "max_mb": 1},
        "ledger": {"path": "ledger.db"},
    }


def _policy(name: str) -> dict[str, Any]:
    return {
        "policy": name,
        "version": 1,
        "intent": f"The soak's own: {name}.",
        "adequate": {"floor": 0.5},
        "fall_back_to": "any",
        "models": {"ids": list(POOLS[name])},
        **_MORE.get(name, {}),
    }


def _catalogued(actor: Actor) -> dict[str, Any]:
    limits = {} if actor.in_flight is None else {"in_flight": actor.in_flight}
    return {
        "upstream": actor.upstream,
        "price": {
            "input_usd_per_mtok": actor.model.price.input_pico / _PICO_PER_USD_PER_MTOK,
            "output_usd_per_mtok": actor.model.price.output_pico / _PICO_PER_USD_PER_MTOK,
        },
        "context_tokens": actor.model.context_tokens,
        "max_output_tokens": actor.model.max_output_tokens,
        "abilities": {category.value: 0.9 for category in Category},
        "limits": limits,
    }


def _simulated(model: SimulatedModel) -> dict[str, Any]:
    return {
        "id": model.id,
        "price": {
            "input": model.price.input_pico / _PICO_PER_USD_PER_MTOK,
            "output": model.price.output_pico / _PICO_PER_USD_PER_MTOK,
        },
        "quality": model.quality,
        "ttft_s": model.ttft_s,
        "tokens_per_s": model.tokens_per_s,
        "context_tokens": model.context_tokens,
        "max_output_tokens": model.max_output_tokens,
        "reasoning_share": model.reasoning_share,
    }
