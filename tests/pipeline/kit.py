"""Farthing in this process before simulated models in this process, on free ports of loopback."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from sqlalchemy import select

from router.app import Running, real_world, serving
from router.app.reloading import FollowedFiles, ReloadRequests
from router.config.source import Source
from router.domain.members import replace
from router.ports import World
from router.providers.simulated import SimulatedModel, default_models, running
from router.providers.simulated.server import RunningSimulator
from router.stores.sql.database import open_database
from router.stores.sql.schema import ATTEMPTS
from router.telemetry.log import Lines

QUESTION = "Translate 'the harbour is quiet tonight' into French."
PRICE = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}


@dataclass(frozen=True)
class Proxy:
    """A running proxy, its upstream, and a client's connections to it."""

    running: Running
    upstream: RunningSimulator
    client: aiohttp.ClientSession
    ledger: Path
    following: FollowedFiles

    @property
    def folder(self) -> Path:
        """Where its config and the folder `policies` are."""
        return self.following.source.path.parent

    def post(self, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Any:
        """The request context of one chat completion; `prompt=` and `faults=` are for short."""
        faults = fields.pop("faults", None)
        prompt = fields.pop("prompt", QUESTION)
        body = {"model": "auto", "messages": [{"role": "user", "content": prompt}], **fields}
        if faults:
            body["metadata"] = {"simulate": faults}
        url = f"{self.running.url}/v1/chat/completions"
        return self.client.post(url, json=body, headers=headers)

    def rows(self) -> list[Mapping[str, Any]]:
        """What is in the ledger now, in the order of attempts."""
        engine = open_database(self.ledger)
        with engine.connect() as connection:
            found = connection.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.at_s)).mappings().all()
        engine.dispose()
        return [dict(row) for row in found]

    async def standings(self) -> dict[str, Any]:
        async with self.client.get(f"{self.running.url}/admin/fleet") as response:
            state = await response.json()
        return {each["name"]: each for each in state["standings"]}


@asynccontextmanager
async def proxy(
    folder: Path,
    *,
    models: Sequence[str] = ("sim-open-8b", "sim-mid"),
    policy: Mapping[str, Any] | None = None,
    server: Mapping[str, Any] | None = None,
    of_model: Mapping[str, Any] | None = None,
    simulated: Sequence[SimulatedModel] | None = None,
    speed: float = 0,
    first_upstream: str | None = None,
    cache: str = "off",
    budgets: Sequence[Mapping[str, Any]] = (),
    follows: bool = False,
    world: World | None = None,
    more: Mapping[str, Any] | None = None,
    lines: Lines | None = None,
) -> AsyncIterator[Proxy]:
    """A proxy whose policy takes `models` in this order, the first one as the cheapest.

    With `first_upstream` the first model is there, and not where the others are. One that `follows`
    its files takes over what changes in them. `more` are further sections of its config, `lines` what
    a log of requests is written to.
    """
    async with running(simulated or default_models(), speed=speed) as upstream:
        places = {"sim": upstream.base_url, "first": first_upstream or upstream.base_url}
        config = {
            "version": 1,
            "server": dict(server or {}),
            "upstreams": {n: {"kind": "openai", "base_url": url} for n, url in places.items()},
            "models": _catalog(models, of_model or {}),
            "policies": {"default": "test"},
            "cache": {"url": cache},
            "ledger": {"path": "ledger.db"},
            "budgets": [dict(each) for each in budgets],
            **(more or {}),
        }
        path = _write(folder, config, policy or {})
        source = Source(path, {})
        following = FollowedFiles(source, source.settings(), ReloadRequests())
        settings = replace(following.booted, port=0)
        async with (
            serving(
                settings, world or real_world(), following if follows else None, lines=lines
            ) as started,
            aiohttp.ClientSession() as client,
        ):
            yield Proxy(started, upstream, client, settings.ledger.path, following)


def _catalog(models: Sequence[str], more: Mapping[str, Any]) -> dict[str, Any]:
    """The models at rising prices, the first one at an upstream of its own; `more` is said of each."""
    return {
        name: {
            "upstream": "sim" if place else "first",
            "price": {key: usd * (place + 1) for key, usd in PRICE.items()},
            "context_tokens": 100_000,
            "max_output_tokens": 10_000,
            # Copies, because YAML would give the same value an anchor, and refer to it.
            **deepcopy(dict(more)),
        }
        for place, name in enumerate(models)
    }


def _write(folder: Path, config: Mapping[str, Any], policy: Mapping[str, Any]) -> Path:
    (folder / "policies").mkdir()
    usual = {
        "policy": "test",
        "intent": "whatever a test needs",
        "reference": "best",
        "adequate": {"floor": 0.0},
    }
    (folder / "policies" / "test.yaml").write_text(yaml.safe_dump({**usual, **policy}))
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path
