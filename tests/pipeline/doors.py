"""Farthing in this process with a test's own upstreams, for the doors other than chat."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from openai import AsyncOpenAI
from sqlalchemy import select

from router.app import Running, real_world, serving
from router.config.load import load_settings
from router.domain.members import replace
from router.stores.sql.database import open_database
from router.stores.sql.schema import ATTEMPTS

POLICIES = Path(__file__).parents[2] / "policies"
SECRET = "sk-of-the-upstream"
ENVIRON = {"UPSTREAM_KEY": SECRET, "TEAM_KEY": "fk-team", "OTHER_KEY": "fk-other"}


@dataclass(frozen=True)
class Door:
    """A running Farthing, and clients of it."""

    running: Running
    ledger: Path
    client: aiohttp.ClientSession
    openai: AsyncOpenAI

    @property
    def url(self) -> str:
        return self.running.url

    def rows(self) -> list[dict[str, Any]]:
        """What is in the ledger now, in the order of writing."""
        engine = open_database(self.ledger)
        with engine.connect() as connection:
            found = connection.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.seq)).mappings().all()
        engine.dispose()
        return [dict(row) for row in found]

    def as_key(self, secret: str) -> AsyncOpenAI:
        """The same client with a key."""
        return self.openai.with_options(api_key=secret)


@asynccontextmanager
async def door(folder: Path, **sections: Any) -> AsyncIterator[Door]:
    """A Farthing with these sections in its configuration, and one simulated chat model."""
    config: dict[str, Any] = {
        "version": 1,
        "upstreams": {"sim": {"kind": "simulated", "speed": 0}, **sections.pop("upstreams", {})},
        "models": {"sim-mid": {"upstream": "sim"}, **sections.pop("models", {})},
        "policies": {"directory": str(POLICIES), "default": "balanced"},
        "ledger": {"path": "ledger.db"},
        **sections,
    }
    path = folder / "config.yaml"
    # otherwise YAML would give equal values an anchor, and refer to it
    path.write_text(yaml.safe_dump(json.loads(json.dumps(config))))
    settings = replace(load_settings(path, ENVIRON), port=0)
    async with (
        serving(settings, real_world()) as running,
        aiohttp.ClientSession(auto_decompress=False) as client,
        AsyncOpenAI(base_url=f"{running.url}/v1", api_key="any", max_retries=0) as openai_client,
    ):
        yield Door(running, settings.ledger.path, client, openai_client)


@asynccontextmanager
async def upstream(routes: Sequence[web.RouteDef]) -> AsyncIterator[str]:
    """A server with these routes; its address, without a path."""
    app = web.Application(client_max_size=2**28)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def at(url: str) -> Mapping[str, str]:
    """An upstream of kind openai at that server, with a key."""
    return {"kind": "openai", "base_url": f"{url}/v1", "api_key": "${UPSTREAM_KEY}"}
